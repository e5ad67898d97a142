package asl

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Failure is an error inside an execution, by the name that Retry and Catch match.
type Failure struct {
	Name  string // Error in the states language
	Cause string
}

// Error implements error.
func (f *Failure) Error() string { return f.Name + ": " + f.Cause }

// Names that the states language reserves.
const (
	errAll              = "States.ALL"
	errTaskFailed       = "States.TaskFailed"
	errTimeout          = "States.Timeout"
	errRuntime          = "States.Runtime"
	errDataLimit        = "States.DataLimitExceeded"
	errParameterPath    = "States.ParameterPathFailure"
	errResultPath       = "States.ResultPathMatchFailure"
	errNoChoice         = "States.NoChoiceMatched"
	errIntrinsic        = "States.IntrinsicFailure"
	errItemReader       = "States.ItemReaderFailed"
	errResultWriter     = "States.ResultWriterFailed"
	errTooManyFailures  = "States.ExceedToleratedFailureThreshold"
	maxPayloadBytes     = 256 << 10 // of Step Functions, for the input and output of a state
	defaultMaxAttempts  = 3
	defaultInterval     = 1
	defaultBackoffRate  = 2
	defaultItemsAtATime = 40
)

type retrier struct {
	ErrorEquals     []string `json:"ErrorEquals"`
	Comment         string   `json:"Comment"`
	IntervalSeconds *int     `json:"IntervalSeconds"`
	MaxAttempts     *int     `json:"MaxAttempts"`
	BackoffRate     *float64 `json:"BackoffRate"`
	MaxDelaySeconds *int     `json:"MaxDelaySeconds"`
	JitterStrategy  string   `json:"JitterStrategy"`
}

type catcher struct {
	ErrorEquals []string `json:"ErrorEquals"`
	Comment     string   `json:"Comment"`
	ResultPath  optional `json:"ResultPath"`
	Next        string   `json:"Next"`
}

func checkHandlers(retry []retrier, catch []catcher) error {
	for i, r := range retry {
		if err := checkNames(r.ErrorEquals, i == len(retry)-1); err != nil {
			return fmt.Errorf("Retry %d: %w", i, err)
		}
		if r.JitterStrategy != "" && r.JitterStrategy != "FULL" && r.JitterStrategy != "NONE" {
			return fmt.Errorf("Retry %d: the jitter strategy %q does not exist", i, r.JitterStrategy)
		}
		if or(r.IntervalSeconds, 1) < 1 || or(r.MaxAttempts, 0) < 0 || or(r.BackoffRate, 1) < 1 || or(r.MaxDelaySeconds, 1) < 1 {
			return fmt.Errorf("Retry %d: a number is out of range", i)
		}
	}
	for i, c := range catch {
		if err := checkNames(c.ErrorEquals, i == len(catch)-1); err != nil {
			return fmt.Errorf("Catch %d: %w", i, err)
		}
		if c.Next == "" {
			return fmt.Errorf("Catch %d: has no Next", i)
		}
	}
	return nil
}

func checkNames(names []string, last bool) error {
	if len(names) == 0 {
		return errors.New("ErrorEquals is empty")
	}
	if slices.Contains(names, errAll) && (len(names) > 1 || !last) {
		return errors.New("States.ALL stands alone and last")
	}
	return nil
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// matches reports whether a list of error names takes the failure. States.ALL leaves out what no handler may take,
// States.TaskFailed takes everything but a time-out.
func (f *Failure) matches(names []string) bool {
	for _, n := range names {
		switch {
		case n == f.Name:
			return true
		case n == errAll && f.Name != errRuntime && f.Name != errDataLimit:
			return true
		case n == errTaskFailed && f.Name != errTimeout && f.Name != errRuntime && f.Name != errDataLimit:
			return true
		}
	}
	return false
}

// delay is the wait before retry number n, from 0; random is in [0, 1).
func (r retrier) delay(n int, random float64) time.Duration {
	seconds := float64(or(r.IntervalSeconds, defaultInterval)) * math.Pow(or(r.BackoffRate, defaultBackoffRate), float64(n))
	if r.MaxDelaySeconds != nil {
		seconds = min(seconds, float64(*r.MaxDelaySeconds))
	}
	if r.JitterStrategy == "FULL" {
		seconds *= random
	}
	return time.Duration(seconds * float64(time.Second))
}
