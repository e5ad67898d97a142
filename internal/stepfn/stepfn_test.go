package stepfn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/metrics/emftest"
)

const secret = "https://storage.example/?signature=s3cr3t"

// in is an input that is about an export.
type in struct{ Export string }

func (i in) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("export_id", i.Export), slog.String("execution", i.Export+"-g7"), slog.Int("attempt", 2)}
}

func (i in) Retried() bool { return i.Export == "exp_again" }

type out struct {
	Done bool `json:"done"`
}

// edge is one whose log is the writer and whose calls take 1.5 s.
func edge(log io.Writer, step string) Edge {
	l, now := slog.New(slog.NewJSONHandler(log, nil)), time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { now = now.Add(1500 * time.Millisecond); return now }
	return Edge{Step: step, Log: l, Metrics: metrics.New(logattr.Logger(l), "n", time.Now), Clock: clock}
}

// invoke runs the handle as the Lambda runtime does, and gives the error as it reports it. The log is without metrics,
// which are given by what they count.
func invoke(t *testing.T, handle func(context.Context, in) (out, error)) (reply string, reported messages.InvokeResponse_Error, logged string) {
	t.Helper()
	reply, reported, logged, _ = invokeFor(t, "exp_1", handle)
	return reply, reported, logged
}

func invokeFor(t *testing.T, export string, handle func(context.Context, in) (out, error)) (
	reply string, reported messages.InvokeResponse_Error, logged string, counted map[string]float64,
) {
	t.Helper()
	var log bytes.Buffer
	h := lambda.NewHandler(Handler(edge(&log, "assemble"), handle))
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "req_1"})
	raw, err := h.Invoke(ctx, []byte(`{"Export":"`+export+`"}`))
	if err != nil && !errors.As(err, &reported) {
		t.Fatalf("the runtime gets a %T, which it would name by its type: %v", err, err)
	}
	values, failed := emftest.Read(strings.NewReader(log.String()))
	if failed != nil {
		t.Fatal(failed)
	}
	for _, v := range values {
		if v.Line["export_id"] != export || v.Line["step"] != "assemble" || v.Line["execution"] != export+"-g7" || v.Line["attempt"] != 2.0 {
			t.Errorf("%s stands in %v", v.ID(), v.Line)
		}
	}
	for line := range strings.Lines(log.String()) {
		if !strings.Contains(line, `"_aws"`) {
			logged += line
		}
	}
	return string(raw), reported, logged, emftest.Sums(values)
}

func TestReplyPassesThrough(t *testing.T) {
	reply, reported, logged := invoke(t, func(context.Context, in) (out, error) { return out{true}, nil })
	if reply != `{"done":true}` || reported.Type != "" {
		t.Errorf("reply %s, error %+v", reply, reported)
	}
	checkLog(t, logged, map[string]any{
		"level": "INFO", "msg": "step done", "step": "assemble", "export_id": "exp_1", "execution": "exp_1-g7", "attempt": 2.0, "ms": 1500.0, "request_id": "req_1",
	})
}

// TestWhatIsCounted: failed calls by error name, and calls that are not the first.
func TestWhatIsCounted(t *testing.T) {
	busy := fault.New(fault.Throttled, "slow_down", "The storage is busy.")
	for name, c := range map[string]struct {
		export string
		handle func(context.Context, in) (out, error)
		want   map[string]float64
	}{
		"done":           {"exp_1", func(context.Context, in) (out, error) { return out{}, nil }, map[string]float64{}},
		"failed":         {"exp_1", func(context.Context, in) (out, error) { return out{}, busy }, map[string]float64{"StepFailures{Error=Export.Throttled}": 1}},
		"panicked":       {"exp_1", func(context.Context, in) (out, error) { panic("no") }, map[string]float64{"StepFailures{Error=Export.Internal}": 1}},
		"done again":     {"exp_again", func(context.Context, in) (out, error) { return out{}, nil }, map[string]float64{"StepRetries": 1, "StepRetries{Step=assemble}": 1}},
		"panicked again": {"exp_again", func(context.Context, in) (out, error) { panic("no") }, map[string]float64{"StepRetries": 1, "StepRetries{Step=assemble}": 1, "StepFailures{Error=Export.Internal}": 1}},
	} {
		if _, _, _, got := invokeFor(t, c.export, c.handle); cmp.Diff(c.want, got) != "" {
			t.Errorf("%s (-want +got):\n%s", name, cmp.Diff(c.want, got))
		}
	}
}

// TestErrorNames: whatever error a step returns, however deep the failure is in it, Lambda reports the table's name and
// the public message, and the log has the cause.
func TestErrorNames(t *testing.T) {
	cause := errors.New(secret)
	busy := fault.Wrap(cause, fault.Throttled, "slow_down", "The storage is busy.")
	const ours = "Something went wrong on our side. Try again; if it stays, report the request id."
	for name, c := range map[string]struct {
		err                  error
		name, message, level string
	}{
		"throttled":         {busy, "Export.Throttled", "The storage is busy.", "WARN"},
		"below other words": {fmt.Errorf("packaging: %w", busy), "Export.Throttled", "The storage is busy.", "WARN"},
		"unavailable":       {fault.Wrap(cause, fault.Unavailable, "no_reply", "No reply came."), "Export.Unavailable", "No reply came.", "WARN"},
		"permanent":         {fault.Wrap(cause, fault.Conflict, "occupied", "It is occupied."), "Export.Permanent", "It is occupied.", "WARN"},
		"superseded":        {fault.Wrap(cause, fault.Superseded, "superseded", "Too late."), "Export.Superseded", "Too late.", "WARN"},
		"irregular":         {fault.Wrap(cause, fault.Irregular, "irregular", "Odd."), "Export.Irregular", "Odd.", "WARN"},
		"internal":          {fault.Wrap(cause, fault.Internal, "broken", "It is broken."), "Export.Internal", "It is broken.", "ERROR"},
		"an ordinary error": {fmt.Errorf("reading: %w", cause), "Export.Internal", ours, "ERROR"},
		"the end of input":  {fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, cause), "Export.Internal", ours, "ERROR"},
		"a deadline":        {fmt.Errorf("%w: %w", context.DeadlineExceeded, cause), "Export.Internal", ours, "ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			_, reported, logged := invoke(t, func(context.Context, in) (out, error) { return out{}, c.err })
			if reported.Type != c.name || reported.Message != c.message {
				t.Errorf("reported %+v, want %s with %q", reported, c.name, c.message)
			}
			code := fault.As(c.err).Code
			if s := reported.StackTrace; len(s) != 1 || *s[0] != (messages.InvokeResponse_Error_StackFrame{Path: "assemble", Label: code}) {
				t.Errorf("the stack trace is %+v, want the code %s", s, code)
			}
			checkLog(t, logged, map[string]any{
				"level": c.level, "msg": "step failed", "step": "assemble", "error_name": c.name, "code": code, "error": c.err.Error(), "ms": 1500.0,
				"export_id": "exp_1", "execution": "exp_1-g7", "attempt": 2.0, "request_id": "req_1",
			})
			if whole := fmt.Sprintf("%+v %v", reported, reported); strings.Contains(whole, secret) {
				t.Errorf("the cause leaks: %s", whole)
			}
		})
	}
}

// TestPanics: a panic is a defect of ours. Its value may hold anything and is told to nobody; the log has its type and
// where it was.
func TestPanics(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		kind  string
	}{
		"text":              {secret, "string"},
		"an error":          {errors.New(secret), "*errors.errorString"},
		"a failure":         {fault.New(fault.Invalid, "bad", secret), "*fault.Error"},
		"a value":           {struct{ Secret string }{secret}, "struct { Secret string }"},
		"of the runtime":    {nil, "runtime.boundsError"},
		"nothing, as panic": {new(runtime.PanicNilError), "*runtime.PanicNilError"},
	} {
		t.Run(name, func(t *testing.T) {
			reply, reported, logged := invoke(t, func(_ context.Context, i in) (out, error) {
				if c.value == nil {
					_ = []int{}[len(i.Export)]
				}
				panic(c.value)
			})
			if reported.Type != "Export.Internal" || reported.Message == "" || strings.Contains(reply+reported.Message, secret) {
				t.Errorf("reply %s, reported %+v", reply, reported)
			}
			got := checkLog(t, logged, map[string]any{
				"level": "ERROR", "msg": "step panicked", "step": "assemble", "panic": c.kind, "export_id": "exp_1", "execution": "exp_1-g7", "attempt": 2.0,
			})
			if stack, _ := got["stack"].(string); !strings.Contains(stack, "stepfn_test.go") || strings.Contains(logged, secret) {
				t.Errorf("the log is %s", logged)
			}
		})
	}
}

// TestInputWithoutIdentity: an input that is about no export is logged without one.
func TestInputWithoutIdentity(t *testing.T) {
	var log bytes.Buffer
	e := edge(&log, "sweep")
	e.Metrics = nil
	h := Handler(e, func(context.Context, struct{}) (out, error) {
		return out{}, fault.New(fault.Unavailable, "busy", "Later.")
	})
	if _, err := h(t.Context(), struct{}{}); err == nil {
		t.Fatal("the failure is gone")
	}
	got := checkLog(t, log.String(), map[string]any{"step": "sweep", "error_name": "Export.Unavailable"})
	if _, ok := got["export_id"]; ok {
		t.Errorf("the log names an export: %v", got)
	}
}

// checkLog holds the one line of the log against what must stand in it, and gives it.
func checkLog(t *testing.T, log string, want map[string]any) (got map[string]any) {
	t.Helper()
	if strings.Count(log, "\n") != 1 {
		t.Fatalf("the log has %d lines, want 1:\n%s", strings.Count(log, "\n"), log)
	}
	if err := json.Unmarshal([]byte(log), &got); err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s = %v in the log, want %v", name, got[name], value)
		}
	}
	return got
}
