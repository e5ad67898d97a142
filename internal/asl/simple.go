package asl

import (
	"context"
	"fmt"
	"math"
	"time"
)

func (s *state) fail(data, object any) error {
	f := &Failure{s.Error, s.Cause}
	for _, p := range []struct {
		path *path
		to   *string
	}{{s.ErrorPath, &f.Name}, {s.CausePath, &f.Cause}} {
		if p.path == nil {
			continue
		}
		v, err := p.path.need(data, object)
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
		return nil, "", &Failure{errRuntime, fmt.Sprintf("No choice of state %q holds, and it has no Default.", s.name)}
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

// wait ends when the state says, counted from when it was entered: a crash makes it no longer.
func (x *execution) wait(ctx context.Context, s *state, in, object any) error {
	d, err := s.waitFor(in, object, x.entered)
	if err != nil {
		return err
	}
	return x.engine.cfg.Clock.Sleep(ctx, x.entered.Add(d).Sub(x.engine.cfg.Clock.Now()))
}

func (s *state) waitFor(in, object any, entered time.Time) (time.Duration, error) {
	switch {
	case s.Seconds != nil:
		return seconds(*s.Seconds), nil
	case s.SecondsPath != nil:
		v, err := s.SecondsPath.need(in, object)
		n, ok := number(v)
		if err == nil && (!ok || n < 0 || n > maxSeconds || n != math.Trunc(n)) {
			err = &Failure{errRuntime, "SecondsPath names no whole number of seconds that may be waited."}
		}
		return seconds(int(n)), err
	case s.Timestamp != "":
		t, err := timestamp(s.Timestamp)
		return t.Sub(entered), err
	}
	v, err := s.TimestampPath.need(in, object)
	if err != nil {
		return 0, err
	}
	t, err := timestamp(v)
	if err != nil {
		return 0, &Failure{errRuntime, "TimestampPath names no timestamp."}
	}
	return t.Sub(entered), nil
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
