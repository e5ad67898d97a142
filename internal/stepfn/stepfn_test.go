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

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/videovector/exports/internal/fault"
)

const secret = "https://storage.example/?signature=s3cr3t"

// in is an input that is about an export.
type in struct{ Export string }

func (i in) Identity() (exportID string, generation int) { return i.Export, 7 }

type out struct {
	Done bool `json:"done"`
}

// invoke runs the handle as the Lambda runtime does, and gives the error as it reports it.
func invoke(t *testing.T, handle func(context.Context, in) (out, error)) (reply string, reported messages.InvokeResponse_Error, logged string) {
	t.Helper()
	var log bytes.Buffer
	h := lambda.NewHandler(Handler("assemble", slog.New(slog.NewJSONHandler(&log, nil)), handle))
	raw, err := h.Invoke(t.Context(), []byte(`{"Export":"exp_1"}`))
	if err != nil && !errors.As(err, &reported) {
		t.Fatalf("the runtime gets a %T, which it would name by its type: %v", err, err)
	}
	return string(raw), reported, log.String()
}

func TestReplyPassesThrough(t *testing.T) {
	reply, reported, logged := invoke(t, func(context.Context, in) (out, error) { return out{true}, nil })
	if reply != `{"done":true}` || reported.Type != "" || logged != "" {
		t.Errorf("reply %s, error %+v, log %s", reply, reported, logged)
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
			if reported.Type != c.name || reported.Message != c.message || len(reported.StackTrace) > 0 {
				t.Errorf("reported %+v, want %s with %q", reported, c.name, c.message)
			}
			checkLog(t, logged, map[string]any{
				"level": c.level, "msg": "step failed", "step": "assemble", "error_name": c.name, "error": c.err.Error(), "export_id": "exp_1", "generation": 7.0,
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
				"level": "ERROR", "msg": "step panicked", "step": "assemble", "panic": c.kind, "export_id": "exp_1", "generation": 7.0,
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
	h := Handler("sweep", slog.New(slog.NewJSONHandler(&log, nil)), func(context.Context, struct{}) (out, error) {
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
