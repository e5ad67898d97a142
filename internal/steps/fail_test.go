package steps_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/steps"
)

// TestFailReasons is what the owner of an export reads, error name by error name. A cause that was not made for them
// stays where it is.
func TestFailReasons(t *testing.T) {
	const ours, late = "The export failed on our side.", "A step of the export took too long."
	reported := func(name string) string {
		return fmt.Sprintf(`{"errorMessage":"The bucket is gone.","errorType":%q,"stackTrace":[%q]}`, name, secretOfACause)
	}
	for _, c := range []struct {
		name, cause, want string
		permanent         bool
	}{
		{"Export.Permanent", reported("Export.Permanent"), "The bucket is gone.", true},
		{"Export.Unavailable", reported("Export.Unavailable"), "The bucket is gone.", false},
		{"Export.Throttled", reported("Export.Throttled"), "The bucket is gone.", false},
		{"Export.Irregular", reported("Export.Irregular"), "The bucket is gone.", false},
		{"Export.Internal", reported("Export.Internal"), ours, false},
		{"Export.Permanent", "", ours, true},
		{"Export.Permanent", "not JSON " + secretOfACause, ours, true},
		{"Export.Permanent", `{"errorMessage":""}`, ours, true},
		{"Export.Permanent", `{"errorMessage":5}`, ours, true},
		{"Export.Permanent", `["` + secretOfACause + `"]`, ours, true},
		{"States.Timeout", secretOfACause, late, false},
		{"Sandbox.Timedout", reported("Sandbox.Timedout"), late, false},
		{"Lambda.Unknown", secretOfACause, ours, false},
		{"Lambda.ServiceException", reported("Lambda.ServiceException"), ours, false},
		{"Lambda.TooManyRequestsException", "Rate Exceeded. " + secretOfACause, ours, false},
		{"Runtime.ExitError", reported("Runtime.ExitError"), ours, false},
		{"States.ExceedToleratedFailureThreshold", secretOfACause, ours, false},
		{"States.ItemReaderFailed", secretOfACause, ours, false},
		{"States.DataLimitExceeded", secretOfACause, ours, false},
		{"errorString", reported("errorString"), ours, false},
		{"", "", ours, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: wholeIndex})
				w.putExport(exportID, working)
				w.fail(1, c.name, c.cause)
				e := w.export()
				if e.LastError != c.want || (e.Status == export.StatusFailed) != c.permanent || (e.ErrorMessage != "") != c.permanent {
					t.Errorf("%s with %s: %s, last error %q, want %q; error %q", c.name, c.cause, e.Status, e.LastError, c.want, e.ErrorMessage)
				}
				if all := fmt.Sprintf("%+v %s", e, w.log.String()); strings.Contains(all, secretOfACause) {
					t.Errorf("the cause is in %s", all)
				}
			})
		})
	}
}

// TestFailCodes is what a failure counts as, by what the state machine caught.
func TestFailCodes(t *testing.T) {
	frame := func(label string) string {
		return fmt.Sprintf(`{"errorMessage":"No.","errorType":"Export.Permanent","stackTrace":[{"path":"deliver","line":0,"label":%q}]}`, label)
	}
	for _, c := range []struct{ name, cause, want string }{
		{"Export.Permanent", frame("results_missing"), "results_missing"},
		{"Export.Unavailable", frame("destination_unavailable"), "destination_unavailable"},
		{"Export.Internal", frame("internal_error"), "internal_error"},
		{"Export.Permanent", frame("account_1234"), "other"},
		{"Export.Permanent", frame(""), "other"},
		{"Export.Permanent", "", "other"},
		{"Export.Permanent", `{"stackTrace":[]}`, "other"},
		{"Export.Permanent", `{"stackTrace":["results_missing"]}`, "other"},
		{"Export.Permanent", `{"stackTrace":[{"label":7}]}`, "other"},
		{"Export.Permanent", `{"stackTrace":[{"label":"results_missing"},{"label":"results_missing"}]}`, "other"},
		{"States.Timeout", frame("results_missing"), "step_timed_out"},
		{"Sandbox.Timedout", "", "step_timed_out"},
		{"Lambda.Unknown", frame("results_missing"), "platform_error"},
		{"States.ExceedToleratedFailureThreshold", "", "platform_error"},
		{"", "", "platform_error"},
	} {
		t.Run(c.name+" "+c.want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: wholeIndex})
				w.putExport(exportID, usedUp)
				for range 2 { // the second call changes nothing and counts nothing
					w.fail(1, c.name, c.cause)
				}
				if got := w.counted(); got["ExportsFailed{Reason="+c.want+"}"] != 1 || got["ExportsFailed"] != 1 {
					t.Errorf("%s with %s counts %v, want %s", c.name, c.cause, got, c.want)
				}
			})
		})
	}
}

// fail calls the step Fail with a caught error and gives the outcome.
func (w *world) fail(generation int, name, cause string) string {
	w.t.Helper()
	reply, failed := w.invoke("fail", steps.FailIn{
		Job: steps.Job{AccountID: account, ExportID: exportID, Generation: generation}, Failure: steps.Caught{Error: name, Cause: cause},
	})
	var out steps.FailOut
	if err := json.Unmarshal(reply, &out); err != nil || failed != "" {
		w.t.Fatalf("Fail failed with %q: %s", failed, reply)
	}
	return out.Outcome
}

// TestFailOutcomes: what Fail answers, the first time and when it is called again. The second call changes nothing.
func TestFailOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		move       func(export.Export) export.Export
		generation int
		error      string
		want       string
		queue      export.QueueStatus
		current    int
	}{
		"another attempt":         {working, 1, "Export.Unavailable", steps.OutcomeRequeued, export.QueueQueued, 2},
		"for good":                {working, 1, "Export.Permanent", steps.OutcomeFailed, export.QueueFailed, 1},
		"no attempt left":         {usedUp, 1, "Export.Unavailable", steps.OutcomeDeadLetter, export.QueueDeadLetter, 1},
		"before it was claimed":   {unmoved, 1, "States.Timeout", steps.OutcomeRequeued, export.QueueQueued, 2},
		"of an older generation":  {func(e export.Export) export.Export { return requeued(e).Claim(e.CreatedAt) }, 1, "Export.Permanent", steps.OutcomeSuperseded, export.QueueLeased, 2},
		"of a completed export":   {completed, 1, "Export.Permanent", steps.OutcomeSuperseded, export.QueueSucceeded, 1},
		"of a failed export":      {failed, 1, "Export.Unavailable", steps.OutcomeFailed, export.QueueFailed, 1},
		"of a generation to come": {working, 7, "Export.Permanent", steps.OutcomeSuperseded, export.QueueLeased, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: wholeIndex})
				w.putExport(exportID, c.move)
				got := w.fail(c.generation, c.error, "")
				e := w.export()
				if got != c.want || e.QueueStatus != c.queue || e.Generation != c.current {
					t.Errorf("outcome %s, record %s in generation %d; want %s, %s in %d", got, e.QueueStatus, e.Generation, c.want, c.queue, c.current)
				}
				if again := w.fail(c.generation, c.error, ""); again != c.want || w.export().Revision != e.Revision {
					t.Errorf("called again: outcome %s, revision %d, want %s, %d", again, w.export().Revision, c.want, e.Revision)
				}
			})
		})
	}
}

// TestTheSweeperGivesUp: every attempt's worker vanishes without a word. The sweeper hands the export on until the
// attempts are used up, and then drops what they left open.
func TestTheSweeperGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: wholeIndex, patient: true, fails: true, spoil: func(*world) mishaps {
			return always("results.Open run_a/part-1.ndjson", frozenBefore)
		}})
		w.order()
		began := time.Now()
		for attempt := 1; attempt <= export.MaxAttempts; attempt++ {
			for w.stood() < attempt {
				synctest.Wait()
				time.Sleep(time.Minute)
				w.sweep(event("Scheduled Event", nil))
			}
			w.crash()
		}
		e := w.settle()
		w.checkEnd(e)
		if e.QueueStatus != export.QueueDeadLetter || e.Attempts != 3 || e.ErrorMessage != silentMessage {
			t.Errorf("the export ended as %s after %d attempts: %q", e.QueueStatus, e.Attempts, e.ErrorMessage)
		}
		if took := time.Since(began); took < 3*export.Lease || took > 3*export.Lease+time.Hour {
			t.Errorf("it took %s, want about three leases of %s", took, export.Lease)
		}
		w.plan.fails = true
		if held := w.objects(); len(held) > 0 {
			t.Errorf("artifacts are %v", held)
		}
	})
}
