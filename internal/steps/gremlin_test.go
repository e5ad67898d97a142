package steps_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/videovector/exports/internal/fault"
)

// mishap is what becomes of one call.
type mishap string

const (
	none         mishap = ""
	lostBefore   mishap = "fails before"            // nothing happened, and no reply came
	lostAfter    mishap = "fails after it happened" // and no reply came
	throttled    mishap = "is throttled"            // nothing happened
	refused      mishap = "is refused"              // nothing happened, and no repetition changes that
	panics       mishap = "panics"                  // the caller dies of a defect
	brokenOff    mishap = "breaks off"              // of what is read only a half comes
	frozenBefore mishap = "freezes before"          // the caller stands still, and makes the call when it thaws
	frozenAfter  mishap = "freezes after it happened"
	silent       mishap = "is silent" // as a connector says it of a destination that does not answer
)

// befalls reports whether the mishap can happen to the call: only what is read breaks off, Step Functions, which reads and
// writes for the Map, does not freeze, and only steps panic.
func (m mishap) befalls(c call) bool {
	switch m {
	case brokenOff:
		return strings.Contains(c.name, ".Open ")
	case frozenBefore, frozenAfter:
		return !strings.HasPrefix(c.name, "map.")
	case panics:
		return !strings.HasPrefix(c.name, "map.") && !strings.HasPrefix(c.name, "executions.")
	}
	return true
}

// Secrets that stand in causes, which only the log may show, and in panics, which nobody may.
const (
	secretOfACause = "https://storage.example/?signature=s3cr3t"
	secretOfAPanic = "s3cr3t-of-a-panic"
)

// What the callers get to see.
var (
	errLost    = fault.Wrap(errors.New(secretOfACause), fault.Unavailable, "no_reply", "No reply came.")
	errSilent  = fault.Wrap(errors.New(secretOfACause), fault.Unavailable, "destination_unavailable", "The destination did not answer.")
	errBroken  = fault.New(fault.Unavailable, "broken_off", "The connection broke off.")
	errBusy    = fault.New(fault.Throttled, "slow_down", "Not so fast.")
	errRefused = fault.New(fault.Forbidden, "access_denied", "The service may not do that.")
)

// call is the n-th call of a name, from 1. The name holds what is called, and with which key.
type call struct {
	name string
	n    int
}

func (c call) String() string { return fmt.Sprintf("%s (%d)", c.name, c.n) }

// gremlin sits between the steps and their parts. It counts every call and spoils those that spoil wants spoilt.
type gremlin struct {
	mu     sync.Mutex
	spoil  func(call) mishap // nil spoils nothing
	freeze func()            // returns when the caller thaws; nil means at thaw
	wake   string            // the call before which all that stand go on, and are done with what they have left; "" for none
	calls  []call
	counts map[string]int
	frozen int

	thawed    chan struct{}
	thawsOnce sync.Once
}

func newGremlin(spoil func(call) mishap) *gremlin {
	return &gremlin{spoil: spoil, counts: map[string]int{}, thawed: make(chan struct{})}
}

// at spoils one call.
func at(c call, m mishap) func(call) mishap { return each(map[call]mishap{c: m}) }

// each spoils the listed calls.
func each(plan map[call]mishap) func(call) mishap {
	return func(c call) mishap { return plan[c] }
}

// always spoils every call of the name.
func always(name string, m mishap) func(call) mishap {
	return func(c call) mishap {
		if c.name == name {
			return m
		}
		return none
	}
}

// both lets the second spoil what the first doesn't.
func both(first, second func(call) mishap) func(call) mishap {
	if first == nil {
		return second
	}
	return func(c call) mishap {
		if m := first(c); m != none {
			return m
		}
		return second(c)
	}
}

// do makes a call, or doesn't.
func (g *gremlin) do(name string, f func() error) error {
	m, wakes := g.meet(name)
	if wakes {
		g.thaw()
		time.Sleep(time.Second)
	}
	switch m {
	case lostBefore:
		return errLost
	case throttled:
		return errBusy
	case silent:
		return errSilent
	case refused:
		return errRefused
	case panics:
		panic("a defect: " + secretOfAPanic)
	case frozenBefore:
		g.stand()
	}
	err := f()
	switch {
	case m == frozenAfter:
		g.stand()
	case err == nil && m == lostAfter:
		return errLost
	case err == nil && m == brokenOff:
		return errBroken
	}
	return err
}

// meet counts the call and says what becomes of it, and whether those that stand are to go on first.
func (g *gremlin) meet(name string) (m mishap, wakes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts[name]++
	c := call{name, g.counts[name]}
	g.calls = append(g.calls, c)
	if g.spoil != nil {
		m = g.spoil(c)
	}
	if wakes = g.wake != "" && strings.HasPrefix(name, g.wake); wakes {
		g.wake = ""
	}
	return m, wakes
}

// wakeBefore lets all that stand go on just before the next call whose name begins so.
func (g *gremlin) wakeBefore(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wake = name
}

// stand keeps the caller where it is until it thaws.
func (g *gremlin) stand() {
	g.mu.Lock()
	g.frozen++
	freeze := g.freeze
	g.mu.Unlock()
	if freeze != nil {
		freeze()
		return
	}
	<-g.thawed
}

// thaw lets all go on who stand.
func (g *gremlin) thaw() { g.thawsOnce.Do(func() { close(g.thawed) }) }

// stood is how many callers were frozen.
func (g *gremlin) stood() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.frozen
}

// made are the calls so far.
func (g *gremlin) made() []call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]call(nil), g.calls...)
}
