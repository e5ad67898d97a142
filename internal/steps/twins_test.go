package steps_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/export"
)

// TestTwins runs every step twice at once, as Lambda may: the first stops at each of its calls in turn, before or after
// it happens; the second runs to its end; then, or after any of the steps that follow, the first goes on. Whoever loses
// may be called again, as the state machine does, and in the end there are one upload, one document, one claim.
func TestTwins(t *testing.T) {
	for name, s := range map[string]scenario{"single": {request: delivered}, "sharded": {request: delivered, sharded: true}} {
		for i, step := range line(s) {
			for _, m := range []mishap{frozenBefore, frozenAfter} {
				t.Run(fmt.Sprintf("%s/%s/%s", name, step, m), func(t *testing.T) {
					t.Parallel()
					for _, c := range callsOf(t, s, i) {
						for wakes := i; wakes < len(line(s)); wakes++ {
							t.Run(fmt.Sprintf("%s, wakes after %s", c, line(s)[wakes]), func(t *testing.T) {
								synctest.Test(t, func(t *testing.T) { twins(t, s.with(at(c, m)), i, wakes) })
							})
						}
					}
				})
			}
		}
	}
}

// stage is one call of a function in the life of an export.
type stage struct {
	function string
	shard    int // -1 for none
}

func (s stage) String() string { return s.function }

// line are the calls of a life without the state machine, in order. One shard stands for all that are alike.
func line(s scenario) []stage {
	before, after := []stage{{"plan", -1}}, []stage{{"assemble", -1}, {"presign", -1}, {"deliver", -1}, {"finish", -1}}
	packaging := []stage{{"package", -1}}
	if s.sharded {
		packaging = []stage{{"package", 0}, {"package", 1}, {"package", 2}, {"package", 3}}
	}
	return append(append(before, packaging...), after...)
}

// callsOf are the calls that the i-th stage makes when nobody disturbs it.
func callsOf(t *testing.T, s scenario, i int) (calls []call) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, s)
		w.create()
		for _, st := range line(s)[:i] {
			w.mustCall(st)
		}
		before := len(w.made())
		w.mustCall(line(s)[i])
		calls = w.made()[before:]
	})
	return calls
}

// twins makes the i-th stage run twice at once; the first twin goes on after the stage wakes.
func twins(t *testing.T, s scenario, i, wakes int) {
	t.Helper()
	s.patient = true
	w := newWorld(t, s)
	w.create()
	stages := line(s)
	for _, st := range stages[:i] {
		w.mustCall(st)
	}
	late := make(chan string)
	go func() { late <- w.call(stages[i]) }()
	synctest.Wait()
	if w.stood() != 1 {
		t.Fatalf("%d workers stand still, want 1", w.stood())
	}
	for n, st := range stages[i:] {
		w.mustCall(st)
		if i+n != wakes {
			continue
		}
		w.thaw()
		if failed := <-late; failed != "" && failed != "Export.Unavailable" && failed != "Export.Superseded" {
			t.Errorf("the late twin ended with %s", failed)
		}
	}
	w.checkEnd(w.export())
	if e := w.export(); e.Generation != 1 {
		t.Errorf("generation %d, want 1", e.Generation)
	}
}

// create creates the export and starts nothing.
func (w *world) create() {
	w.t.Helper()
	e := export.New(exportID, account, "user_1", w.plan.request, time.Now())
	e.Origin = w.plan.origin
	if _, _, err := w.records.CreateExport(w.t.Context(), e, nil, nil); err != nil {
		w.t.Fatal(err)
	}
}

// mustCall calls a function, and again while it asks for that.
func (w *world) mustCall(st stage) {
	w.t.Helper()
	failed := w.call(st)
	for n := 0; n < 4 && failed == "Export.Unavailable"; n++ {
		failed = w.call(st)
	}
	if failed != "" {
		w.t.Fatalf("%s failed with %s\n%s", st, failed, w.log.String())
	}
}

// call calls a function for the first generation, and gives the name of its error, "" when it ended well.
func (w *world) call(st stage) (failed string) {
	in := map[string]any{"account_id": account, "export_id": exportID, "generation": 1}
	if st.shard >= 0 {
		in["shard"] = st.shard
	}
	_, failed = w.invoke(st.function, in)
	return failed
}

// invoke calls a function and gives its reply, or the name of its error.
func (w *world) invoke(function string, in any) (reply []byte, failed string) {
	payload, err := json.Marshal(in)
	if err != nil {
		panic("an input of our own always encodes: " + err.Error())
	}
	r, err := w.functions.Invoke(known(context.Background(), payload), function, payload)
	if err != nil {
		return nil, err.Error()
	}
	if r.FunctionError == "" {
		return r.Payload, ""
	}
	var report struct {
		Type string `json:"errorType"`
	}
	if err := json.Unmarshal(r.Payload, &report); err != nil || report.Type == "" {
		return r.Payload, fmt.Sprintf("an error without a name: %s", r.Payload)
	}
	return r.Payload, report.Type
}
