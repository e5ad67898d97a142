package localgw

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"
)

type valueError struct{ code int }

func (e valueError) Error() string { return fmt.Sprint("code ", e.code) }

type spoken struct{ word string }

func (s spoken) String() string { return "said " + s.word }

var notNow = messages.InvokeResponse_Error{Type: "Export.Throttled", Message: "Not now."}

// failures are the ways in which worker fails, by what a task asks it to do.
var failures = map[string]func() (any, error){
	"fail":                      func() (any, error) { return nil, errors.New("nothing to be done") },
	"fail by type":              func() (any, error) { return nil, &namedError{"nothing to be done"} },
	"fail by a value's type":    func() (any, error) { return nil, valueError{7} },
	"fail by name":              func() (any, error) { return nil, notNow },
	"fail by a pointer to name": func() (any, error) { return nil, &notNow },
	"fail within":               func() (any, error) { return nil, fmt.Errorf("outer: %w", notNow) },
	"fail twice":                func() (any, error) { return nil, errors.Join(notNow, &namedError{"nothing to be done"}) },
	"fail with strange text":    func() (any, error) { return nil, errors.New("<\xff \u2028 \"quoted\"\n>") },
	"fail without a word":       func() (any, error) { return nil, errors.New("") },
	"reply what is no JSON":     func() (any, error) { return make(chan int), nil },
	"panic with text":           func() (any, error) { panic("out of coffee") },
	"panic with an error":       func() (any, error) { panic(&namedError{"out of coffee"}) },
	"panic within":              func() (any, error) { panic(fmt.Errorf("outer: %w", notNow)) },
	"panic by name":             func() (any, error) { panic(notNow) },
	"panic with a number":       func() (any, error) { panic(7) },
	"panic with what speaks":    func() (any, error) { panic(spoken{"no"}) },
	"panic with nothing":        func() (any, error) { panic(nil) },
	"panic beyond a list":       func() (any, error) { return strings.Fields("")[0], nil },
	"panic at nothing":          func() (any, error) { var e *namedError; return e.text, nil },
}

// TestBothInvokersFailAlike holds what is reported of every failure in this process against what the Go runtime for
// Lambda reports of it from a process: the payload word for word, and of a panic's stack what lies between the panic
// and the handler.
func TestBothInvokersFailAlike(t *testing.T) {
	out, _ := startBootstraps(t, nil)
	in, err := NewInProcess(InProcessConfig{
		Functions: map[string]Function{"worker": {Handler: work}}, NewID: rand.Text, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	payloads := map[string]string{"no task": `{"do":1}`, "a bare string": `"x"`, "half a task": `{"do":`}
	for do := range failures {
		payloads[do] = string(encode(t, task{Do: do}))
	}
	for _, name := range slices.Sorted(maps.Keys(payloads)) {
		var reported [2]map[string]any
		for i, invoker := range []Invoker{out, in} {
			r, err := invoker.Invoke(t.Context(), "worker", []byte(payloads[name]))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			reported[i] = report(t, name, r)
		}
		if diff := cmp.Diff(reported[0], reported[1]); diff != "" {
			t.Errorf("%s: the runtime's report and ours differ (-runtime +ours):\n%s", name, diff)
		}
		if _, ok := reported[1]["stackTrace"]; ok != strings.HasPrefix(name, "panic") && name != "panic by name" {
			t.Errorf("%s: has a stack: %t", name, ok)
		}
	}
}

// report reads a failure's payload; of its stack it keeps what lies between the panic and worker.
func report(t *testing.T, name string, r Reply) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(r.Payload, &fields); err != nil || r.FunctionError != "Unhandled" || r.ContentType != "application/json" {
		t.Fatalf("%s is no failure: %q %q %s, %v", name, r.FunctionError, r.ContentType, r.Payload, err)
	}
	frames, ok := fields["stackTrace"].([]any)
	if !ok {
		return fields
	}
	begin := slices.IndexFunc(frames, func(f any) bool { return f.(map[string]any)["label"] == "gopanic" })
	end := slices.IndexFunc(frames, func(f any) bool { return f.(map[string]any)["label"] == "work" })
	if begin < 0 || end < begin {
		t.Fatalf("%s: a stack without the panic or the handler: %v", name, frames)
	}
	fields["stackTrace"] = frames[begin : end+1]
	return fields
}
