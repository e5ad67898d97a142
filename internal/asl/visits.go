package asl

import (
	"encoding/json"
	"time"
)

// Visit is one stay of an execution in a state.
type Visit struct {
	State   string
	Entered time.Time
	Left    time.Time // zero while it lasts
	Input   json.RawMessage
	Retries []Retry // of the state's own work
	Parts   int     // how often a state inside was entered
	Within  []Retry // retries of states inside
}

// Retry is a failed call that was followed by another one.
type Retry struct {
	At    time.Time
	Error string
	Cause string
}

// Tell is how the execution of a history stands.
func Tell(name string, history []Event) Execution {
	if len(history) == 0 {
		return Execution{Name: name}
	}
	return told(name, history)
}

func told(name string, events []Event) Execution {
	first, last := events[0], events[len(events)-1]
	x := Execution{Name: name, Status: "RUNNING", Input: first.Input, Started: first.Time}
	if !last.ended() {
		return x
	}
	x.Output, x.Error, x.Cause, x.Stopped = last.Output, last.Error, last.Cause, last.Time
	x.Status = map[string]string{executionSucceeded: "SUCCEEDED", executionFailed: "FAILED", executionTimedOut: "TIMED_OUT"}[last.Type]
	return x
}

// Visits are the stays that a history tells of, in order. A state that a crash interrupted is stayed in once: it goes on
// where it was.
func Visits(history []Event) []Visit {
	var all []Visit
	for _, e := range history {
		switch {
		case e.Type == stateEntered && !e.Inner:
			leave(all, e.Time)
			all = append(all, Visit{State: e.State, Entered: e.Time, Input: e.Input})
		case e.ended():
			leave(all, e.Time)
		case len(all) == 0:
		case e.Type == stateEntered:
			all[len(all)-1].Parts++
		case e.Type == retryScheduled:
			v, r := &all[len(all)-1], Retry{At: e.Time, Error: e.Error, Cause: e.Cause}
			if e.Inner {
				v.Within = append(v.Within, r)
			} else {
				v.Retries = append(v.Retries, r)
			}
		}
	}
	return all
}

// leave ends the last stay.
func leave(visits []Visit, at time.Time) {
	if n := len(visits); n > 0 {
		visits[n-1].Left = at
	}
}
