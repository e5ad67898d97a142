package kill

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fewSeeds are those that run with all other tests.
const fewSeeds = 20

var (
	seeds = flag.Uint64("seeds", fewSeeds, "how many schedules to play")
	from  = flag.Uint64("from", 0, "the first seed")
	only  = flag.Int64("seed", -1, "play this seed alone")
	many  = flag.Int("worlds", 2, "how many services there are of each kind, in which schedules are played at the same time")
)

// TestSchedules plays one schedule for every seed.
func TestSchedules(t *testing.T) {
	all := chosen()
	began := time.Now()
	c, p := startClouds(t), build(t)
	t.Logf("built and started after %s", time.Since(began).Round(time.Second))
	r := &report{met: map[string]int{}, killed: map[string]int{}}
	t.Run("all", func(t *testing.T) {
		for kind, bootstraps := range map[string]bool{"one": false, "many": true} {
			mine := make(chan *schedule, len(all))
			for _, s := range all {
				if s.bootstraps == bootstraps {
					mine <- s
				}
			}
			close(mine)
			for n := range min(*many, len(mine)) {
				name := fmt.Sprintf("%s-%d", kind, n)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, name, p, c, bootstraps)
					for s := range mine {
						r.take(t, s, w.play(s))
					}
				})
			}
		}
	})
	fmt.Print(r.text(len(all), time.Since(began)))
}

func chosen() (all []*schedule) {
	if *only >= 0 {
		return []*schedule{newSchedule(uint64(*only))}
	}
	for seed := *from; seed < *from+*seeds; seed++ {
		all = append(all, newSchedule(seed))
	}
	return all
}

// report is what all schedules together have come to.
type report struct {
	mu     sync.Mutex
	met    map[string]int // passages, by place
	killed map[string]int
	good   int
	kills  int
}

func (r *report) take(t *testing.T, s *schedule, p played) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range p.killed {
		r.killed[k.Place]++
		r.kills++
	}
	t.Logf("seed %d, %.1f s: %s", s.seed, p.kept.Seconds(), s)
	if len(p.violations) == 0 {
		r.good++
		return
	}
	t.Errorf("seed %d: %s\n  %s\nplay it alone: make test-kill SEED=%d", s.seed, s, strings.Join(p.violations, "\n  "), s.seed)
}

func (r *report) text(of int, took time.Duration) string {
	var b strings.Builder
	for _, p := range places {
		fmt.Fprintf(&b, "%-22s killed %3d\n", p.name, r.killed[p.name])
	}
	fmt.Fprintf(&b, "%d/%d schedules, %d kills, %d seconds\n", r.good, of, r.kills, int(took.Seconds()))
	return b.String()
}

var _ = slices.Contains[[]string]
