package kill

import (
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/docblock"
)

// fewSeeds are those that run with all other tests.
const fewSeeds = 20

var (
	seeds  = flag.Uint64("seeds", fewSeeds, "how many schedules to play")
	from   = flag.Uint64("from", 0, "the first seed")
	at     = flag.String("place", "", "play only the seeds that kill at this failpoint")
	only   = flag.Int64("seed", -1, "play this seed alone")
	worlds = flag.Int("worlds", 1, "how many services of each kind there are; -parallel says how many of them work at the same time")
	update = flag.Bool("update", false, "write the list of failpoints into docs/reliability.md")
)

// TestSchedules plays one schedule for every seed. However it goes, everything that was promised holds, and somebody was
// killed where the seed says.
func TestSchedules(t *testing.T) {
	all := chosen()
	if len(all) == 0 {
		t.Fatalf("no seed kills at %q", *at)
	}
	began := time.Now()
	c, p := startClouds(t), build(t)
	r := &report{of: len(all), began: time.Now(), passed: map[string]int{}, killed: map[string]int{}}
	t.Logf("built and started after %s", time.Since(began).Round(time.Second))
	t.Run("all", func(t *testing.T) {
		for kind, bootstraps := range map[string]bool{"in-one-process": false, "in-many": true} {
			turns := queue(all, bootstraps)
			for n := range min(*worlds, len(turns)) {
				name := fmt.Sprintf("%s-%d", kind, n)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, name, p, c, bootstraps)
					for s := range turns {
						r.take(t, s, w.play(s))
					}
				})
			}
		}
	})
	t.Logf("\n%s", r)
}

func chosen() (all []*schedule) {
	if *only >= 0 {
		return []*schedule{newSchedule(uint64(*only))}
	}
	for seed := *from; seed < *from+*seeds; seed++ {
		if s := newSchedule(seed); *at == "" || *at == s.place.name {
			all = append(all, s)
		}
	}
	return all
}

// queue is the schedules of one kind, in order.
func queue(all []*schedule, bootstraps bool) <-chan *schedule {
	turns := make(chan *schedule, len(all))
	for _, s := range all {
		if s.bootstraps == bootstraps {
			turns <- s
		}
	}
	close(turns)
	return turns
}

// report is what all schedules together have come to.
type report struct {
	of    int
	began time.Time

	mu             sync.Mutex
	passed, killed map[string]int // by place
	played, good   int
	kills          int
}

func (r *report) take(t *testing.T, s *schedule, p played) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range p.passed {
		r.passed[at.Place]++
	}
	for _, at := range p.killed {
		r.killed[at.Place]++
		r.kills++
	}
	if r.played++; r.played%50 == 0 {
		t.Logf("%d schedules, %s", r.played, time.Since(r.began).Round(time.Second))
	}
	if r.of == 1 {
		t.Logf("%s", s)
	}
	if len(p.violations) == 0 {
		r.good++
		return
	}
	t.Errorf("seed %d, %.1f s: %s\n  %s\nplay it alone: make test-kill SEED=%d", s.seed, p.took.Seconds(), s, strings.Join(p.violations, "\n  "), s.seed)
}

func (r *report) String() string {
	var b strings.Builder
	for _, p := range places {
		fmt.Fprintf(&b, "%-22s %6d passages, %3d kills\n", p.name, r.passed[p.name], r.killed[p.name])
	}
	fmt.Fprintf(&b, "%d kills, %d seconds\n%d/%d", r.kills, int(time.Since(r.began).Seconds()), r.good, r.of)
	return b.String()
}

// TestDocs: docs/reliability.md lists the places.
func TestDocs(t *testing.T) {
	rows := [][]string{{"Failpoint", "Passed by", "Window"}}
	for _, p := range places {
		by := "the local service"
		if p.in != "" {
			by = "`" + p.in + "`"
		}
		rows = append(rows, []string{"`" + p.name + "`", by, p.window})
	}
	docblock.Check(t, "../../docs/reliability.md", map[string]string{"failpoints": docblock.Table(rows)}, *update)
}
