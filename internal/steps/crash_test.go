package steps_test

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// TestCrashAtEveryCall: at every call, before and after it happens, the worker stops as a frozen sandbox does, and its
// execution is forgotten. The sweeper hands the export to the next generation, which ends it. Then the old worker wakes
// up and tries the rest of its writes: it loses, and changes nothing that anybody sees.
func TestCrashAtEveryCall(t *testing.T) {
	for name, s := range scenarios() {
		for _, m := range []mishap{frozenBefore, frozenAfter} {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				t.Parallel()
				disturbed(t, s, m, func(t *testing.T, s scenario, _ call) { crashOnce(t, s) })
			})
		}
	}
}

func crashOnce(t *testing.T, s scenario) {
	t.Helper()
	w := crashed(t, s)
	e := w.settle()
	if e.Status == export.StatusFailed { // nobody comes back to a failed export: the worker stopped before it cleared away
		w.dropUploads()
	}
	w.plan.attempts = e.Attempts
	w.checkEnd(e)
	w.checkLateWorker()
}

// crashed is a world whose first worker to freeze has frozen, and whose execution is forgotten.
func crashed(t *testing.T, s scenario) *world {
	t.Helper()
	s.patient = true
	w := newWorld(t, s)
	w.order()
	for w.stood() == 0 && w.export().Open() {
		synctest.Wait()
		time.Sleep(time.Minute)
		w.sweep(event("Scheduled Event", nil))
	}
	w.crash()
	return w
}

// TestALateWorkerMeetsTheNextOne: the old worker wakes up not at the end, but while the next generation is at work, just
// before one of its steps that matter. Neither disturbs the other's record or document.
func TestALateWorkerMeetsTheNextOne(t *testing.T) {
	moments := []string{"artifacts.CreateUpload ", "artifacts.UploadPart ", "artifacts.CompleteUpload ", "artifacts.Uploads ", "target."}
	for name, s := range map[string]scenario{"connector": {request: delivered}, "sharded": {request: delivered, sharded: true}} {
		for _, m := range []mishap{frozenBefore, frozenAfter} {
			for _, moment := range moments {
				t.Run(name+"/"+string(m)+"/"+moment, func(t *testing.T) {
					t.Parallel()
					disturbed(t, s, m, func(t *testing.T, s scenario, _ call) { meet(t, s, moment) })
				})
			}
		}
	}
}

func meet(t *testing.T, s scenario, moment string) {
	t.Helper()
	w := crashed(t, s)
	w.wakeBefore(moment)
	e := w.settle()
	w.plan.attempts = e.Attempts
	w.checkEnd(e)
	w.thaw() // there may have been no such moment any more
	synctest.Wait()
	w.checkEnd(w.export())
}

// TestAWorkerOutlivesItsTask: the worker stops, its task times out, and the same generation goes on with another one
// until the end. Then the first one wakes up.
func TestAWorkerOutlivesItsTask(t *testing.T) {
	for name, s := range scenarios() {
		for _, m := range []mishap{frozenBefore, frozenAfter} {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				t.Parallel()
				disturbed(t, s, m, func(t *testing.T, s scenario, _ call) {
					s.patient = true
					w, e := play(t, s)
					w.plan.attempts = e.Attempts
					w.checkEnd(e)
					w.checkLateWorker()
				})
			})
		}
	}
}

// checkLateWorker wakes up whoever stands still, and compares what everybody sees before and after.
func (w *world) checkLateWorker() {
	w.t.Helper()
	if n := w.stood(); n != 1 {
		w.t.Errorf("%d workers stood still, want 1", n)
	}
	before, saves := w.visible(), len(w.records.saves)
	w.thaw()
	synctest.Wait()
	w.engine.Load().Wait()
	if diff := cmp.Diff(before, w.visible()); diff != "" {
		w.t.Errorf("the late worker changed (-before +after):\n%s", diff)
	}
	for _, err := range w.records.saves[saves:] {
		if !fault.Is(err, fault.Superseded) {
			w.t.Errorf("the late worker's write ended with %v, want superseded", err)
		}
	}
	w.checkWrites()
}

// visible is everything that anybody but the service itself can see, and the open uploads, which cost money.
func (w *world) visible() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	for _, key := range w.objects() {
		all["artifacts/"+key] = string(w.artifact(key))
	}
	for key, content := range maps.All(w.customer.holds()) {
		all["customer/"+key] = string(content)
	}
	for _, u := range w.uploads() {
		all[u] = "open"
	}
	e := w.export()
	all["record"] = cmp.Diff(export.Export{}, e)
	due, err := w.records.Store.DueExports(context.Background(), time.Now().Add(1000*time.Hour), 10)
	if err != nil || len(due) > 0 {
		w.t.Errorf("due for the sweeper: %v, %v", due, err)
	}
	return all
}
