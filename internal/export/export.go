// Package export is the domain: what an export is, which states it passes through and which rules hold on the way.
// It performs no I/O and imports the standard library only. A transition takes the time as an argument, returns the
// next record, and is safe to apply twice; the stores make it durable under the fence of the record it came from.
package export

import (
	"slices"
	"strings"
	"time"
)

// Type is what an export was asked for.
type Type string

const (
	TypeIndex     Type = "index"
	TypePromptRun Type = "prompt_run"
)

// Status is the export's state as clients see it. It only moves forward, but for its owner's retry of a failed export.
type Status string

const (
	StatusPending    Status = "pending"
	StatusProcessing Status = "processing"
	StatusCompleted  Status = "completed"
	StatusFailed     Status = "failed"
)

// Terminal reports whether the work is over. Only the owner's retry leads out of it, and only from StatusFailed.
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

// Outcome tells ends apart that have one status.
type Outcome string

// OutcomeCancelled is the end of an export that its owner has cancelled: StatusFailed, since clients know four statuses.
const OutcomeCancelled Outcome = "cancelled"

// ResultScope is which results of the selected runs an export holds.
type ResultScope string

const (
	ScopeAll     ResultScope = "all"
	ScopeMatches ResultScope = "matches" // only records whose "selected" is true
)

// Phase names the step that an export is in, for people who watch it.
type Phase string

const (
	PhaseWaiting    Phase = "waiting" // for a slot of its account: nobody starts it
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
	Formats     []Format     // of the files, the first one first; empty means JSON alone
	Compression Compression  // of every file that takes one; "" means None
	TextField   string       // of captions: the dotted name of their text; "" for metadata_text
	KeepHours   int          // how long the artifact is kept, in hours; 0 means ArtifactLife
}

// Files are the formats that the request asks for, defaults filled in.
func (r Request) Files() []Format {
	if len(r.Formats) == 0 {
		return []Format{JSON}
	}
	return r.Formats
}

// Origin is what asked for an export.
type Origin string

const (
	OriginRequest    Origin = "" // a user's request
	OriginAutomation Origin = "automation"
)

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
	Origin    Origin
	Request   Request

	Status      Status
	QueueStatus QueueStatus
	// Generation is the fence: it grows whenever the work is handed to a new execution, and a write that carries an
	// older one is refused. Revision grows with every write and makes two writers of one generation take turns.
	Generation int
	Revision   int64
	// ClaimedGeneration is the generation whose execution made the latest claim; it makes a repeated claim free.
	ClaimedGeneration int
	// RetriedGeneration is the generation that the owner's latest retry has begun, 0 without one: attempts and generations
	// are counted from there. FreshGeneration is the latest of those that began anew, in a folder of its own.
	RetriedGeneration int
	FreshGeneration   int
	Attempts          int // claims so far, since the latest retry
	MaxAttempts       int

	CreatedAt   time.Time // also the as_of of the selection
	AvailableAt time.Time // earliest start of the next attempt
	StartedAt   time.Time // first claim of what is packaged now
	CompletedAt time.Time // terminal state, either one
	UpdatedAt   time.Time
	RetriedAt   time.Time // the owner's latest retry
	DeletedAt   time.Time // its owner has deleted it: nobody sees it any more, and the sweeper clears it away
	DueAt       time.Time // when the sweeper looks at it next; zero while it awaits a slot, and once there is nothing left to do
	ExpiresAt   time.Time // from when on the artifact is given to nobody; zero before completion

	Progress Progress
	Artifact *Artifact
	Link     *Link
	Receipt  *Receipt
	// LastError is the latest failure's public message, ErrorMessage the one that ended the export.
	LastError    string
	ErrorMessage string
	Outcome      Outcome // "" unless the status doesn't tell how it ended
	// EventMark is the terminal event's name once the terminal state is written with it: export.ready or export.failed. A
	// retry takes it away. An event is one (id, generation, mark): each terminal state has a generation of its own.
	EventMark string
	// Ended are the latest ends that the record isn't in any more, since the export was retried or deleted; the last one
	// stands last. Older records have none.
	Ended []End
}

// End is an end of an export, as the event of it tells.
type End struct {
	Generation   int
	Mark         string // EventMark
	QueueStatus  QueueStatus
	Outcome      Outcome
	Attempts     int
	LastError    string
	ErrorMessage string
	CompletedAt  time.Time
}

// Progress is how far the work is. Totals are zero until the plan is frozen.
type Progress struct {
	Phase        Phase
	RecordsDone  int64
	RecordsTotal int64
	BytesWritten int64
	BytesTotal   int64
	// BytesDelivered counts a byte half when it was sent to the connector and half when it was read back there.
	BytesDelivered int64
	Since          time.Time // when the phase was entered, or begun again; zero in older records
	NotedAt        time.Time // when the numbers were taken; zero before there are any
	Shards         int       // how many shards package the export; 0 for one task. They don't write the record, but notes
}

// Artifact is what was packaged, in the artifacts bucket, committed together with its manifest. Key, Bytes and SHA256 are
// the first file's.
type Artifact struct {
	Bucket         string
	Key            string
	ManifestKey    string
	Bytes          int64
	SHA256         string // lower-case hex, whole file; "" beyond the size up to which one is made
	ManifestSHA256 string // lower-case hex, manifest file
	Counts         Counts
	Files          []File    // in the order of the request; empty in records older than it: the document alone
	CommittedAt    time.Time // when the manifest was written; zero in older records
}

// File is one file of an export, or a folder of them.
type File struct {
	Name     string // below the export's folder; a folder's ends with a slash
	Format   Format
	Bytes    int64
	Rows     int64
	SHA256   string // lower-case hex; "" of a folder, and of what is beyond the size up to which a whole digest is made
	Parts    int    // files in the folder; 0 of a file
	Rejected bool   // the records that could not be exported, and why
}

// Folder reports whether the entry stands for files of one folder, which the manifest lists.
func (f File) Folder() bool { return f.Parts > 0 }

// FirstFile is the name, below the export's folder, of the file that Key is the key of.
func (a *Artifact) FirstFile() string {
	return strings.TrimPrefix(a.Key, a.ManifestKey[:strings.LastIndex(a.ManifestKey, "/")+1])
}

// KeyOf is the key of the file of that name below the export's folder.
func (a *Artifact) KeyOf(name string) string { return strings.TrimSuffix(a.Key, a.FirstFile()) + name }

// URI is the artifact's s3:// address.
func (a *Artifact) URI() string { return "s3://" + a.Bucket + "/" + a.Key }

// Counts is what a document holds. Results = Segments + Videos + records of another type.
type Counts struct {
	Runs     int64 `json:"runs"`
	Results  int64 `json:"results"`
	Segments int64 `json:"segments"`
	Videos   int64 `json:"videos"`
	Failed   int64 `json:"failed"` // results whose processing failed
	// Rejected are the records that could not be exported; they are no results.
	Rejected int64 `json:"rejected,omitzero"`
}

// Add gives the sum, field by field.
func (c Counts) Add(o Counts) Counts {
	return Counts{c.Runs + o.Runs, c.Results + o.Results, c.Segments + o.Segments, c.Videos + o.Videos, c.Failed + o.Failed, c.Rejected + o.Rejected}
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
	// LatestURI is where the pointer to the latest delivery stands, which named this one or a later one when it was
	// written; "" of an export that no automation made.
	LatestURI string
}

// Fence is what must still hold in the store for a write to be accepted.
type Fence struct {
	Generation int
	Revision   int64
	Statuses   []Status
}

// Fence is the condition under which a successor of e may be written: nobody wrote since e was read, the generation
// is unchanged, and the export is still open.
func (e Export) Fence() Fence { return e.FenceIn(StatusPending, StatusProcessing) }

// FenceIn is Fence for a successor that may be written while the export has one of the statuses.
func (e Export) FenceIn(statuses ...Status) Fence {
	return Fence{Generation: e.Generation, Revision: e.Revision, Statuses: statuses}
}

// Holds reports whether the stored record satisfies the fence.
func (f Fence) Holds(stored Export) bool {
	return f.Generation == stored.Generation && f.Revision == stored.Revision && slices.Contains(f.Statuses, stored.Status)
}

// Open reports whether the export still has work to come.
func (e Export) Open() bool { return !e.Status.Terminal() }

// Closing reports whether the export has ended and the sweeper is still to clear up after it.
func (e Export) Closing() bool { return !e.Open() && !e.DueAt.IsZero() }

// Deleted reports whether its owner has deleted the export.
func (e Export) Deleted() bool { return !e.DeletedAt.IsZero() }

// Begun is when the present life of the export began: its creation, or the latest retry.
func (e Export) Begun() time.Time {
	if e.RetriedAt.IsZero() {
		return e.CreatedAt
	}
	return e.RetriedAt
}

// AsOf is the moment the selection was made: results of runs that finished later are not in the document.
func (e Export) AsOf() time.Time { return e.CreatedAt }

// ToConnector reports whether the export is delivered to a connector.
func (e Export) ToConnector() bool { return e.Request.Destination != nil }
