package simulation_test

import (
	"cmp"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"
)

// maxSteps is how many calls one simulation may take: one that needs more goes round in circles.
const maxSteps = 20_000

// schedule is the only source of order and of chance in a simulation. Whoever makes a call waits for its turn; once nobody
// runs any more, one of those who wait is chosen and told its fate.
type schedule struct {
	*rand.Rand
	fate     func(waiting) fate // of the call that is chosen
	upheaval func(kind)
	pending  kind // the upheaval that comes next

	mu      sync.Mutex
	waiting []waiting
	arrived chan struct{} // somebody waits; has room for one
	over    bool          // everybody who comes from now on is dead
	end     chan struct{} // closed when over

	began time.Time
	steps int
	sum   hash.Hash64    // of the trace
	print func(s string) // nil unless the trace is to be seen
}

// waiting is a call that waits for its turn.
type waiting struct {
	by   *process
	op   op
	goOn chan fate
}

// String tells calls apart. Of those that it doesn't tell apart it does not matter which one goes first.
func (w waiting) String() string { return w.by.name + " " + w.op.String() }

func newSchedule(seed uint64) *schedule {
	return &schedule{
		Rand: rand.New(rand.NewPCG(seed, 8)), arrived: make(chan struct{}, 1), end: make(chan struct{}), began: time.Now(), sum: fnv.New64a(),
	}
}

// await waits for the call's turn. Of a process that has died, and of everybody once the simulation is over, the call is
// never made.
func (s *schedule) await(p *process, o op) fate {
	w := waiting{p, o, make(chan fate, 1)}
	s.mu.Lock()
	over := s.over
	if !over && !p.dead() {
		s.waiting = append(s.waiting, w)
	}
	s.mu.Unlock()
	if over {
		return fate{kind: dead}
	}
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	select {
	case f := <-w.goOn:
		return f
	case <-s.end:
		return fate{kind: dead}
	}
}

// play lets one call after the other go on, until nothing happens for as long as patience and done says that there is
// nothing left to happen. It fails when that takes too many steps, or more time than limit.
func (s *schedule) play(patience, limit time.Duration, done func() bool) error {
	for {
		synctest.Wait()
		if k := s.pending; k != none { // alone, so that what it meets is no matter of chance
			s.pending = none
			s.trace("%s", k)
			go s.upheaval(k)
			continue
		}
		if w, ok := s.next(); ok {
			if s.steps++; s.steps > maxSteps {
				return fmt.Errorf("after %d calls it still goes on", maxSteps)
			}
			w.goOn <- s.decide(w)
			continue
		}
		if time.Since(s.began) > limit {
			return fmt.Errorf("after %s it has not ended", limit)
		}
		select {
		case <-s.arrived:
		case <-time.After(patience):
			if done() {
				return nil
			}
		}
	}
}

// next takes one of those who wait out of the queue. Who came first does not count: that was for the machine to decide.
func (s *schedule) next() (waiting, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, func(w waiting) bool { return w.by.dead() })
	if len(s.waiting) == 0 {
		return waiting{}, false
	}
	slices.SortStableFunc(s.waiting, func(a, b waiting) int {
		return cmp.Or(strings.Compare(a.by.name, b.by.name), strings.Compare(a.op.String(), b.op.String()))
	})
	i := s.IntN(len(s.waiting))
	w := s.waiting[i]
	s.waiting = slices.Delete(s.waiting, i, i+1)
	return w, true
}

func (s *schedule) decide(w waiting) fate {
	f := s.fate(w)
	s.trace("%s: %s", w, f)
	return f
}

// trace notes what was decided. Two plays of one seed have one trace.
func (s *schedule) trace(format string, args ...any) {
	line := s.line(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.sum.Write([]byte(line)) // a hash takes everything
	if s.print != nil {
		s.print(line)
	}
}

// note tells whoever watches what came of a call. Of two that end at the same time it may tell in either order.
func (s *schedule) note(format string, args ...any) {
	if s.print == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.print(s.line(format, args...))
}

func (s *schedule) line(format string, args ...any) string {
	return fmt.Sprintf("%11s  "+format+"\n", append([]any{time.Since(s.began).Truncate(time.Millisecond)}, args...)...)
}

// stop ends the simulation: whoever waits, and whoever comes, is dead.
func (s *schedule) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	close(s.end)
}
