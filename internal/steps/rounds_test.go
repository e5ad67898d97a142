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
