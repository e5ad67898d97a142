package simulation_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

var (
	seeds  = flag.Uint64("seeds", manySeeds, "how many schedules to play")
	from   = flag.Uint64("from", 0, "the first seed")
	only   = flag.Int64("seed", -1, "play this seed alone; with -v every call of it is printed")
	always = flag.Bool("report", false, "print the report even without -v")
)

// gcPercent lets garbage collect while many schedules are played: little of one lives on, and the collector would take
// more time than the schedules. Some 100 MiB are in use then.
const gcPercent = 1000

// outcome is what is left of a simulation.
type outcome struct {
	violations []string
	hits       tally
	trace      uint64 // hash
	end        string // fingerprint
}

// simulate plays the schedule of a seed over the records, nil for those in memory. It must run in a bubble of its own.
func simulate(seed uint64, memory store.Store, print func(string)) outcome {
	w := newWorld(seed, memory)
	w.schedule.print = print
	n := 1 + w.schedule.IntN(7)/3 // of seven, three times one, three times two and once three
	for i := range n {
		w.orders = append(w.orders, w.newOrder(i+1))
	}
	ended := make(chan struct{})
	go w.sweeping(ended)
	for _, o := range w.orders {
		w.send(o)
	}
	w.playToTheEnd()
	close(ended)
	w.checkEnd()
	w.schedule.stop()
	w.engine.Load().Close()
	if err := w.functions.Close(context.Background()); err != nil {
		w.violated("closing the functions: %v", err)
	}
	w.hits.seeds, w.hits.calls = 1, w.schedule.steps
	return outcome{w.violations, w.hits, w.schedule.sum.Sum64(), w.fingerprint()}
}

// playToTheEnd plays until nobody has anything left to do, and then, without further faults, until the sweeper has had its
// hour, and, where a retry would go on with what is open, its hour after none would.
func (w *world) playToTheEnd() {
	const limit = 30 * 24 * time.Hour
	err := w.schedule.play(30*time.Minute, limit, w.settled)
	if err == nil {
		w.dice.left, w.dice.aim, w.dice.upheaval = 0, nil, nil
		hours := w.hours.Load()
		err = w.schedule.play(30*time.Minute, limit+24*time.Hour, func() bool { return w.settled() && w.hours.Load() > hours })
	}
	if w.checkOpen(); err == nil {
		err = w.schedule.play(30*time.Minute, limit+3*24*time.Hour, w.outlived(w.resumable()))
	}
	if err != nil {
		w.violated("%v", err)
	}
}

// TestSeeds plays one schedule for every seed. However it goes, everything that was promised holds; and together they
// have met every fault, and met one in every window.
func TestSeeds(t *testing.T) {
	if *only >= 0 {
		synctest.Test(t, func(t *testing.T) {
			o := simulate(uint64(*only), nil, func(s string) { t.Log(strings.TrimSuffix(s, "\n")) })
			report(t, uint64(*only), o)
			t.Logf("trace %016x, end %s", o.trace, o.end)
		})
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	began := time.Now()
	all := newTally()
	var mu sync.Mutex
	var next atomic.Uint64
	next.Store(*from)
	t.Run("all", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for seed := next.Add(1) - 1; seed < *from+*seeds && !t.Failed(); seed = next.Add(1) - 1 {
					synctest.Test(t, func(t *testing.T) {
						o := simulate(seed, nil, nil)
						report(t, seed, o)
						mu.Lock()
						defer mu.Unlock()
						if all.add(o.hits); all.seeds%10_000 == 0 && *seeds > 10_000 {
							fmt.Printf("%d schedules, %s\n", all.seeds, time.Since(began).Round(time.Second))
						}
					})
				}
			})
		}
	})
	took := time.Since(began)
	text := all.String() + fmt.Sprintf("%d schedules in %s: %.0f a second, %d calls\n", all.seeds, took.Round(time.Second), float64(all.seeds)/took.Seconds(), all.calls)
	if *always {
		fmt.Print(text)
	}
	t.Log("\n" + text)
	if *seeds >= 2000 {
		all.checkMet(t)
	}
}

// report says what a seed has broken, and how to see it again.
func report(t *testing.T, seed uint64, o outcome) {
	t.Helper()
	if len(o.violations) == 0 {
		return
	}
	t.Errorf("seed %d: %d violations:\n  %s\nreplay: go test ./internal/simulation -run TestSeeds -v -seed %d",
		seed, len(o.violations), strings.Join(o.violations[:min(10, len(o.violations))], "\n  "), seed)
}

func (t *tally) add(o tally) {
	t.seeds, t.calls, t.waited = t.seeds+o.seeds, t.calls+o.calls, t.waited+o.waited
	for k, n := range o.faults {
		t.faults[k] += n
	}
	for how, n := range o.ended {
		t.ended[how] += n
	}
	t.resumed += o.resumed
	for name, hits := range o.windows {
		if t.windows[name] == nil {
			t.windows[name] = map[kind]int{}
		}
		for k, n := range hits {
			t.windows[name][k] += n
		}
	}
}

func (t tally) String() string {
	var b strings.Builder
	b.WriteString("faults that struck:\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "  %7d  %s\n", t.faults[k], k)
	}
	b.WriteString("windows that were met, and by what:\n    lost    died  paused   other\n")
	for _, name := range windowNames() {
		for _, n := range t.groups(name) {
			fmt.Fprintf(&b, " %7d", n)
		}
		fmt.Fprintf(&b, "  %s\n", name)
	}
	fmt.Fprintf(&b, "exports that waited for a slot:\n  %7d\n", t.waited)
	b.WriteString("exports that ended:\n")
	for _, how := range slices.Sorted(maps.Keys(t.ended)) {
		fmt.Fprintf(&b, "  %7d  %s\n", t.ended[how], how)
	}
	fmt.Fprintf(&b, "shards whose parts a retry has taken over:\n  %7d\n", t.resumed)
	return b.String()
}

// groups counts the faults that struck at a window: lost replies and requests, deaths, pauses, and others.
func (t tally) groups(window string) (n [4]int) {
	for k, hits := range t.windows[window] {
		switch k {
		case failsBefore, failsAfter, late, twice:
			n[0] += hits
		case diesBefore, diesAfter, forgotten:
			n[1] += hits
		case pausesBefore, pausesAfter:
			n[2] += hits
		default:
			n[3] += hits
		}
	}
	return n
}

func windowNames() (names []string) {
	for _, w := range windows {
		names = append(names, w.name)
	}
	return append(names, pausedAnywhere)
}

// checkMet: a fault that no schedule has met, or a window in which nothing was lost, nobody died and nobody slept, would be
// a promise that nobody has tried.
func (t tally) checkMet(tt *testing.T) {
	tt.Helper()
	for _, k := range kinds {
		if t.faults[k] == 0 {
			tt.Errorf("no schedule met the fault %q", k)
		}
	}
	for _, w := range windows {
		met := t.groups(w.name)
		if met[0] == 0 || met[1] == 0 || met[2] == 0 {
			tt.Errorf("the window %q met %d lost calls, %d deaths and %d pauses", w.name, met[0], met[1], met[2])
		}
	}
	if t.resumed == 0 {
		tt.Error("no retry went on with a shard's parts")
	}
	if t.waited == 0 {
		tt.Error("no export had to wait for a slot")
	}
	for _, how := range []export.QueueStatus{export.QueueSucceeded, export.QueueFailed, export.QueueDeadLetter} {
		if t.ended[string(how)] == 0 {
			tt.Errorf("no export ended as %s", how)
		}
	}
}

// TestReplay: a seed is one schedule, call by call.
func TestReplay(t *testing.T) {
	for seed := range uint64(50) {
		var plays [2]outcome
		for i := range plays {
			synctest.Test(t, func(*testing.T) { plays[i] = simulate(seed, nil, nil) })
		}
		if plays[0].trace != plays[1].trace || plays[0].end != plays[1].end {
			t.Errorf("seed %d played as %016x with the end %s, and again as %016x with %s", seed, plays[0].trace, plays[0].end, plays[1].trace, plays[1].end)
		}
	}
}
