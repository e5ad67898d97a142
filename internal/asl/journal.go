package asl

import (
	"encoding/json"
	"errors"
	"regexp"
	"sync"
	"time"
)

// Event is one line of an execution's history. Types are named as Step Functions names them.
type Event struct {
	Time   time.Time       `json:"time"`
	Type   string          `json:"type"`
	State  string          `json:"state,omitempty"`
	Inner  bool            `json:"inner,omitempty"` // inside a Map or Parallel state; not a point to resume from
	Input  json.RawMessage `json:"input,omitempty"`
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Cause  string          `json:"cause,omitempty"`
	// Retries counts the retries so far, by retrier; it stands in TaskRetryScheduled.
	Retries []int `json:"retries,omitempty"`
}

// Types of events.
const (
	executionStarted   = "ExecutionStarted"
	executionSucceeded = "ExecutionSucceeded"
	executionFailed    = "ExecutionFailed"
	executionTimedOut  = "ExecutionTimedOut"
	stateEntered       = "StateEntered"
	stateExited        = "StateExited"
	retryScheduled     = "TaskRetryScheduled"
)

// ended reports whether the event is an execution's last.
func (e Event) ended() bool {
	return e.Type == executionSucceeded || e.Type == executionFailed || e.Type == executionTimedOut
}

// Journal keeps executions' histories. It is safe for concurrent use; events of one execution come one at a time.
type Journal interface {
	// Create begins a history with its first event. A name that was ever used fails with ErrExecutionExists.
	Create(name string, first Event) error
	// Append adds an event durably; an unknown name fails with ErrNoExecution.
	Append(name string, e Event) error
	// Events gives a history; an unknown name fails with ErrNoExecution.
	Events(name string) ([]Event, error)
	// Settle notes that the end of an execution has been heard. It may be called again.
	Settle(name string) error
	// Unfinished names the executions that are not settled. Some may have ended, and of some Events may fail.
	Unfinished() ([]string, error)
}

var (
	// ErrExecutionExists is a start under a name that was used before.
	ErrExecutionExists = errors.New("an execution of this name exists")
	// ErrNoExecution is a name that was never used.
	ErrNoExecution = errors.New("no execution has this name")
	// ErrBadName is a name that Step Functions would not take.
	ErrBadName = errors.New("an execution's name is 1 to 80 letters, digits, \"_\" or \"-\"")
)

var executionName = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,80}\z`)

// MemoryJournal is a journal that ends with the process.
type MemoryJournal struct {
	mu        sync.Mutex
	histories map[string][]Event
	settled   map[string]bool
}

// NewMemoryJournal makes an empty journal.
func NewMemoryJournal() *MemoryJournal {
	return &MemoryJournal{histories: map[string][]Event{}, settled: map[string]bool{}}
}

// Create implements Journal.
func (j *MemoryJournal) Create(name string, first Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.histories[name]; ok {
		return ErrExecutionExists
	}
	j.histories[name] = []Event{first}
	return nil
}

// Append implements Journal.
func (j *MemoryJournal) Append(name string, e Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.histories[name]; !ok {
		return ErrNoExecution
	}
	j.histories[name] = append(j.histories[name], e)
	return nil
}

// Events implements Journal.
func (j *MemoryJournal) Events(name string) ([]Event, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	events, ok := j.histories[name]
	if !ok {
		return nil, ErrNoExecution
	}
	return append([]Event(nil), events...), nil
}

// Settle implements Journal.
func (j *MemoryJournal) Settle(name string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.histories[name]; !ok {
		return ErrNoExecution
	}
	j.settled[name] = true
	return nil
}

// Unfinished implements Journal.
func (j *MemoryJournal) Unfinished() ([]string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var open []string
	for name := range j.histories {
		if !j.settled[name] {
			open = append(open, name)
		}
	}
	return open, nil
}
