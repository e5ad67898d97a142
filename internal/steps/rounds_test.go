package steps_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/export"
)

// TestALateShardOfTheFirstRound: a shard's worker stands still before it leaves its piece, which begins with a comma, since
// the shard before it should have had a match. Another one does its work, the shards are sent into a second round, and write
// what belongs there. Then the first one goes on: it replaces nothing.
func TestALateShardOfTheFirstRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := scenario{request: packed(matches), sharded: true, patient: true, archive: []run{{
			"run_a", time.Hour, export.RunCompleted, []string{lines("run_a", 4, 5) + lines("run_a", 7, 8), lines("run_a", 9, 15), lines("run_a", 16, 20)},
		}}}
		s.spoil = func(*world) mishaps {
			return func(c call) mishap {
				if strings.HasSuffix(c.name, " work/acct_1/exp_1/g1/chunk-0-00001") && !strings.Contains(c.name, "CreateUpload") && c.n == 1 {
					return frozenBefore
				}
				return none
			}
		}
		w := newWorld(t, s)
		w.create()
		w.mustCall(stage{"plan", -1})
		shards := []stage{{"package", 0}, {"package", 1}, {"package", 2}}
		late := make(chan string, 1)
		go func() { late <- w.call(shards[1]) }()
		synctest.Wait()
		if w.stood() != 1 {
			t.Fatalf("%d workers stand still, want 1: %v", w.stood(), w.made())
		}
		for _, st := range shards {
			w.mustCall(st)
		}
		if got := w.call(stage{"assemble", -1}); got != "Export.Irregular" {
			t.Fatalf("the first round ended with %q, want Export.Irregular", got)
		}
		for _, st := range shards {
			w.mustCall(st)
		}
		w.thaw()
		<-late
		for _, step := range []string{"assemble", "presign", "finish"} {
			w.mustCall(stage{step, -1})
		}
		w.checkEnd(w.export())
	})
}

// TestAPieceThatIsGone is not taken for an empty one: the attempt ends, and another one makes it anew.
func TestAPieceThatIsGone(t *testing.T) {
	rejecting := []run{{"run_a", time.Hour, export.RunCompleted, []string{
		lines("run_a", 1, 5) + "no JSON\n", lines("run_a", 6, 9), lines("run_a", 10, 12), lines("run_a", 13, 14),
	}}}
	for piece, s := range map[string]scenario{
		"/chunk-0-00001": {request: packed(wholeIndex), sharded: true}, "/rejects-00000": {request: wholeIndex, sharded: true, archive: rejecting},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, s)
			w.create()
			shards := line(w.plan)[1:5]
			for _, st := range append([]stage{{"plan", -1}}, shards...) {
				w.mustCall(st)
			}
			if len(s.archive) > 0 { // lines that are passed over send the shards into a second round
				if got := w.call(stage{"assemble", -1}); got != "Export.Irregular" {
					t.Fatalf("%s: the first round ended with %q", piece, got)
				}
				for _, st := range shards {
					w.mustCall(st)
				}
			}
			gone := 0
			for _, key := range w.artifacts.Keys() {
				if strings.Contains(key, piece) {
					gone++
					if err := w.artifacts.Delete(t.Context(), key); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := w.call(stage{"assemble", -1}); got != "Export.Unavailable" || gone != 1 {
				t.Errorf("without %d pieces %s assembling ended with %q", gone, piece, got)
			}
		})
	}
}
