package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/videovector/exports/internal/failpoint"
)

// work runs a Task, Map or Parallel state with its retries and its catchers.
func (x *execution) work(ctx context.Context, s *state, in any, inner bool) (out any, next string, err error) {
	retries := make([]int, len(s.Retry))
	copy(retries, x.retries)
	for total := sum(retries); ; total++ {
		object := x.context(s, total, x.item)
		result, err := x.attempt(ctx, s, in, object)
		if err == nil {
			out, err = s.conclude(x.data, result, object)
			if err == nil {
				return out, s.Next, nil
			}
		}
		var f *Failure
		if ctx.Err() != nil || !errors.As(err, &f) {
			return nil, "", err
		}
		again, err := x.retry(ctx, s, f, retries, inner)
		if err != nil {
			return nil, "", err
		}
		if !again {
			return x.catch(s, f)
		}
	}
}

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// attempt runs the state's work once.
func (x *execution) attempt(ctx context.Context, s *state, in any, object map[string]any) (any, error) {
	switch s.Type {
	case "Map":
		return x.mapItems(ctx, s, in, object)
	case "Parallel":
		return x.parallel(ctx, s, in, object)
	}
	return x.task(ctx, s, in, object)
}

// conclude turns the result of the work into the state's output.
func (s *state) conclude(data, result any, object map[string]any) (any, error) {
	if s.ResultSelector != nil {
		var err error
		if result, err = s.ResultSelector.eval(result, object); err != nil {
			return nil, err
		}
	}
	return s.finish(data, result, object)
}

// retry waits for the next attempt, if a retrier has one left for the failure. The wait is in the journal first: an
// execution that is resumed has used it up.
func (x *execution) retry(ctx context.Context, s *state, f *Failure, retries []int, inner bool) (bool, error) {
	for i, r := range s.Retry {
		if !f.matches(r.ErrorEquals) {
			continue
		}
		if retries[i] >= or(r.MaxAttempts, defaultMaxAttempts) {
			return false, nil
		}
		wait := r.delay(retries[i], x.engine.cfg.Random())
		retries[i]++
		_, err := x.note(Event{Type: retryScheduled, State: s.name, Error: f.Name, Cause: f.Cause, Retries: append([]int(nil), retries...), Inner: inner})
		if err != nil {
			return false, err
		}
		return true, x.engine.cfg.Clock.Sleep(ctx, wait)
	}
	return false, nil
}

// catch goes where the first catcher that takes the failure points; without one the failure goes on.
func (x *execution) catch(s *state, f *Failure) (any, string, error) {
	for _, c := range s.Catch {
		if f.matches(c.ErrorEquals) {
			out, err := c.ResultPath.apply(x.data, map[string]any{"Error": f.Name, "Cause": f.Cause})
			return out, c.Next, err
		}
	}
	return nil, "", f
}

// task calls a Lambda function.
func (x *execution) task(ctx context.Context, s *state, in any, object map[string]any) (any, error) {
	payload := in
	if s.Parameters != nil {
		var err error
		if payload, err = s.Parameters.eval(in, object); err != nil {
			return nil, err
		}
	}
	function := s.Resource
	if s.Resource == lambdaInvoke {
		parameters := payload.(map[string]any) // Load has seen to it
		name, ok := parameters["FunctionName"].(string)
		if !ok {
			return nil, &Failure{errRuntime, "Parameters hold no FunctionName."}
		}
		function, payload = name, parameters["Payload"]
		if _, ok := parameters["Payload"]; !ok {
			payload = map[string]any{}
		}
	}
	v, err := x.invoke(ctx, s, function, payload)
	if err == nil {
		err = limited(v)
	}
	if err != nil || s.Resource != lambdaInvoke {
		return v, err
	}
	return map[string]any{"ExecutedVersion": "$LATEST", "Payload": v, "StatusCode": json.Number("200")}, nil
}

func (x *execution) invoke(ctx context.Context, s *state, function string, payload any) (any, error) {
	if err := limited(payload); err != nil {
		return nil, err
	}
	call, cancel := context.WithTimeout(ctx, seconds(or(s.TimeoutSeconds, maxSeconds)))
	defer cancel()
	reply, err := x.engine.cfg.Functions.Invoke(call, function, encodeValue(payload))
	failpoint.Here("execution.answered")
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case call.Err() != nil:
		return nil, &Failure{errTimeout, ""}
	case errors.Is(err, ErrThrottled):
		return nil, &Failure{"Lambda.TooManyRequestsException", "Rate Exceeded."}
	case err != nil:
		return nil, &Failure{"Lambda.ServiceException", err.Error()}
	case reply.Failed:
		return nil, functionFailure(reply.Payload)
	}
	v, err := decodeValue(reply.Payload)
	if err != nil {
		return nil, &Failure{errRuntime, fmt.Sprintf("The function's reply is not JSON: %v", err)}
	}
	return v, nil
}

// functionFailure names a failure as the function's runtime did; the cause is what it reported, word for word.
func functionFailure(payload []byte) *Failure {
	var reported struct {
		Type string `json:"errorType"`
	}
	if json.Unmarshal(payload, &reported) != nil || reported.Type == "" {
		return &Failure{"Lambda.Unknown", string(payload)}
	}
	return &Failure{reported.Type, string(payload)}
}
