package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// execution is one run of the machine.
type execution struct {
	engine  *Engine
	name    string
	started time.Time
	input   any

	// Where it is: the next state, its input, and, after a crash, whether the journal has it entered and how often it
	// was retried.
	at      string
	data    any
	entered bool
	retries []int

	journal sync.Mutex // events of parallel parts come one at a time
}

// run goes from state to state until the end. When the engine stops it returns without an end.
func (x *execution) run(ctx context.Context) {
	inner := ctx
	if limit := x.engine.cfg.Machine.top.TimeoutSeconds; limit > 0 {
		var cancel context.CancelFunc
		inner, cancel = context.WithDeadline(ctx, x.started.Add(seconds(limit)))
		defer cancel()
	}
	out, err := x.follow(inner, x.engine.cfg.Machine.top, false)
	if ctx.Err() != nil {
		return
	}
	end := Event{Type: executionSucceeded}
	var f *Failure
	switch {
	case errors.Is(inner.Err(), context.DeadlineExceeded):
		end = Event{Type: executionTimedOut, Error: errTimeout}
	case errors.As(err, &f):
		end = Event{Type: executionFailed, Error: f.Name, Cause: f.Cause}
	case err != nil:
		x.engine.cfg.Log.ErrorContext(ctx, "execution broke off", "execution", x.name, "error", err.Error())
		return
	default:
		end.Output = encodeValue(out)
	}
	if err := x.note(end); err != nil {
		x.engine.cfg.Log.ErrorContext(ctx, "an execution's end could not be written", "execution", x.name, "error", err.Error())
		return
	}
	if d, err := x.engine.Describe(x.name); err == nil {
		x.engine.cfg.OnEnd(d)
	}
}

// follow runs a flow from where the execution is; parts of a state are executions of their own with inner set.
func (x *execution) follow(ctx context.Context, f *flow, inner bool) (any, error) {
	for {
		s := f.States[x.at]
		if !x.entered {
			if err := x.note(Event{Type: stateEntered, State: s.name, Input: encodeValue(x.data), Inner: inner}); err != nil {
				return nil, err
			}
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
		x.at, x.data, x.entered, x.retries = next, out, false, nil
	}
}

// limited refuses data beyond what Step Functions passes between states.
func limited(v any) error {
	if n := len(encodeValue(v)); n > maxPayloadBytes {
		return &Failure{errDataLimit, fmt.Sprintf("The state's output has %d bytes; the limit is %d.", n, maxPayloadBytes)}
	}
	return nil
}

// note appends to the journal.
func (x *execution) note(e Event) error {
	x.journal.Lock()
	defer x.journal.Unlock()
	e.Time = x.engine.cfg.Clock.Now().UTC()
	return x.engine.cfg.Journal.Append(x.name, e)
}

// context is the context object, $$.
func (x *execution) context(s *state, retries int, item any) map[string]any {
	at := x.engine.cfg.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z")
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
	object := x.context(s, 0, nil)
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

func (s *state) fail(data, object any) error {
	f := &Failure{s.Error, s.Cause}
	for _, p := range []struct {
		path *path
		to   *string
	}{{s.ErrorPath, &f.Name}, {s.CausePath, &f.Cause}} {
		if p.path == nil {
			continue
		}
		v, err := p.path.need(data, object, errRuntime)
		if err != nil {
			return err
		}
		text, ok := v.(string)
		if !ok {
			return &Failure{errRuntime, fmt.Sprintf("The path %q names no string.", p.path.text)}
		}
		*p.to = text
	}
	return f
}

func (s *state) choose(in, object any) (out any, next string, err error) {
	next = s.Default
	for i := range s.Choices {
		ok, err := s.Choices[i].holds(in, object)
		if err != nil {
			return nil, "", err
		}
		if ok {
			next = s.Choices[i].Next
			break
		}
	}
	if next == "" {
		return nil, "", &Failure{errNoChoice, fmt.Sprintf("No choice of state %q holds, and it has no Default.", s.name)}
	}
	out, err = s.OutputPath.sel(in, object)
	return out, next, err
}

func (s *state) pass(data, in, object any) (any, error) {
	result := in
	var err error
	if s.Parameters != nil {
		if result, err = s.Parameters.eval(in, object); err != nil {
			return nil, err
		}
	}
	if s.Result != nil {
		if result, err = decodeValue(s.Result); err != nil {
			return nil, err
		}
	}
	return s.finish(data, result, object)
}

// finish puts a result into the state's input and selects its output.
func (s *state) finish(data, result, object any) (any, error) {
	out, err := s.ResultPath.apply(data, result)
	if err != nil {
		return nil, err
	}
	return s.OutputPath.sel(out, object)
}

// apply is data with the result at the path: replaced by it when the path is absent, unchanged when it is null.
func (o optional) apply(data, result any) (any, error) {
	switch {
	case o.null():
		return data, nil
	case o.path == nil:
		return result, nil
	}
	return o.path.put(data, result)
}

func (x *execution) wait(ctx context.Context, s *state, in, object any) error {
	d, err := s.waitFor(in, object, x.engine.cfg.Clock.Now())
	if err != nil {
		return err
	}
	return x.engine.cfg.Clock.Sleep(ctx, d)
}

func (s *state) waitFor(in, object any, now time.Time) (time.Duration, error) {
	switch {
	case s.Seconds != nil:
		return seconds(*s.Seconds), nil
	case s.SecondsPath != nil:
		v, err := s.SecondsPath.need(in, object, errRuntime)
		n, ok := number(v)
		if err == nil && (!ok || n < 0) {
			err = &Failure{errRuntime, "SecondsPath names no number of seconds."}
		}
		return seconds(n), err
	case s.Timestamp != "":
		t, err := timestamp(s.Timestamp)
		return t.Sub(now), err
	}
	v, err := s.TimestampPath.need(in, object, errRuntime)
	if err != nil {
		return 0, err
	}
	t, err := timestamp(v)
	if err != nil {
		return 0, &Failure{errRuntime, "TimestampPath names no timestamp."}
	}
	return t.Sub(now), nil
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
