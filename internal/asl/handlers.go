package asl

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
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
	errResultPath       = "States.ResultPathMatchFailure"
	errIntrinsic        = "States.IntrinsicFailure"
	errItemReader       = "States.ItemReaderFailed"
	errResultWriter     = "States.ResultWriterFailed"
	errTooManyFailures  = "States.ExceedToleratedFailureThreshold"
	maxPayloadBytes     = 256 << 10 // of Step Functions, for the input and output of a state
	maxEvents           = 25_000    // of Step Functions, for the history of an execution
	maxRetries          = 99_999_999
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
		if err := r.checkNumbers(); err != nil {
			return fmt.Errorf("Retry %d: %w", i, err)
		}
	}
	for i, c := range catch {
		if err := checkNames(c.ErrorEquals, i == len(catch)-1); err != nil {
			return fmt.Errorf("Catch %d: %w", i, err)
		}
		if c.Next == "" {
			return fmt.Errorf("Catch %d: has no Next", i)
		}
		if c.ResultPath.path != nil && c.ResultPath.path.context {
			return fmt.Errorf("Catch %d: ResultPath points into the context object", i)
		}
	}
	return nil
}

func (r retrier) checkNumbers() error {
	if or(r.BackoffRate, 1) < 1 {
		return errors.New("BackoffRate is less than 1")
	}
	if n := or(r.MaxAttempts, 0); n < 0 || n > maxRetries {
		return fmt.Errorf("MaxAttempts is not between 0 and %d", maxRetries)
	}
	return errors.Join(checkSeconds("IntervalSeconds", r.IntervalSeconds, 1), checkSeconds("MaxDelaySeconds", r.MaxDelaySeconds, 1))
}

func checkNames(names []string, last bool) error {
	if len(names) == 0 {
		return errors.New("ErrorEquals is empty")
	}
	if slices.Contains(names, errAll) && (len(names) > 1 || !last) {
		return errors.New("States.ALL stands alone and last")
	}
	for _, n := range names {
		if strings.HasPrefix(n, "States.") && !slices.Contains(reserved, n) {
			return fmt.Errorf("the language has no error %s", n)
		}
	}
	return nil
}

// reserved are the names that the states language and Step Functions give to errors, those that never occur here too.
var reserved = []string{
	errAll, errTaskFailed, errTimeout, errRuntime, errDataLimit, errResultPath, errIntrinsic, errItemReader, errResultWriter, errTooManyFailures,
	"States.BranchFailed", "States.HeartbeatTimeout", "States.Http.Socket", "States.NoChoiceMatched", "States.ParameterPathFailure",
	"States.Permissions", "States.QueryEvaluationError",
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// matches reports whether a list of error names takes the failure. States.ALL takes every one, States.TaskFailed every
// one but a time-out, and nothing takes States.Runtime: it ends the execution, whatever a handler says.
func (f *Failure) matches(names []string) bool {
	if f.Name == errRuntime {
		return false
	}
	return slices.ContainsFunc(names, func(n string) bool {
		return n == f.Name || n == errAll || (n == errTaskFailed && f.Name != errTimeout)
	})
}

// delay is the wait before retry number n, from 0; random is in [0, 1).
func (r retrier) delay(n int, random float64) time.Duration {
	seconds := float64(or(r.IntervalSeconds, defaultInterval)) * math.Pow(or(r.BackoffRate, defaultBackoffRate), float64(n))
	seconds = min(seconds, float64(or(r.MaxDelaySeconds, maxSeconds)))
	if r.JitterStrategy == "FULL" {
		seconds *= random
	}
	return time.Duration(seconds * float64(time.Second))
}
