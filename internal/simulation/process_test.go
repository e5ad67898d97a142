package simulation_test

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// process is one run of a function, or one of those who call functions. When a function's process dies, no call of it
// returns any more, and nothing that it knew is left.
type process struct {
	name     string // tells it apart from every other one
	function string // "" of those who can't die
	job      job    // what it was called for, as far as it says
	saves    int    // writes of the record that it has tried
	died     chan struct{}
	cancel   func()
}

// job is what a payload says of whom it is for.
type job struct {
	ExportID   string `json:"export_id"`
	Generation int    `json:"generation"`
	Retries    int    `json:"retries"`
	Shard      *int   `json:"shard"`
}

func (p *process) is(functions ...string) bool { return slices.Contains(functions, p.function) }

func (p *process) dead() bool {
	select {
	case <-p.died:
		return true
	default:
		return false
	}
}

// die ends the process: whoever waits for its answer hears that it is gone.
func (p *process) die() {
	if !p.dead() {
		close(p.died)
		p.cancel()
	}
}

type processKey struct{}

func processOf(ctx context.Context) *process {
	p, ok := ctx.Value(processKey{}).(*process)
	if !ok {
		panic("a call of no process")
	}
	return p
}

// outside is somebody who calls, and whom nothing befalls.
func (w *world) outside(name string) *process {
	return &process{name: name, died: make(chan struct{}), cancel: func() {}}
}

// spawn makes a process of a function. Processes that would have the same name are numbered.
func (w *world) spawn(name, function string, j job) *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.named[name]++
	if n := w.named[name]; n > 1 {
		name = fmt.Sprintf("%s #%d", name, n)
	}
	p := &process{name: name, function: function, job: j, died: make(chan struct{})}
	w.processes = append(w.processes, p)
	return p
}

// call makes a call, or doesn't.
func call[T any](ctx context.Context, w *world, o op, f func(context.Context) (T, error)) (v T, err error) {
	p := processOf(ctx)
	ft := w.schedule.await(p, o)
	var nothing T
	switch ft.kind {
	case dead:
		return v, errDead
	case failsBefore:
		return v, errLost
	case throttled:
		return v, errBusy
	case refused:
		return v, errRefused
	case stale:
		return v, errStale
	case panics:
		panic("a defect at " + o.String())
	case late:
		go later(context.WithoutCancel(ctx), w, o, ft.nap, f)
		return v, errLost
	case diesBefore:
		return v, w.died(p)
	case pausesBefore:
		if !w.sleep(p, o, ft.nap) {
			return v, errDead
		}
	}
	v, err = f(ctx)
	if ft.kind == twice {
		v, err = f(ctx)
	}
	if err != nil {
		w.schedule.note("%s %s: %v", p.name, o, err)
	}
	switch ft.kind {
	case diesAfter, forgotten:
		return nothing, w.died(p)
	case pausesAfter, slow:
		if !w.sleep(p, o, ft.nap) {
			return nothing, errDead
		}
		if err == nil && ctx.Err() != nil {
			return nothing, errLost
		}
	case failsAfter:
		if err == nil {
			return nothing, errLost
		}
	case breaksOff:
		if err == nil {
			return v, errBroken
		}
	}
	return v, err
}

// later makes a call when its caller has long been told that no reply came.
func later[T any](ctx context.Context, w *world, o op, nap time.Duration, f func(context.Context) (T, error)) {
	p := processOf(ctx)
	ghost := w.outside(p.name + "'s delayed")
	ghost.job, ghost.function = p.job, ""
	if !w.sleep(ghost, o, nap) {
		return
	}
	_, err := f(ctx)
	w.schedule.note("%s %s arrives: %v", p.name, o, err)
}

// died ends the process of a call, which never returns to it: not before the simulation is over.
func (w *world) died(p *process) error {
	p.die()
	<-w.schedule.end
	return errDead
}

// sleep lets the caller sleep, and wait for its turn again. It reports whether it is still alive.
func (w *world) sleep(p *process, o op, d time.Duration) bool {
	w.asleep.Add(1)
	time.Sleep(d)
	w.asleep.Add(-1)
	return w.schedule.await(p, op{part: "clock", method: "wakes", what: o.String()}).kind != dead
}
