package steps_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/export"
)

// scenarios are the ways that an export takes. What happens in them happens without a gremlin's doing.
func scenarios() map[string]scenario {
	return map[string]scenario{
		"download":      {request: wholeIndex},
		"matches":       {request: matches},
		"connector":     {request: delivered},
		"sharded":       {request: delivered, sharded: true},
		"irregular":     {request: wholeIndex, sharded: true, archive: irregular(1, 0)},
		"never started": {request: wholeIndex, unstarted: true},
		"second attempt": {request: delivered, attempts: 2, spoil: func(w *world) mishaps {
			return func(c call) mishap {
				if c.name == "connectors.OpenTarget" && c.n <= 6 { // five in the first attempt
					return lostBefore
				}
				return none
			}
		}},
		"automation":               {request: delivered, origin: export.OriginAutomation, prepare: pointTo(-time.Minute)},
		"results changed":          {request: wholeIndex, fails: true, prepare: change},
		"every format":             {request: everyFormat},
		"sharded, every format":    {request: everyFormat, sharded: true},
		"rejects":                  {request: withFormats(export.JSON, export.CSV), archive: withBadRecords(), rejects: 5},
		"sharded, rejects":         {request: withFormats(export.JSON, export.CSV), sharded: true, archive: withBadRecords(), rejects: 5},
		"sharded, packed rejects":  {request: packed(withFormats(export.JSON, export.NDJSON)), sharded: true, archive: withBadRecords(), rejects: 5},
		"without its connector":    {request: delivered, fails: true, prepare: removeConnector},
		"sharded, results changed": {request: wholeIndex, sharded: true, fails: true, prepare: change},
	}
}

// hopeless is an export whose results never come.
func hopeless() scenario {
	return scenario{request: wholeIndex, fails: true, spoil: func(*world) mishaps {
		return always("results.Open run_b/part-2.ndjson", lostBefore)
	}}
}

func removeConnector(w *world) {
	if err := w.memory.DeleteConnector(context.Background(), account, connectorID); err != nil {
		panic(err)
	}
}

// irregular is the archive with a part of a run that is not strict NDJSON.
func irregular(which, part int) []run {
	runs := theArchive()
	runs[which].parts[part] = strings.ReplaceAll(runs[which].parts[part], "\n", "\r\n\n")
	return runs
}

// change replaces a result behind the catalogue's back by one that is none.
func change(w *world) {
	w.put(partKey("run_b", 2), strings.Replace(lines("run_b", 5, 5), `"selected"`, `"run_id"`, 1))
}

// play runs a scenario from beginning to end.
func play(t *testing.T, s scenario) (w *world, e export.Export) {
	t.Helper()
	w = newWorld(t, s)
	w.order()
	return w, w.settle()
}

// undisturbed are the calls of a scenario that nobody spoils.
func undisturbed(t *testing.T, s scenario) (calls []call) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, e := play(t, s)
		calls = w.made()
		w.checkEnd(e)
	})
	return calls
}

// disturbed runs the scenario once for each of its calls, with that call spoilt.
func disturbed(t *testing.T, s scenario, m mishap, test func(t *testing.T, s scenario, c call)) {
	t.Helper()
	for _, c := range undisturbed(t, s) {
		if !m.befalls(c) {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, s.with(at(c, m)), c) })
		})
	}
}

// with is the scenario with more mishaps.
func (s scenario) with(more mishaps) scenario {
	base := s.spoil
	s.spoil = func(w *world) mishaps {
		if base == nil {
			return more
		}
		return both(more, base(w))
	}
	return s
}

// TestEveryCallFailsOnce: whatever single call fails, and whether or not it happened, the export ends as it would have.
// The task's own retries make up for it; only what Step Functions itself reads and writes for the Map costs an attempt.
func TestEveryCallFailsOnce(t *testing.T) {
	for name, s := range scenarios() {
		for _, m := range []mishap{lostBefore, lostAfter, brokenOff} {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				t.Parallel()
				disturbed(t, s, m, func(t *testing.T, s scenario, c call) {
					if strings.HasPrefix(c.name, "map.") {
						s.attempts = 2
					}
					w, e := play(t, s)
					w.checkEnd(e)
				})
			})
		}
	}
}

// TestADeadLetterIsWrittenOnce: whatever else fails beside the trouble that uses the attempts up.
func TestADeadLetterIsWrittenOnce(t *testing.T) {
	for _, m := range []mishap{lostBefore, lostAfter} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			disturbed(t, hopeless(), m, func(t *testing.T, s scenario, _ call) {
				w, e := play(t, s)
				w.checkEnd(e)
				if e.QueueStatus != export.QueueDeadLetter {
					t.Errorf("the export ended as %s", e.QueueStatus)
				}
			})
		})
	}
}

// TestEveryCallIsRefusedOnce: a refusal that no repetition mends ends the export, with the reason, and leaves nothing
// half done. Where the refused call was the sweeper's or a start's, the sweeper comes again.
func TestEveryCallIsRefusedOnce(t *testing.T) {
	for name, s := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disturbed(t, s, refused, func(t *testing.T, s scenario, c call) {
				w, e := play(t, s)
				if strings.Contains(c.name, ".Uploads ") || strings.Contains(c.name, ".AbortUpload ") {
					w.dropUploads()
				}
				if !s.fails && e.Status == export.StatusFailed && (e.QueueStatus != export.QueueFailed || e.ErrorMessage != errRefused.Message) {
					t.Errorf("the export failed as %s: %q", e.QueueStatus, e.ErrorMessage)
				}
				w.plan.fails, w.plan.attempts = e.Status == export.StatusFailed, e.Attempts
				w.checkEnd(e)
			})
		})
	}
}

// dropUploads is the bucket's own rule on uploads that stay open, which ends what the service may not.
func (w *world) dropUploads() {
	w.t.Helper()
	open, err := w.artifacts.Uploads(w.t.Context(), "")
	for _, u := range open {
		err = errors.Join(err, w.artifacts.AbortUpload(w.t.Context(), u.Key, u.ID))
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
