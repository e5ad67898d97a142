package steps_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/steps"
	"github.com/videovector/exports/internal/store"
)

// lagging is a store whose list of due exports is not of today.
type lagging struct {
	store.Store
	due []store.Ref
}

func (l lagging) DueExports(context.Context, time.Time, int) ([]store.Ref, error) { return l.due, nil }

// put makes an export of the id as move leaves it.
func (w *world) putExport(id string, move func(export.Export) export.Export) store.Ref {
	w.t.Helper()
	e := move(export.New(id, account, "user_1", wholeIndex, time.Now().Add(-time.Hour)))
	if _, _, err := w.records.CreateExport(w.t.Context(), e, nil, nil); err != nil {
		w.t.Fatal(err)
	}
	return store.Ref{AccountID: account, ExportID: id}
}

// starts are the executions that were asked for.
func (w *world) starts() (names []string) {
	for _, c := range w.made() {
		var name string
		if n, _ := fmt.Sscanf(c.name, "executions.Start %s", &name); n == 1 {
			names = append(names, name)
		}
	}
	return names
}

func (w *world) swept(ev []byte) (out steps.SweepOut, failed string) {
	w.t.Helper()
	reply, failed := w.invoke("sweep", json.RawMessage(ev))
	if failed == "" {
		if err := json.Unmarshal(reply, &out); err != nil {
			w.t.Fatal(err)
		}
	}
	return out, failed
}

var (
	unmoved = func(e export.Export) export.Export { return e }
	claimed = func(e export.Export) export.Export { return e.Claim(e.CreatedAt) }
	fresh   = func(e export.Export) export.Export {
		e.DueAt = time.Now().Add(time.Minute)
		return e
	}
	working   = func(e export.Export) export.Export { return e.Claim(time.Now()) }
	completed = func(e export.Export) export.Export { return claimed(e).Complete(e.CreatedAt) }
	failed    = func(e export.Export) export.Export {
		return claimed(e).Fail(export.Failure{Message: "no", Permanent: true}, e.CreatedAt)
	}
	requeued = func(e export.Export) export.Export {
		return claimed(e).Fail(export.Failure{Message: "busy"}, e.CreatedAt)
	}
	awaiting = func(e export.Export) export.Export { return e.AwaitSlot() }
	usedUp   = func(e export.Export) export.Export {
		e = claimed(e)
		e.Attempts = e.MaxAttempts
		return e
	}
)

// TestSweepOfAListThatLags: the list may name exports that have ended, that moved on, or that are gone. Only what the
// record says counts.
func TestSweepOfAListThatLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: wholeIndex})
		var due []store.Ref
		for id, move := range map[string]func(export.Export) export.Export{
			"exp_unstarted": unmoved, "exp_silent": claimed, "exp_working": working, "exp_completed": completed, "exp_failed": failed,
			"exp_requeued": requeued, "exp_used_up": usedUp, "exp_awaiting": awaiting,
		} {
			due = append(due, w.putExport(id, move))
		}
		due = append(due, store.Ref{AccountID: account, ExportID: "exp_gone"})
		w.records.Store = lagging{w.records.Store, due}
		got, _ := w.swept(event("Scheduled Event", nil))
		if want := (steps.SweepOut{Examined: 9, Started: 3, DeadLettered: 1, Skipped: 5}); got != want {
			t.Errorf("swept %+v, want %+v", got, want)
		}
		synctest.Wait()
		if n := w.records.swept; n != 4 {
			t.Errorf("%d writes were tried, want 4: of what has ended or moved on nothing is written", n)
		}
		starts := w.starts()
		slices.Sort(starts)
		if want := []string{"exp_requeued-g2", "exp_silent-g2", "exp_unstarted-g2"}; !slices.Equal(starts, want) {
			t.Errorf("started %v, want %v", starts, want)
		}
	})
}

// TestSweepLetsIn: exports that wait get the slots of those that have ended, each minute, and as soon as an execution has
// ended. What one account's admission is in trouble with keeps no other's from being looked at.
func TestSweepLetsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: wholeIndex})
		w.putExport("exp_ended", failed)
		w.putExport("exp_at_work", working)
		for _, id := range []string{"exp_2", "exp_3"} {
			w.putExport(id, awaiting)
		}
		w.putExport("exp_4", func(e export.Export) export.Export {
			e.CreatedAt = e.CreatedAt.Add(-time.Hour)
			return awaiting(e)
		})
		full := admission.Account{AccountID: account, Running: []string{"exp_ended", "exp_at_work"}, Waiting: []string{"exp_2", "exp_3", "exp_4"}, DueAt: time.Now()}
		for n := len(full.Running); n < admission.DefaultAtOnce; n++ {
			id := fmt.Sprintf("exp_other_%d", n)
			w.putExport(id, working)
			full.Running = append(full.Running, id)
		}
		for _, a := range []admission.Account{full, {AccountID: "acct_0", Waiting: []string{"exp_gone"}, DueAt: time.Now().Add(-time.Hour)}} {
			if _, err := w.records.Store.SaveAdmission(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		got, _ := w.swept(event("Scheduled Event", nil))
		if want := (steps.SweepOut{Admitted: 1}); got != want || !slices.Equal(w.starts(), []string{"exp_2-g1"}) {
			t.Errorf("swept %+v and started %v", got, w.starts())
		}
		if c := w.counted(); c["OpenExports"] != admission.DefaultAtOnce || c["WaitingExports"] != 2 || c["OldestOpenExportAge"] != 7200 {
			t.Errorf("counted %v", c)
		}
		w.moveTo("exp_at_work", func(e export.Export) export.Export { return e.Complete(time.Now()) })
		ended := map[string]any{"name": "exp_at_work-g1", "status": "SUCCEEDED", "input": `{"account_id":"acct_1","export_id":"exp_at_work","generation":1}`}
		got, _ = w.swept(event("Step Functions Execution Status Change", ended))
		if want := (steps.SweepOut{Admitted: 1}); got != want || !slices.Equal(w.starts(), []string{"exp_2-g1", "exp_3-g1"}) {
			t.Errorf("after an end: swept %+v and started %v", got, w.starts())
		}
		a, err := w.records.Store.Admission(t.Context(), account)
		if err != nil || !slices.Equal(a.Waiting, []string{"exp_4"}) || len(a.Running) != admission.DefaultAtOnce || a.DueAt.IsZero() {
			t.Errorf("%v, %d under way, %v waiting, due at %s", err, len(a.Running), a.Waiting, a.DueAt)
		}
	})
}

// moveTo writes what move makes of the export.
func (w *world) moveTo(id string, move func(export.Export) export.Export) {
	w.t.Helper()
	e, err := w.records.Store.Export(w.t.Context(), account, id)
	if err == nil {
		_, err = w.records.Store.SaveExport(w.t.Context(), move(e), e.Fence())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestOneExportKeepsNoOther: trouble with one export is logged, and the others are swept all the same.
func TestOneExportKeepsNoOther(t *testing.T) {
	for name, spoil := range map[string]mishaps{
		"it can't be read":          at(call{"records.Export", 2}, lostBefore),
		"it can't be written":       at(call{"records.SaveExport", 2}, refused),
		"its write's reply is lost": at(call{"records.SaveExport", 2}, lostAfter),
		"it can't be started":       at(call{"executions.Start exp_2-g2", 1}, throttled),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: wholeIndex, spoil: func(*world) mishaps { return spoil }})
				for n := range 3 {
					w.putExport(fmt.Sprintf("exp_%d", n+1), claimed)
				}
				got, _ := w.swept(event("Scheduled Event", nil))
				if want := (steps.SweepOut{Examined: 3, Started: 2, Skipped: 1}); got != want {
					t.Errorf("swept %+v, want %+v", got, want)
				}
			})
		})
	}
}

// TestEachPartHasItsTime: starts that take long keep a sweep from nothing else: exports are let in, what is open is measured,
// cancelled ones are cleared up after, and strays are dropped.
func TestEachPartHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: wholeIndex, spoil: func(*world) mishaps {
			return func(c call) mishap {
				if strings.HasPrefix(c.name, "executions.Start") {
					return frozenBefore
				}
				return none
			}
		}})
		w.freeze = func() { time.Sleep(9 * time.Second) }
		for n := range 20 {
			w.putExport(fmt.Sprintf("exp_%02d", n), claimed)
		}
		w.putExport("exp_waits", awaiting)
		w.putExport("exp_cancelled", func(e export.Export) export.Export { return e.Cancel(e.CreatedAt) })
		w.putExport("exp_completed", completed)
		if _, err := w.artifacts.CreateUpload(t.Context(), "artifacts/acct_1/exp_completed/x.json", blob.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.records.Store.SaveAdmission(t.Context(), admission.Account{AccountID: account, Waiting: []string{"exp_waits"}, DueAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		got, failed := w.swept(event("Scheduled Event", nil))
		if want := (steps.SweepOut{Examined: 3, Started: 2, Admitted: 1, Cleared: 1}); got != want || failed != "" {
			t.Errorf("swept %+v %s, want %+v", got, failed, want)
		}
		if !strings.Contains(w.log.String(), `"SweepRuns":1,"OpenExports":`) {
			t.Error("what is open was not measured")
		}
		if open := w.openKeys(); len(open) != 0 {
			t.Errorf("these are open: %v", open)
		}
	})
}

// TestAStuckSweepIsNone: one that moves nothing in its time although exports are due fails, and doesn't count as a sweep; the rest
// is done all the same.
func TestAStuckSweepIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: wholeIndex, spoil: func(*world) mishaps { return at(call{"records.Export", 1}, frozenBefore) }})
		w.freeze = func() { time.Sleep(13 * time.Second) }
		w.putExport("exp_1", claimed)
		w.putExport("exp_2", claimed)
		w.putExport("exp_cancelled", func(e export.Export) export.Export { return e.Cancel(e.CreatedAt) })
		if _, failed := w.swept(event("Scheduled Event", nil)); failed == "" {
			t.Error("a sweep that moved nothing has not failed")
		}
		if strings.Contains(w.log.String(), `"SweepRuns"`) {
			t.Error("it counts as a sweep")
		}
		if e, err := w.memory.Export(t.Context(), account, "exp_cancelled"); err != nil || e.Closing() {
			t.Errorf("nothing was cleared up: %v", err)
		}
	})
}

// TestTwoSweepsAtOnce: the first stops at each of its calls in turn, before or after it happens, and the second runs to
// its end. One execution is asked for, whoever asks.
func TestTwoSweepsAtOnce(t *testing.T) {
	for _, m := range []mishap{frozenBefore, frozenAfter} {
		for _, name := range []string{"records.DueExports", "records.Export", "records.SaveExport", "executions.Start exp_1-g2"} {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, scenario{request: wholeIndex, patient: true, spoil: func(*world) mishaps { return at(call{name, 1}, m) }})
					w.putExport("exp_1", claimed)
					late := make(chan string)
					go func() { late <- w.sweep(event("Scheduled Event", nil)) }()
					synctest.Wait()
					w.swept(event("Scheduled Event", nil))
					w.thaw()
					<-late
					if got := slices.Compact(w.starts()); !slices.Equal(got, []string{"exp_1-g2"}) {
						t.Errorf("started %v, want exp_1-g2", got)
					}
				})
			})
		}
	}
}

// TestAnEndThatCantBeLookedAfter just now is told again: its call fails, and the one after it does the work.
func TestAnEndThatCantBeLookedAfter(t *testing.T) {
	for name, m := range map[string]mishap{"records.Export": lostBefore, "records.SaveExport": throttled} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: wholeIndex, spoil: func(*world) mishaps { return at(call{name, 1}, m) }})
				w.putExport("exp_1", working)
				ev := endOf("exp_1-g1", "FAILED", fmt.Sprintf(`{"account_id":%q,"export_id":"exp_1","generation":1}`, account))
				if got, failed := w.swept(ev); failed != map[mishap]string{lostBefore: "Export.Unavailable", throttled: "Export.Throttled"}[m] {
					t.Errorf("swept %+v, and failed with %q", got, failed)
				}
				got, failed := w.swept(ev)
				if want := (steps.SweepOut{Examined: 1, Started: 1}); got != want || failed != "" {
					t.Errorf("told again, swept %+v, want %+v; failed with %q", got, want, failed)
				}
			})
		})
	}
}

// TestSweepBatch: more exports than one sweep takes are left for the next one.
func TestSweepBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: wholeIndex})
		for n := range 250 {
			w.putExport(fmt.Sprintf("exp_%03d", n), claimed)
		}
		var got []int
		for range 3 {
			out, _ := w.swept(event("Scheduled Event", nil))
			got = append(got, out.Started)
		}
		if want := []int{200, 50, 0}; !slices.Equal(got, want) {
			t.Errorf("started %v, want %v", got, want)
		}
	})
}

// TestEndedExecutions is the rule on executions that ended: what it does with every event.
func TestEndedExecutions(t *testing.T) {
	input := func(id string, generation int) string {
		return fmt.Sprintf(`{"account_id":%q,"export_id":%q,"generation":%d}`, account, id, generation)
	}
	started, left, nothing := steps.SweepOut{Examined: 1, Started: 1}, steps.SweepOut{Examined: 1, Skipped: 1}, steps.SweepOut{}
	for name, c := range map[string]struct {
		move   func(export.Export) export.Export
		event  []byte
		want   steps.SweepOut
		failed string
	}{
		"failed":                         {working, endOf("exp_1-g1", "FAILED", input("exp_1", 1)), started, ""},
		"timed out":                      {working, endOf("exp_1-g1", "TIMED_OUT", input("exp_1", 1)), started, ""},
		"aborted":                        {working, endOf("exp_1-g1", "ABORTED", input("exp_1", 1)), started, ""},
		"failed unclaimed and not due":   {fresh, endOf("exp_1-g1", "FAILED", input("exp_1", 1)), left, ""},
		"failed before it claimed":       {requeued, endOf("exp_1-g2", "FAILED", input("exp_1", 2)), started, ""},
		"succeeded":                      {working, endOf("exp_1-g1", "SUCCEEDED", input("exp_1", 1)), nothing, ""},
		"running":                        {working, endOf("exp_1-g1", "RUNNING", input("exp_1", 1)), nothing, ""},
		"a status unheard of":            {working, endOf("exp_1-g1", "PENDING_REDRIVE", input("exp_1", 1)), nothing, ""},
		"of an export that failed":       {failed, endOf("exp_1-g1", "FAILED", input("exp_1", 1)), left, ""},
		"of an export that completed":    {completed, endOf("exp_1-g1", "ABORTED", input("exp_1", 1)), left, ""},
		"of an export that moved on":     {requeued, endOf("exp_1-g1", "FAILED", input("exp_1", 1)), left, ""},
		"of a generation to come":        {working, endOf("exp_1-g2", "FAILED", input("exp_1", 2)), left, ""},
		"of an export that is gone":      {working, endOf("exp_9-g1", "FAILED", input("exp_9", 1)), left, ""},
		"of the last attempt":            {usedUp, endOf("exp_1-g1", "FAILED", input("exp_1", 1)), steps.SweepOut{Examined: 1, DeadLettered: 1}, ""},
		"under another machine's name":   {working, endOf("2f0c1b", "FAILED", input("exp_1", 1)), nothing, "Export.Permanent"},
		"with another export's input":    {working, endOf("exp_1-g1", "FAILED", input("exp_2", 1)), nothing, "Export.Permanent"},
		"with another generation's":      {working, endOf("exp_1-g1", "FAILED", input("exp_1", 2)), nothing, "Export.Permanent"},
		"with an input that is cut":      {working, endOf("exp_1-g1", "FAILED", `{"account_id":`), nothing, "Export.Permanent"},
		"without an input":               {working, endOf("exp_1-g1", "FAILED", ""), nothing, "Export.Permanent"},
		"without anything":               {working, event("Step Functions Execution Status Change", nil), nothing, "Export.Permanent"},
		"with a generation of two signs": {working, endOf("exp_1-g+1", "FAILED", input("exp_1", 1)), nothing, "Export.Permanent"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: wholeIndex})
				w.putExport("exp_1", c.move)
				got, failed := w.swept(c.event)
				if diff := cmp.Diff(c.want, got); diff != "" || failed != c.failed {
					t.Errorf("ended with %q, want %q (-want +got):\n%s", failed, c.failed, diff)
				}
			})
		})
	}
}
