package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/videovector/exports/internal/failpoint"
)

// execution is one run of the machine.
type execution struct {
	engine  *Engine
	name    string
	started time.Time
	input   any

	// Where it is: the next state, its input, since when it is in it, which is zero before the journal says so, and,
	// after a crash, how often it was retried.
	at      string
	data    any
	entered time.Time
	retries []int

	item    map[string]any // $$.Map.Item, inside of a Map state
	journal *sync.Mutex    // shared with the parts: events come one at a time
	events  *int           // noted so far; shared with the parts, but for a distributed map's, and guarded by journal
}

// run goes from state to state until the end. When the engine stops it returns without an end.
func (x *execution) run(ctx context.Context) {
	inner := ctx
	if limit := x.engine.cfg.Machine.top.TimeoutSeconds; limit != nil {
		var cancel context.CancelFunc
		inner, cancel = context.WithDeadline(ctx, x.started.Add(seconds(*limit)))
		defer cancel()
	}
	out, err := x.follow(inner, x.engine.cfg.Machine.top, false)
	if ctx.Err() != nil {
		return
	}
	end := Event{Type: executionSucceeded}
	var f *Failure
	switch {
	case err == nil:
		end.Output = encodeValue(out)
	case errors.Is(inner.Err(), context.DeadlineExceeded):
		end = Event{Type: executionTimedOut}
	case errors.As(err, &f):
		end = Event{Type: executionFailed, Error: f.Name, Cause: f.Cause}
	default:
		x.engine.cfg.Log.ErrorContext(ctx, "execution broke off", "execution", x.name, "error", err.Error())
		return
	}
	if _, err := x.note(end); err != nil {
		x.engine.cfg.Log.ErrorContext(ctx, "an execution's end could not be written", "execution", x.name, "error", err.Error())
		return
	}
	failpoint.Here("execution.ended")
	x.engine.tell(x.name)
}

// follow runs a flow from where the execution is; parts of a state are executions of their own with inner set.
func (x *execution) follow(ctx context.Context, f *flow, inner bool) (any, error) {
	for {
		s := f.States[x.at]
		if s == nil { // since the definition changed
			return nil, &Failure{errRuntime, fmt.Sprintf("The state %q is not in the machine.", x.at)}
		}
		if err := x.enter(ctx, s, inner); err != nil {
			return nil, err
		}
		out, next, err := x.step(ctx, s, inner)
		if err == nil {
			err = limited(out)
		}
		if err != nil {
			return nil, err
		}
		if next == "" {
			return out, nil
		}
		x.at, x.data, x.entered, x.retries = next, out, time.Time{}, nil
	}
}

// enter notes that the execution is in a state, unless the journal has it. Nothing is entered when ctx has ended.
func (x *execution) enter(ctx context.Context, s *state, inner bool) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if x.entered.IsZero() {
		x.entered, err = x.note(Event{Type: stateEntered, State: s.name, Input: encodeValue(x.data), Inner: inner})
	}
	return err
}

// limited refuses data beyond what Step Functions passes between states.
func limited(v any) error {
	if n := len(encodeValue(v)); n > maxPayloadBytes {
		return &Failure{errDataLimit, fmt.Sprintf("The state's output has %d bytes; the limit is %d.", n, maxPayloadBytes)}
	}
	return nil
}

// note appends to the journal, and gives the time of the event. An execution that goes round in circles fails in the end.
func (x *execution) note(e Event) (time.Time, error) {
	x.journal.Lock()
	defer x.journal.Unlock()
	if *x.events++; *x.events >= maxEvents && !e.ended() {
		return time.Time{}, &Failure{errRuntime, fmt.Sprintf("The execution reached the maximum number of history events (%d).", maxEvents)}
	}
	e.Time = x.engine.cfg.Clock.Now().UTC()
	return e.Time, x.engine.cfg.Journal.Append(x.name, e)
}

// context is the context object, $$.
func (x *execution) context(s *state, retries int, item map[string]any) map[string]any {
	at := x.entered.UTC().Format("2006-01-02T15:04:05.000Z")
	c := map[string]any{
		"Execution": map[string]any{
			"Id": x.engine.cfg.ARN + ":" + x.name, "Name": x.name, "Input": x.input,
			"StartTime": x.started.UTC().Format("2006-01-02T15:04:05.000Z"),
		},
		"State":        map[string]any{"Name": s.name, "EnteredTime": at, "RetryCount": json.Number(fmt.Sprint(retries))},
		"StateMachine": map[string]any{"Id": x.engine.cfg.ARN, "Name": "StateMachine"},
	}
	if item != nil {
		c["Map"] = map[string]any{"Item": item}
	}
	return c
}

// step runs one state and says what comes next; "" is the end.
func (x *execution) step(ctx context.Context, s *state, inner bool) (out any, next string, err error) {
	object := x.context(s, 0, x.item)
	if s.Type == "Fail" {
		return nil, "", s.fail(x.data, object)
	}
	in, err := s.InputPath.sel(x.data, object)
	if err != nil {
		return nil, "", err
	}
	switch s.Type {
	case "Succeed":
		out, err = s.OutputPath.sel(in, object)
		return out, "", err
	case "Choice":
		return s.choose(in, object)
	case "Wait":
		if err := x.wait(ctx, s, in, object); err != nil {
			return nil, "", err
		}
		out, err = s.OutputPath.sel(in, object)
		return out, s.Next, err
	case "Pass":
		out, err = s.pass(x.data, in, object)
		return out, s.Next, err
	}
	return x.work(ctx, s, in, inner)
}
