package localsfn

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/videovector/exports/internal/asl"
)

// startInput is the request of StartExecution. A name that is not given is made up.
type startInput struct {
	StateMachineARN string  `json:"stateMachineArn"`
	Name            *string `json:"name"`
	Input           *string `json:"input"`
}

// startOutput is its reply.
type startOutput struct {
	ExecutionARN string    `json:"executionArn"`
	StartDate    timestamp `json:"startDate"`
}

// timestamp is written as seconds since 1970.
type timestamp time.Time

// MarshalJSON implements json.Marshaler.
func (t timestamp) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Time(t).UnixMilli()) / 1000)
}

// start begins an execution. One of the same name and input that still runs is the answer to a repeated request.
func (h *handler) start(ctx context.Context, body []byte) (any, *problem) {
	var in startInput
	if p := decode(body, &in); p != nil {
		return nil, p
	}
	if p := checkARN(in.StateMachineARN); p != nil {
		return nil, p
	}
	if in.StateMachineARN != h.cfg.StateMachineARN {
		return nil, refusal("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", in.StateMachineARN)
	}
	input := *cmp.Or(in.Input, new("{}"))
	if p := checkInput(input); p != nil {
		return nil, p
	}
	name := *cmp.Or(in.Name, new(h.cfg.NewID()))
	err := h.cfg.Executions.Start(ctx, name, json.RawMessage(input))
	switch {
	case errors.Is(err, asl.ErrBadName):
		return nil, refusal("InvalidName", "Invalid Name: '%s'", name)
	case err == nil || errors.Is(err, asl.ErrExecutionExists):
		return h.started(name, input, err != nil)
	}
	return nil, internal(err)
}

// started is the answer once there is an execution of the name, be it this request's or, when it was there before, an
// earlier one's.
func (h *handler) started(name, input string, before bool) (any, *problem) {
	x, err := h.cfg.Executions.Describe(name)
	if err != nil {
		return nil, internal(err)
	}
	arn := ExecutionARN(h.cfg.StateMachineARN, name)
	if before && (x.Status != "RUNNING" || !sameInput(x.Input, []byte(input))) {
		return nil, refusal("ExecutionAlreadyExists", "Execution Already Exists: '%s'", arn)
	}
	return startOutput{arn, timestamp(x.Started)}, nil
}

// description is the reply of DescribeExecution.
type description struct {
	ExecutionARN    string     `json:"executionArn"`
	StateMachineARN string     `json:"stateMachineArn"`
	Name            string     `json:"name"`
	Status          string     `json:"status"`
	StartDate       timestamp  `json:"startDate"`
	StopDate        *timestamp `json:"stopDate,omitempty"`
	Input           string     `json:"input"`
	InputDetails    details    `json:"inputDetails"`
	Output          string     `json:"output,omitempty"`
	OutputDetails   *details   `json:"outputDetails,omitempty"`
	Error           string     `json:"error,omitempty"`
	Cause           string     `json:"cause,omitempty"`
}

// details says whether a payload is in the reply: here it always is.
type details struct {
	Included bool `json:"included"`
}

func (h *handler) description(x asl.Execution) description {
	d := description{
		ExecutionARN: ExecutionARN(h.cfg.StateMachineARN, x.Name), StateMachineARN: h.cfg.StateMachineARN, Name: x.Name, Status: x.Status,
		StartDate: timestamp(x.Started), Input: string(x.Input), InputDetails: details{true},
		Output: string(x.Output), Error: x.Error, Cause: x.Cause,
	}
	if !x.Stopped.IsZero() {
		d.StopDate = new(timestamp(x.Stopped))
	}
	if x.Output != nil {
		d.OutputDetails = &details{true}
	}
	return d
}
