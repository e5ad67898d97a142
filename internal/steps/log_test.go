package steps_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/metrics/emftest"
)

// checkLog: every line says which call of which step it is of, and the export's end is counted once, by whoever wrote it.
// A writer that never heard that its write was done counts nothing.
func (w *world) checkLog(e export.Export) {
	w.t.Helper()
	synctest.Wait()
	for line := range strings.Lines(w.log.String()) {
		if problem := anonymous(line, e); problem != "" {
			w.t.Errorf("%s in %s", problem, line)
		}
	}
	w.records.watch.Lock()
	defer w.records.watch.Unlock()
	sums := w.counted()
	want := map[string]float64{"ExportsCompleted": 0, "ExportsFailed": 0, "DeadLetters": 0, "TimeToComplete": 0}
	switch told := float64(w.records.told); e.QueueStatus {
	case export.QueueSucceeded:
		want["ExportsCompleted"], want["TimeToComplete"] = told, told*e.CompletedAt.Sub(e.CreatedAt).Seconds()
	case export.QueueDeadLetter:
		want["ExportsFailed"], want["DeadLetters"] = told, told
	default:
		want["ExportsFailed"] = told
	}
	for name, n := range want {
		if sums[name] != n {
			w.t.Errorf("%s is %g, want %g: %v", name, sums[name], n, sums)
		}
	}
}

// counted are the sums of the log's metrics.
func (w *world) counted() map[string]float64 {
	w.t.Helper()
	values, err := emftest.Read(strings.NewReader(w.log.String()))
	if err != nil {
		w.t.Fatal(err)
	}
	return emftest.Sums(values)
}

// anonymous says what a line of a step lacks. The sweeper is called by no execution, and its own lines are about no
// export.
func anonymous(line string, e export.Export) string {
	var l struct {
		Msg, Step, Execution string
		ExportID             string `json:"export_id"`
		RequestID            string `json:"request_id"`
		Generation, Attempt  int
	}
	if err := json.Unmarshal([]byte(line), &l); err != nil {
		return err.Error()
	}
	switch {
	case l.Step == "" && strings.Contains(l.Msg, "function"): // the runtime's own, of a function that was cut off
		return ""
	case l.Step == "" || l.RequestID == "":
		return "no step or no request_id"
	case l.Step == "sweep" && l.ExportID == "" && l.Msg != "sweeping failed":
		return ""
	case l.ExportID != e.ID:
		return "no export_id"
	case l.Step == "sweep" && l.Generation == 0: // it could not be read
		return ""
	case l.Execution != export.ExecutionName(l.ExportID, l.Generation):
		return "no execution"
	case l.Attempt == 0 && l.Step != "sweep":
		return "no attempt"
	}
	return ""
}

// TestWhatALifeCounts is every metric of some lives, from the first claim to the end.
func TestWhatALifeCounts(t *testing.T) {
	lost := scenario{request: wholeIndex, fails: true, spoil: func(*world) mishaps { return always("results.Open run_b/part-2.ndjson", brokenOff) }}
	for name, c := range map[string]struct {
		scenario
		want map[string]float64
	}{
		"all goes well": {scenario{request: wholeIndex}, map[string]float64{"ExportsCompleted": 1}},
		"two steps are called again": {
			scenario{request: wholeIndex, spoil: func(*world) mishaps { return first(2, "artifacts.CompleteUpload "+documentKey, lostBefore) }},
			map[string]float64{"ExportsCompleted": 1, "StepRetries": 2, "StepRetries{Step=assemble}": 2, "StepFailures{Error=Export.Unavailable}": 2},
		},
		"a shard is called again": {
			scenario{request: wholeIndex, sharded: true, spoil: func(*world) mishaps { return first(1, "artifacts.UploadPart 3", lostAfter) }},
			map[string]float64{"ExportsCompleted": 1, "StepRetries": 1, "StepRetries{Step=package}": 1, "StepFailures{Error=Export.Unavailable}": 1},
		},
		"a link is refused": {
			scenario{request: wholeIndex, fails: true, spoil: func(*world) mishaps { return always("artifacts.Presign "+documentKey, refused) }},
			map[string]float64{"ExportsFailed": 1, "ExportsFailed{Reason=other}": 1, "StepFailures{Error=Export.Permanent}": 1},
		},
		"the destination is taken": {
			scenario{request: delivered, fails: true, prepare: func(w *world) { w.customer.place("base/team/exp_1.json", []byte("{}\n")) }},
			map[string]float64{"ExportsFailed": 1, "ExportsFailed{Reason=destination_occupied}": 1, "StepFailures{Error=Export.Permanent}": 1},
		},
		"the start is lost": {scenario{request: wholeIndex, unstarted: true}, map[string]float64{"ExportsCompleted": 1, "SweepRescues": 1}},
		"every attempt is in vain": {lost, map[string]float64{
			"ExportsFailed": 1, "ExportsFailed{Reason=other}": 1, "DeadLetters": 1, "AttemptsRequeued": 2,
			"StepRetries": 12, "StepRetries{Step=package}": 12, "StepFailures{Error=Export.Unavailable}": 15,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, e := play(t, c.scenario)
				w.checkLog(e)
				got := w.counted()
				for _, n := range []string{"SweepRuns", "OpenExports", "OldestOpenExportAge", "QueueAge", "TimeToComplete"} { // of time
					if _, ok := got[n]; !ok && (n == "QueueAge" || n == "TimeToComplete" && c.want["ExportsCompleted"] == 1) {
						t.Errorf("no %s", n)
					}
					delete(got, n)
				}
				for _, n := range []string{"BytesExported", "RowsExported"} {
					if (got[n] > 0) != (c.want["ExportsCompleted"] == 1) {
						t.Errorf("%s is %g", n, got[n])
					}
					delete(got, n)
				}
				maps.DeleteFunc(got, func(_ string, v float64) bool { return v == 0 })
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("counted (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestTheSweepersSignOfLife: each scheduled sweep tells of itself and of what is open; one on an execution's end doesn't,
// and one that could not look doesn't either. What it starts doesn't come to anything, so nothing else is counted.
func TestTheSweepersSignOfLife(t *testing.T) {
	unstarted := func(c call) mishap {
		if strings.HasPrefix(c.name, "executions.Start") {
			return throttled
		}
		return none
	}
	for name, c := range map[string]struct {
		event []byte
		spoil mishaps
		want  map[string]float64
	}{
		"scheduled":              {event("Scheduled Event", nil), nil, map[string]float64{"SweepRuns": 1, "OpenExports": 2, "WaitingExports": 0, "OldestOpenExportAge": 3600, "SweepRescues": 2}},
		"an execution's end":     {endOf("exp_1-g1", "RUNNING", fmt.Sprintf(`{"account_id":%q,"export_id":"exp_1","generation":1}`, account)), nil, map[string]float64{}},
		"what is due is unknown": {event("Scheduled Event", nil), always("records.DueExports", lostBefore), map[string]float64{"StepFailures{Error=Export.Unavailable}": 1}},
		"what is open is":        {event("Scheduled Event", nil), always("records.OpenExports", lostBefore), map[string]float64{"SweepRuns": 1, "SweepRescues": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: wholeIndex, spoil: func(*world) mishaps { return both(c.spoil, unstarted) }})
				for _, id := range []string{"exp_1", "exp_2"} {
					w.putExport(id, claimed)
				}
				w.putExport("exp_3", completed)
				w.swept(c.event)
				if diff := cmp.Diff(c.want, w.counted()); diff != "" {
					t.Errorf("counted (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestLinesOfAFailure: what a failed call leaves in the log, by name.
func TestLinesOfAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := play(t, scenario{request: delivered, fails: true, prepare: func(w *world) { w.customer.place("base/team/exp_1.json", []byte("{}\n")) }})
		for line := range strings.Lines(w.log.String()) {
			var got map[string]any
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatal(err)
			}
			if got["msg"] != "step failed" {
				continue
			}
			want := []string{"attempt", "code", "error", "error_name", "execution", "export_id", "generation", "level", "ms", "msg", "request_id", "step", "time"}
			if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) || got["step"] != "deliver" || got["code"] != "destination_occupied" {
				t.Errorf("the line is %s", line)
			}
			return
		}
		t.Errorf("no step failed:\n%s", w.log.String())
	})
}
