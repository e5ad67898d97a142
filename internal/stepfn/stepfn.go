// Package stepfn is the seam between a step and AWS Lambda. aws-lambda-go reports the Go type name of the outermost
// error and does not unwrap, so Retry and Catch would see names like wrapError: here every failure leaves under the
// name that internal/fault's table gives it, with its public message only.
package stepfn

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/videovector/exports/internal/fault"
)

// Handler wraps a step's handle for Lambda. Failures and panics are logged here, once, with their cause.
func Handler[In, Out any](step string, log *slog.Logger, handle func(context.Context, In) (Out, error)) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (out Out, err error) {
		defer func() {
			if v := recover(); v != nil {
				log.ErrorContext(ctx, "step panicked", "step", step, identity(in), "panic", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
				err = report(fault.As(errPanic))
			}
		}()
		out, err = handle(ctx, in)
		if err == nil {
			return out, nil
		}
		f := fault.As(err)
		log.LogAttrs(ctx, level(f), "step failed", slog.String("step", step), identity(in), slog.String("error_name", f.Step().Name), slog.String("error", err.Error()))
		return out, report(f)
	}
}

var errPanic = fmt.Errorf("the step panicked")

// identity is the export that the input is about, if it is about one.
func identity(in any) slog.Attr {
	job, ok := in.(interface {
		Identity() (exportID string, generation int)
	})
	if !ok {
		return slog.Attr{}
	}
	id, generation := job.Identity()
	return slog.Group("", "export_id", id, "generation", generation)
}

// level is warning for what the state machine handles as a matter of course.
func level(f *fault.Error) slog.Level {
	if f.Kind == fault.Internal {
		return slog.LevelError
	}
	return slog.LevelWarn
}

// report is the error as Lambda's runtime passes it on verbatim.
func report(f *fault.Error) error {
	return messages.InvokeResponse_Error{Type: f.Step().Name, Message: f.Message}
}
