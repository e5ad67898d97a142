package automation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// TestOnce: one finished run makes one export, however often it is told of and whenever.
func TestOnce(t *testing.T) {
	w := newWorld(t)
	w.save(nil)
	for range 3 {
		w.finish("run_1")
	}
	w.pass(4*time.Minute + 59*time.Second)
	w.made(0)
	w.hear("run_1")
	w.pass(time.Minute)
	e := w.made(1)[0]
	for range 30 { // told again, after the window as well
		w.hear("run_1")
		w.pass(7 * time.Minute)
	}
	w.made(1)
	want := export.Request{Type: export.TypeIndex, TargetID: index, Scope: export.ScopeAll, Destination: &export.Destination{ConnectorID: "conn_1", BasePath: "base", Subpath: "nightly"}}
	if diff := cmp.Diff(want, e.Request); diff != "" || e.UserID != user || e.Origin != export.OriginAutomation || e.Status != export.StatusPending {
		t.Errorf("%+v\n%s", e, diff)
	}
	if diff := cmp.Diff([]string{"acct/" + e.ID + "-g1"}, w.started); diff != "" {
		t.Errorf("started (-want +got):\n%s", diff)
	}
	a := w.automation()
	if a.LastExportID != e.ID || a.LastError != "" || !a.LastTriggeredAt.Equal(noon) || !a.DueAt().IsZero() {
		t.Errorf("%+v", a)
	}
}

// TestWhatCounts: only an end of a run of the index counts, and every kind of end does.
func TestWhatCounts(t *testing.T) {
	w := newWorld(t)
	w.save(nil)
	w.write("run_0", export.RunCompleted, 1) // there is something to export
	w.hear("run_0")
	w.pass(10 * time.Minute)
	n := 1
	for _, status := range []export.RunStatus{export.RunPending, export.RunProcessing} {
		w.write("run_"+string(status), status, 1)
		w.hear("run_" + string(status))
	}
	w.hear("absent")
	w.must(w.memory.PutRun(t.Context(), export.Run{ID: "alone", AccountID: account, Status: export.RunCompleted}, nil))
	w.hear("alone")
	w.must(w.memory.PutRun(t.Context(), export.Run{ID: "elsewhere", AccountID: account, IndexID: "idx_2", Status: export.RunCompleted}, nil))
	w.hear("elsewhere")
	w.pass(time.Hour)
	w.made(n)
	for _, status := range []export.RunStatus{export.RunCompleted, export.RunCompletedWithFailures, export.RunFailed, export.RunCancelled} {
		w.write("run_"+string(status), status, 0)
		w.hear("run_" + string(status))
		w.pass(10 * time.Minute)
		n++
		w.made(n)
	}
	// A run that is carried out again ends again; a change of its names is no end.
	w.write("run_0", export.RunProcessing, 1)
	w.hear("run_0")
	w.finish("run_0")
	w.pass(10 * time.Minute)
	w.made(n + 1)
}

// TestRewritten: a run that had finished before the automation was there is none that becomes finished when its record is
// written again, unless it ends anew. Nor does such a write take the place of the one that ended the run, whichever of the
// two is told first.
func TestRewritten(t *testing.T) {
	w := newWorld(t)
	w.write("old", export.RunCompleted, 1)
	w.hear("old")
	w.save(nil)
	w.hearAfter("old", w.ending("old")) // its prompt has another name
	w.pass(time.Hour)
	w.made(0)
	if a := w.automation(); a.Window != 0 || !a.LastTriggeredAt.IsZero() {
		t.Errorf("%+v", a)
	}
	before := w.ending("old")
	w.write("old", export.RunCompleted, 2)
	w.hearAfter("old", before)
	w.pass(time.Hour)
	w.made(1)

	w.write("new", export.RunCompleted, 1)
	w.hearAfter("new", w.ending("new")) // it was renamed after it had finished, and that is told first
	w.hear("new")
	w.hearAfter("new", w.ending("new"))
	w.pass(time.Hour)
	w.made(2)
}

// TestOrder: two ends of a run are told in any order, and again; what the catalogue says counts.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	w.save(nil)
	w.write("run_1", export.RunFailed, 0)
	w.write("run_1", export.RunCompleted, 5)
	for range 4 { // whichever of the two is meant
		w.hear("run_1")
		w.pass(20 * time.Minute)
	}
	w.made(1)
}

// TestGathers: what finishes while a window is open is in its export, what finishes later in the next one.
func TestGathers(t *testing.T) {
	w := newWorld(t)
	w.save(nil)
	for n := range 10 {
		w.finish(fmt.Sprintf("run_%d", n))
		w.now = w.now.Add(29 * time.Second)
	}
	w.pass(time.Minute)
	w.made(1)
	w.finish("late")
	w.pass(4 * time.Minute)
	w.made(1)
	w.pass(2 * time.Minute)
	w.made(2)
}

// TestBetweenCloseAndMark: a run that finishes at any moment of a window's end is in an export that is made after it.
func TestBetweenCloseAndMark(t *testing.T) {
	for n := 1; ; n++ {
		w := newWorld(t)
		w.save(nil)
		w.finish("run_1")
		w.now = w.now.Add(5 * time.Minute)
		w.calls = 0
		var finished time.Time
		w.before = func(string) {
			if w.calls != n {
				return
			}
			w.before = nil
			w.now = w.now.Add(time.Millisecond)
			finished = w.now
			w.write("run_2", export.RunCompleted, 1)
			w.must(w.quietly().Heard(t.Context(), account, "run_2", ""))
		}
		_, _ = w.runner.Fire(t.Context()) // two writers of one record take turns: it may fail
		if finished.IsZero() {
			return // there is no such moment
		}
		w.pass(15 * time.Minute)
		all := w.exports()
		if last := all[len(all)-1]; last.CreatedAt.Before(finished) || len(all) > 2 || !w.automation().DueAt().IsZero() {
			t.Errorf("before call %d: %d exports, the last of %s, the run finished at %s", n, len(all), last.CreatedAt, finished)
		}
	}
}

// TestEveryCallFails: whichever call fails, before it happened or after it did, one export is made for one run.
func TestEveryCallFails(t *testing.T) {
	for _, happened := range []bool{false, true} {
		for n := 1; ; n++ {
			w := newWorld(t)
			w.save(nil)
			w.write("run_1", export.RunCompleted, 1)
			spoilt := ""
			w.spoil = func(method string, i int) (before, after error) {
				if i != n {
					return nil, nil
				}
				if spoilt = method; happened {
					return nil, errLost
				}
				return errLost, nil
			}
			w.hear("run_1")
			w.pass(2 * time.Hour)
			if spoilt == "" {
				break
			}
			if len(w.exports()) != 1 || w.automation().LastExportID != w.exports()[0].ID || w.automation().LastError != "" {
				t.Errorf("%s, call %d, fails (it happened: %v): %d exports, %+v", spoilt, n, happened, len(w.exports()), w.automation())
			}
			w.hear("run_1")
			w.pass(time.Hour)
			w.made(1)
			if n > 500 {
				t.Fatal("there is no end of calls")
			}
		}
	}
}

// TestLongAfter: the reply to the creation is lost, and nobody comes back for three days, when the idempotency record has
// expired.
func TestLongAfter(t *testing.T) {
	w := newWorld(t)
	w.save(nil)
	w.finish("run_1")
	w.spoil = func(method string, _ int) (before, after error) {
		if method == "CreateExport" {
			w.spoil = func(string, int) (before, after error) { return errLost, nil }
			return nil, errLost
		}
		return nil, nil
	}
	w.pass(6 * time.Minute)
	made := w.made(1)[0]
	w.spoil = nil
	w.now = w.now.Add(72 * time.Hour)
	w.pass(10 * time.Minute)
	if w.made(1); w.automation().LastExportID != made.ID {
		t.Errorf("%+v", w.automation())
	}
}

func TestPauseAndResume(t *testing.T) {
	w := newWorld(t)
	w.save(nil)
	w.pause()
	w.finish("run_1")
	w.pass(time.Hour)
	w.resume()
	w.hear("run_1") // told again after the pause: it was noted
	w.pass(time.Hour)
	w.made(0)

	w.finish("run_2") // a window that is open over a pause goes on
	w.pass(time.Minute)
	w.pause()
	w.pass(time.Minute)
	w.resume()
	w.pass(10 * time.Minute)
	w.made(1)

	w.finish("run_3") // a window that ends in a pause is none
	w.pause()
	w.pass(10 * time.Minute)
	w.resume()
	w.pass(time.Hour)
	w.made(1)

	w.finish("run_4") // though nobody looked at it during the pause
	w.pause()
	w.now = w.now.Add(10 * time.Minute)
	w.resume()
	w.pass(time.Hour)
	w.made(1)
	w.finish("run_5")
	w.pass(10 * time.Minute)
	w.made(2)
}

// TestPauseWhileFiring: a pause between a window's end and its export holds, unless the export was made already.
func TestPauseWhileFiring(t *testing.T) {
	for _, happened := range []bool{false, true} {
		w := newWorld(t)
		w.save(nil)
		w.finish("run_1")
		w.spoil = func(method string, _ int) (before, after error) {
			if method != "CreateExport" {
				return nil, nil
			}
			if happened {
				return nil, errLost
			}
			return errLost, nil
		}
		w.pass(5 * time.Minute) // the window ends, and the export is tried once
		w.pause()
		w.spoil = nil
		w.pass(2 * time.Hour)
		n, last := 0, ""
		if happened {
			n, last = 1, "exp_001"
		}
		if w.made(n); w.automation().LastExportID != last || w.automation().Firing != nil {
			t.Errorf("it happened: %v: %+v", happened, w.automation())
		}
	}
}

// TestChangeInTheMiddle: an open window goes where the automation leads when it ends.
func TestChangeInTheMiddle(t *testing.T) {
	w := newWorld(t)
	w.save(nil)
	w.finish("run_1")
	w.pass(4 * time.Minute)
	w.save(func(s *export.AutomationSettings) { s.ConnectorID, s.Subpath, s.Debounce = "conn_2", "", "10m" })
	w.pass(5 * time.Minute)
	w.made(0)
	w.pass(2 * time.Minute)
	if d := w.made(1)[0].Request.Destination; d.ConnectorID != "conn_2" || d.Subpath != "" {
		t.Errorf("it goes to %+v", d)
	}
}

// TestRefusals: what is the owner's to mend is told and not tried again; the next run is.
func TestRefusals(t *testing.T) {
	for code, spoil := range map[string]func(*world){
		"connector_not_found": func(w *world) { w.must(w.memory.DeleteConnector(w.t.Context(), account, "conn_1")) },
		"connector_scope_missing": func(w *world) {
			w.must(w.memory.PutConnector(w.t.Context(), store.Connector{ID: "conn_1", AccountID: account, Scopes: []string{"import"}}))
		},
		"nothing_to_export": func(w *world) { w.write("run_1", export.RunCompleted, 0) },
	} {
		w := newWorld(t)
		w.save(nil)
		w.finish("run_1")
		spoil(w)
		w.pass(6 * time.Minute)
		w.made(0)
		if a := w.automation(); a.LastError == "" || !a.DueAt().IsZero() || a.LastExportID != "" {
			t.Errorf("%s: %+v", code, a)
		}
		calls := w.calls
		w.pass(time.Hour)
		if w.calls != calls+60 {
			t.Errorf("%s: %d calls in an hour, want one a minute", code, w.calls-calls)
		}
		w.must(w.memory.PutConnector(t.Context(), store.Connector{ID: "conn_1", AccountID: account, Scopes: []string{"export"}}))
		w.finish("run_2")
		w.pass(6 * time.Minute)
		if w.made(1); w.automation().LastError != "" {
			t.Errorf("%s: afterwards: %+v", code, w.automation())
		}
	}
}

// TestAFullAccount: a window whose account has no place for its export is made once it has, however long that takes.
func TestAFullAccount(t *testing.T) {
	w := newWorld(t)
	w.save(nil)
	full, err := w.memory.SaveAdmission(t.Context(), admission.Account{AccountID: account, Waiting: slices.Repeat([]string{"exp_x"}, admission.DefaultWaiting)})
	w.must(err)
	w.finish("run_1")
	w.pass(24 * time.Hour)
	w.made(0)
	if a := w.automation(); a.Firing == nil || a.Firing.Tries != 0 || a.Firing.Waits > 96 || a.LastError == "" || a.DueAt().IsZero() {
		t.Errorf("the automation is %+v", a)
	}
	full.Waiting = nil
	_, err = w.memory.SaveAdmission(t.Context(), full)
	w.must(err)
	w.pass(17 * time.Minute)
	e := w.made(1)[0]
	if a := w.automation(); a.LastExportID != e.ID || a.LastError != "" || a.Firing != nil {
		t.Errorf("the automation is %+v", a)
	}
}

// TestTroubleThatStays is tried some hours, and then given up.
func TestTroubleThatStays(t *testing.T) {
	w := newWorld(t)
	w.save(nil)
	w.finish("run_1")
	tries := 0
	w.spoil = func(method string, _ int) (before, after error) {
		if method == "CreateExport" {
			tries++
			return fault.New(fault.Internal, "store_failed", "secret detail"), nil
		}
		return nil, nil
	}
	w.pass(48 * time.Hour)
	if a := w.automation(); tries != export.MaxFiringTries || a.Firing != nil || a.LastError != "The export could not be made, by a failure on our side." {
		t.Errorf("%d tries, %+v", tries, a)
	}
}

// TestRandomSchedules plays random lives against the rules that hold in each of them.
func TestRandomSchedules(t *testing.T) {
	for seed := range uint64(200) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			l := life{world: newWorld(t), rand: rand.New(rand.NewPCG(seed, 1)), pauses: seed%2 == 0, finished: map[string]time.Time{}}
			l.play()
		})
	}
}
