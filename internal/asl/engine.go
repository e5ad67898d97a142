package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Invoker calls Lambda functions.
type Invoker interface {
	// Invoke calls a function by name or ARN. An error means that the function was not run to its end; a function that
	// ran and failed is a Reply with Failed set and a payload of {"errorType","errorMessage",…}.
	Invoke(ctx context.Context, function string, payload []byte) (Reply, error)
}

// Reply is a function's answer.
type Reply struct {
	Payload []byte
	Failed  bool
}

// ErrThrottled is an Invoker's error for a call that was refused for now.
var ErrThrottled = errors.New("too many requests")

// Objects is the object storage of ItemReader and ResultWriter.
type Objects interface {
	Get(ctx context.Context, bucket, key string) (io.ReadCloser, error)
	Put(ctx context.Context, bucket, key string, body []byte) error
}

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits for d or until ctx ends, and then gives ctx's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Config is what an Engine works with. Machine, Functions and Journal are required.
type Config struct {
	Machine   *Machine
	ARN       string // of the state machine
	Functions Invoker
	Objects   Objects // needed by machines that read or write items
	Journal   Journal
	Clock     Clock              // nil means SystemClock
	Random    func() float64     // in [0, 1), for jitter; nil means a random source
	OnEnd     func(Execution)    // hears of every end, once or, after a crash, once more; nil means nobody
	Log       *slog.Logger       // nil means slog.Default
	context   context.Context    // ends when the engine stops
	stop      context.CancelFunc //
}

// Execution is what Describe tells.
type Execution struct {
	Name    string
	Status  string // RUNNING, SUCCEEDED, FAILED or TIMED_OUT
	Input   json.RawMessage
	Output  json.RawMessage // of a succeeded one
	Error   string
	Cause   string
	Started time.Time
	Stopped time.Time // zero while it runs
}

// Engine runs executions of one machine.
type Engine struct {
	cfg     Config
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
	e.run(&execution{engine: e, name: name, started: now, input: v, at: e.cfg.Machine.top.StartAt, data: v})
	return nil
}

// Resume takes up every execution that had not ended when the last process did. The state that an execution was in
// runs again, with the retries it has left.
func (e *Engine) Resume(_ context.Context) (resumed int, err error) {
	names, err := e.cfg.Journal.Unfinished()
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		x, err := e.revive(name)
		if err != nil {
			return resumed, fmt.Errorf("execution %s: %w", name, err)
		}
		e.run(x)
		resumed++
	}
	return resumed, nil
}

// revive rebuilds an execution from its history.
func (e *Engine) revive(name string) (*execution, error) {
	events, err := e.cfg.Journal.Events(name)
	if err != nil {
		return nil, err
	}
	input, err := decodeValue(events[0].Input)
	if err != nil {
		return nil, err
	}
	x := &execution{engine: e, name: name, started: events[0].Time, input: input, at: e.cfg.Machine.top.StartAt, data: input}
	for _, ev := range events {
		if ev.Inner {
			continue
		}
		switch ev.Type {
		case stateEntered:
			x.at, x.entered, x.retries = ev.State, true, nil
			if x.data, err = decodeValue(ev.Input); err != nil {
				return nil, err
			}
		case retryScheduled:
			x.retries = ev.Retries
		}
	}
	if e.cfg.Machine.top.States[x.at] == nil {
		return nil, fmt.Errorf("it is in state %q, which the machine no longer has", x.at)
	}
	return x, nil
}

func (e *Engine) run(x *execution) {
	e.running.Go(func() { x.run(e.cfg.context) })
}

// Close stops the engine: what runs is left where it is, for the next Resume.
func (e *Engine) Close() {
	e.cfg.stop()
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
	first, last := events[0], events[len(events)-1]
	d := Execution{Name: name, Status: "RUNNING", Input: first.Input, Started: first.Time}
	if !last.ended() {
		return d, nil
	}
	d.Output, d.Error, d.Cause, d.Stopped = last.Output, last.Error, last.Cause, last.Time
	d.Status = map[string]string{executionSucceeded: "SUCCEEDED", executionFailed: "FAILED", executionTimedOut: "TIMED_OUT"}[last.Type]
	return d, nil
}
