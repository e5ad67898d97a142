// Package export is the domain: what an export is, which states it passes through and which rules hold on the way.
// It performs no I/O and imports the standard library only. A transition takes the time as an argument, returns the
// next record, and is safe to apply twice; the stores make it durable under the fence of the record it came from.
package export

import (
	"slices"
	"time"
)

// Type is what an export was asked for.
type Type string

const (
	TypeIndex     Type = "index"
	TypePromptRun Type = "prompt_run"
)

// Status is the export's state as clients see it. It only ever moves forward.
type Status string

const (
	StatusPending    Status = "pending"
	StatusProcessing Status = "processing"
	StatusCompleted  Status = "completed"
	StatusFailed     Status = "failed"
)

// Terminal reports whether no further transition exists.
func (s Status) Terminal() bool { return s == StatusCompleted || s == StatusFailed }

// QueueStatus is the finer state of the work behind an export.
type QueueStatus string

const (
	QueueQueued     QueueStatus = "queued"      // waits for an execution
	QueueLeased     QueueStatus = "leased"      // an execution has claimed it and is planning
	QueueRunning    QueueStatus = "running"     // the plan is frozen, work goes on
	QueueFailed     QueueStatus = "failed"      // ended: a failure that no repetition mends
	QueueSucceeded  QueueStatus = "succeeded"   // ended well
	QueueDeadLetter QueueStatus = "dead_letter" // ended: every attempt is used up
)

// ResultScope is which results of the selected runs an export holds.
type ResultScope string

const (
	ScopeAll     ResultScope = "all"
	ScopeMatches ResultScope = "matches" // only records whose "selected" is true
)

// Phase names the step that an export is in, for people who watch it.
type Phase string

const (
	PhaseQueued     Phase = "queued"
	PhasePlanning   Phase = "planning"
	PhasePackaging  Phase = "packaging"
	PhaseAssembling Phase = "assembling"
	PhaseLinking    Phase = "linking"
	PhaseDelivering Phase = "delivering"
	PhaseDone       Phase = "done"
)

// Request is what the caller asked for, after defaults.
type Request struct {
	Type        Type
	TargetID    string   // index id or run id
	RunIDs      []string // only with TypeIndex; empty means every finished run
	Scope       ResultScope
	Destination *Destination // nil means download only
}

// Destination is where a connector export goes. Both paths are normalised: no leading or trailing slash.
type Destination struct {
	ConnectorID string
	BasePath    string // the connector's export_base_path when the export was created; "" for none
	Subpath     string // "" for none
}

// Export is the record of one export. Times are UTC with millisecond precision; a zero time means "not yet".
type Export struct {
	ID        string
	AccountID string
	UserID    string
	Request   Request

	Status      Status
	QueueStatus QueueStatus
	// Generation is the fence: it grows whenever the work is handed to a new execution, and a write that carries an
	// older one is refused. Revision grows with every write and makes two writers of one generation take turns.
	Generation int
	Revision   int64
	// ClaimedGeneration is the generation whose execution made the latest claim; it makes a repeated claim free.
	ClaimedGeneration int
	Attempts          int // claims so far
	MaxAttempts       int

	CreatedAt   time.Time // also the as_of of the selection
	AvailableAt time.Time // earliest start of the next attempt
	StartedAt   time.Time // first claim
	CompletedAt time.Time // terminal state, either one
	UpdatedAt   time.Time
	DueAt       time.Time // when the sweeper looks at it next; zero once terminal
	ExpiresAt   time.Time // when the artifact may go; zero before completion

	Progress Progress
	Artifact *Artifact
	Link     *Link
	Receipt  *Receipt
	// LastError is the latest failure's public message, ErrorMessage the one that ended the export.
	LastError    string
	ErrorMessage string
	// EventMark is the terminal event's name once the terminal state is written with it: export.ready or export.failed.
	EventMark string
}

// Progress is how far the work is. Totals are zero until the plan is frozen.
type Progress struct {
	Phase        Phase
	RecordsDone  int64
	RecordsTotal int64
	BytesWritten int64
	BytesTotal   int64
}

// Artifact is the packaged document in the artifacts bucket, committed together with its manifest.
type Artifact struct {
	Bucket         string
	Key            string
	ManifestKey    string
	Bytes          int64
	SHA256         string // lower-case hex, whole document
	ManifestSHA256 string // lower-case hex, manifest file
	Counts         Counts
}

// URI is the artifact's s3:// address.
func (a *Artifact) URI() string { return "s3://" + a.Bucket + "/" + a.Key }

// Counts is what a document holds. Results = Segments + Videos + records of another type.
type Counts struct {
	Runs     int64 `json:"runs"`
	Results  int64 `json:"results"`
	Segments int64 `json:"segments"`
	Videos   int64 `json:"videos"`
	Failed   int64 `json:"failed"` // results whose processing failed
}

// Add gives the sum, field by field.
func (c Counts) Add(o Counts) Counts {
	return Counts{c.Runs + o.Runs, c.Results + o.Results, c.Segments + o.Segments, c.Videos + o.Videos, c.Failed + o.Failed}
}

// Link is a presigned address of the artifact. URL is a bearer credential: it goes to the owner and into no log.
type Link struct {
	URL       string
	ExpiresAt time.Time
}

// Receipt proves a delivery: what was read back at the destination after the last write.
type Receipt struct {
	URI            string
	ManifestURI    string
	Bytes          int64
	SHA256         string // lower-case hex
	ETag           string
	VersionID      string // "" where the bucket keeps no versions
	DeliveredAt    time.Time
	AlreadyPresent bool // an equal object was there before
}

// Fence is what must still hold in the store for a write to be accepted.
type Fence struct {
	Generation int
	Revision   int64
	Statuses   []Status
}

// Fence is the condition under which a successor of e may be written: nobody wrote since e was read, the generation
// is unchanged, and the export is still open.
func (e Export) Fence() Fence {
	return Fence{Generation: e.Generation, Revision: e.Revision, Statuses: []Status{StatusPending, StatusProcessing}}
}

// Holds reports whether the stored record satisfies the fence.
func (f Fence) Holds(stored Export) bool {
	return f.Generation == stored.Generation && f.Revision == stored.Revision && slices.Contains(f.Statuses, stored.Status)
}

// Open reports whether the export still has work to come.
func (e Export) Open() bool { return !e.Status.Terminal() }

// AsOf is the moment the selection was made: results of runs that finished later are not in the document.
func (e Export) AsOf() time.Time { return e.CreatedAt }

// ToConnector reports whether the export is delivered to a connector.
func (e Export) ToConnector() bool { return e.Request.Destination != nil }
