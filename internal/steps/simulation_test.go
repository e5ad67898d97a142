package steps_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
)

const simulations = 500

// TestSimulation lets calls fail in every way at random, workers sleep and wake up, and engines forget what they did.
// However it goes, the export ends once, and what then stands is whole and stays as it is.
func TestSimulation(t *testing.T) {
	all := scenarios()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for seed := range uint64(simulations) {
		name := names[seed%uint64(len(names))]
		t.Run(strconv.FormatUint(seed, 10)+" "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { simulate(t, seed, all[name]) })
		})
	}
}

// chaos is the source of a simulation's mishaps.
type chaos struct {
	*rand.Rand
	left int // mishaps to come
}

// strike spoils one call in twelve.
func (c *chaos) strike(called call) mishap {
	if c.left == 0 || c.IntN(12) > 0 {
		return none
	}
	kinds := []mishap{lostBefore, lostAfter, lostBefore, lostAfter, throttled, brokenOff, frozenBefore, frozenAfter, panics}
	if c.IntN(20) == 0 {
		kinds = []mishap{refused}
	}
	m := kinds[c.IntN(len(kinds))]
	if !m.befalls(called) {
		return none
	}
	c.left--
	return m
}

// nap is how long a worker sleeps: seconds, minutes or hours.
func (c *chaos) nap() time.Duration {
	return time.Duration(1+c.IntN(60)) * []time.Duration{time.Second, time.Minute, 5 * time.Minute}[c.IntN(3)]
}

func simulate(t *testing.T, seed uint64, s scenario) {
	t.Helper()
	c := &chaos{rand.New(rand.NewPCG(seed, 1)), 1}
	c.left = 1 + c.IntN(25)
	s.patient = true
	w := newWorld(t, s.with(c.strike))
	w.freeze = func() { time.Sleep(w.draw(c.nap)) }
	for range c.IntN(3) {
		after := c.nap()
		time.AfterFunc(after, func() { w.crash() })
	}
	w.order()
	e := w.settle()
	w.dropUploads()
	w.plan.fails, w.plan.attempts = e.Status == export.StatusFailed, e.Attempts
	w.checkEnd(e)
	before := w.visible()
	time.Sleep(24 * time.Hour) // whoever sleeps has woken up, and tried the rest of its writes
	w.engine.Load().Wait()
	w.dropUploads()
	after := w.visible()
	if w.plan.fails { // a late worker may complete a document that nobody reads any more
		w.checkFailed(w.export())
		before, after = map[string]string{"record": before["record"]}, map[string]string{"record": after["record"]}
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("after the end this changed (-end +later):\n%s", diff)
	}
	w.checkWrites()
}

// draw takes from the source of chaos, which one goroutine has at a time.
func (w *world) draw(f func() time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return f()
}
