// Package stepfn is the seam between a step and AWS Lambda. aws-lambda-go reports the Go type name of the outermost
// error and does not unwrap, so Retry and Catch would see names like wrapError: here every failure leaves under the
// name that internal/fault's table gives it, with its public message and its code. Every line that is written under a
// step's context says which call of which step of which execution it is about.
package stepfn

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/metrics"
)

// Edge is what every step has around it.
type Edge struct {
	Step    string // the function's name
	Log     *slog.Logger
	Metrics *metrics.Recorder
	Clock   func() time.Time
}

// Subject is an input that is about an export.
type Subject interface {
	// Attrs say in the log which call it is.
	Attrs() []slog.Attr
	// Retried reports whether the state machine has called the task's function before.
	Retried() bool
}

// Handler wraps a step's handle for Lambda. Each call ends in one line: that it is done, or why it failed.
func Handler[In, Out any](e Edge, handle func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	e.Log = logattr.Logger(e.Log)
	return func(ctx context.Context, in In) (out Out, err error) {
		begun := e.Clock()
		ctx = e.about(ctx, in)
		defer func() {
			if v := recover(); v != nil {
				f := fault.As(errPanic)
				e.Log.ErrorContext(ctx, "step panicked", "panic", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
				e.Metrics.StepFailed(ctx, f.Step().Name)
				err = e.report(f)
			}
		}()
		out, err = handle(ctx, in)
		took := slog.Int64("ms", e.Clock().Sub(begun).Milliseconds())
		if err == nil {
			e.Log.LogAttrs(ctx, slog.LevelInfo, "step done", took)
			return out, nil
		}
		f := fault.As(err)
		e.Log.LogAttrs(ctx, level(f), "step failed", took,
			slog.String("error_name", f.Step().Name), slog.String("code", f.Code), slog.String("error", err.Error()))
		e.Metrics.StepFailed(ctx, f.Step().Name)
		return out, e.report(f)
	}
}

var errPanic = fmt.Errorf("the step panicked")

// about is the context whose lines are about this call. It counts a call that is not the first.
func (e Edge) about(ctx context.Context, in any) context.Context {
	ctx = logattr.With(ctx, slog.String("step", e.Step))
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		ctx = logattr.With(ctx, slog.String("request_id", lc.AwsRequestID))
	}
	s, ok := in.(Subject)
	if !ok {
		return ctx
	}
	ctx = logattr.With(ctx, s.Attrs()...)
	if s.Retried() {
		e.Metrics.Retried(ctx, e.Step)
	}
	return ctx
}

// level is warning for what the state machine handles as a matter of course.
func level(f *fault.Error) slog.Level {
	if f.Kind == fault.Internal {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// report is the error as Lambda's runtime passes it on verbatim. Step Functions hands on name, message and stack trace
// and nothing else, so the code stands where a stack would: in its one frame, as Code finds it.
func (e Edge) report(f *fault.Error) error {
	return messages.InvokeResponse_Error{
		Type: f.Step().Name, Message: f.Message, StackTrace: []*messages.InvokeResponse_Error_StackFrame{{Path: e.Step, Label: f.Code}},
	}
}
