package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/videovector/exports/internal/failpoint"
)

// Engine runs executions of one machine.
type Engine struct {
	cfg     Config
	mu      sync.Mutex // nothing begins to run when the engine has stopped
	running sync.WaitGroup
}

// NewEngine makes an Engine. Call Resume once, then Start as often as you like, then Close.
func NewEngine(cfg Config) *Engine {
	if cfg.Clock == nil {
		cfg.Clock = SystemClock{}
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	if cfg.OnEnd == nil {
		cfg.OnEnd = func(Execution) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.context, cfg.stop = context.WithCancel(context.Background())
	return &Engine{cfg: cfg}
}

// Start begins an execution and returns once it is in the journal. A name that was ever used fails with
// ErrExecutionExists, whatever became of that execution.
func (e *Engine) Start(_ context.Context, name string, input json.RawMessage) error {
	if !executionName.MatchString(name) {
		return ErrBadName
	}
	if e.cfg.context.Err() != nil {
		return errors.New("the engine is stopped")
	}
	v, err := decodeValue(input)
	if err != nil {
		return fmt.Errorf("the input is not JSON: %w", err)
	}
	now := e.cfg.Clock.Now().UTC()
	if err := e.cfg.Journal.Create(name, Event{Time: now, Type: executionStarted, Input: encodeValue(v)}); err != nil {
		return err
	}
	failpoint.Here("execution.journaled")
	e.run(e.execution(name, now, v))
	return nil
}

// Resume takes up every execution that had not ended when the last process did. The state that an execution was in
// runs again, with the retries it has left; a state that the machine no longer has fails the execution. Of one that had
// ended OnEnd hears, for it may not have heard before. An execution whose history can't be read is logged and left
// alone: it keeps its name, and nothing else from going on.
func (e *Engine) Resume(ctx context.Context) (resumed int, err error) {
	names, err := e.cfg.Journal.Unfinished()
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		events, err := e.cfg.Journal.Events(name)
		if err == nil && events[len(events)-1].ended() {
			e.start(func() { e.tell(name) })
			continue
		}
		var x *execution
		if err == nil {
			x, err = e.revive(name, events)
		}
		if err != nil {
			e.cfg.Log.ErrorContext(ctx, "an execution can't be resumed", "execution", name, "error", err.Error())
			continue
		}
		e.run(x)
		resumed++
	}
	return resumed, nil
}

// revive rebuilds an execution from its history.
func (e *Engine) revive(name string, events []Event) (*execution, error) {
	input, err := decodeValue(events[0].Input)
	if err != nil {
		return nil, err
	}
	x := e.execution(name, events[0].Time, input)
	*x.events = len(events)
	for _, ev := range events {
		if ev.Inner {
			continue
		}
		switch ev.Type {
		case stateEntered:
			x.at, x.entered, x.retries = ev.State, ev.Time, nil
			if x.data, err = decodeValue(ev.Input); err != nil {
				return nil, err
			}
		case retryScheduled:
			x.retries = ev.Retries
		}
	}
	return x, nil
}

// execution is one that is about to enter the first state.
func (e *Engine) execution(name string, started time.Time, input any) *execution {
	events := 1 // that it started
	return &execution{
		engine: e, name: name, started: started, input: input, at: e.cfg.Machine.top.StartAt, data: input, journal: &sync.Mutex{}, events: &events,
	}
}

func (e *Engine) run(x *execution) { e.start(func() { x.run(e.cfg.context) }) }

// start lets something run until its end or the engine's. It does nothing when the engine has stopped.
func (e *Engine) start(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cfg.context.Err() == nil {
		e.running.Go(f)
	}
}

// tell lets OnEnd hear of an end, and then settles it.
func (e *Engine) tell(name string) {
	d, err := e.Describe(name)
	if err == nil {
		e.cfg.OnEnd(d)
		err = e.cfg.Journal.Settle(name)
	}
	if err != nil {
		e.cfg.Log.Error("an execution's end could not be settled", "execution", name, "error", err.Error())
	}
}

// Close stops the engine: what runs is left where it is, for the next Resume.
func (e *Engine) Close() {
	e.mu.Lock()
	e.cfg.stop()
	e.mu.Unlock()
	e.running.Wait()
}

// Wait returns when no execution runs.
func (e *Engine) Wait() { e.running.Wait() }

// History gives every event of an execution.
func (e *Engine) History(name string) ([]Event, error) { return e.cfg.Journal.Events(name) }

// Path gives the states that an execution has entered, in order.
func (e *Engine) Path(name string) ([]string, error) {
	events, err := e.cfg.Journal.Events(name)
	var path []string
	for _, ev := range events {
		if ev.Type == stateEntered {
			path = append(path, ev.State)
		}
	}
	return path, err
}

// Describe tells how an execution stands.
func (e *Engine) Describe(name string) (Execution, error) {
	events, err := e.cfg.Journal.Events(name)
	if err != nil {
		return Execution{}, err
	}
	return told(name, events), nil
}
