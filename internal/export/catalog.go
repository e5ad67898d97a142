package export

import (
	"cmp"
	"encoding/json"
	"time"
)

// RunStatus is the platform's state of a prompt run.
type RunStatus string

const (
	RunPending               RunStatus = "pending"
	RunProcessing            RunStatus = "processing"
	RunCompleted             RunStatus = "completed"
	RunCompletedWithFailures RunStatus = "completed_with_failures"
	RunFailed                RunStatus = "failed"
	RunCancelled             RunStatus = "cancelled"
)

// Finished reports whether the run will write no further result.
func (s RunStatus) Finished() bool { return s != RunPending && s != RunProcessing }

// Index is a collection of videos, as the platform's catalogue describes it.
type Index struct {
	ID        string
	AccountID string
	Name      string
	UserID    string
	CreatedAt time.Time
}

// Run is one execution of a prompt, as the platform's catalogue describes it.
type Run struct {
	ID              string
	AccountID       string
	IndexID         string // "" for a run over single videos or in the playground
	ContextType     string // index, videos or playground
	PromptID        string
	PromptName      string
	ExecutedAt      time.Time
	ExecutedBy      string
	Status          RunStatus
	ProcessingModel string
	Schema          json.RawMessage // JSON Schema of the extracted fields; nil for none
	// Totals over the parts; each must equal the sum.
	Parts int
	Rows  int64
	Bytes int64
}

// ReadyAt reports whether an export of every finished run of an index, as of the time, holds the run.
func (r Run) ReadyAt(asOf time.Time) bool { return r.Status.Finished() && !r.ExecutedAt.After(asOf) }

// CompareRuns orders runs as exports hold them.
func CompareRuns(a, b Run) int {
	return cmp.Or(a.ExecutedAt.Compare(b.ExecutedAt), cmp.Compare(a.ID, b.ID))
}

// Part is one NDJSON object of a run's results, in the results bucket. Parts are read in Number order.
type Part struct {
	Number int // from 1, without gaps
	Key    string
	Bytes  int64
	Rows   int64
	SHA256 string // lower-case hex of the whole object
}
