package export

import (
	"slices"
	"time"
)

// Times and limits of the life cycle.
const (
	// StartGrace is how long a new export may wait for its execution before the sweeper starts one.
	StartGrace = time.Minute
	// Lease is how long an execution may be silent before the sweeper hands the export to another one: the longest
	// Lambda call (15 minutes) and the longest wait between two retries of a task.
	Lease = 20 * time.Minute
	// ShardedLease is the lease while a Distributed Map works: its children don't write the record.
	ShardedLease = 6 * time.Hour
	// MaxAttempts is how many executions may claim an export before it is a dead letter.
	MaxAttempts = 3
	// MaxGenerations bounds the restarts of an export whose executions die before they claim it, since the latest retry.
	MaxGenerations = 12
	// ResumeLife is how old packaging may be for a retry to go on with it: less than settling, within which it counts as
	// made when the export completes. Until then everything that it has left is in the bucket.
	ResumeLife = 20 * time.Hour
	// ClosingGrace is when the sweeper clears up after an export that was cancelled or deleted: every call that was under
	// way has ended by then, as by the end of a lease.
	ClosingGrace = Lease
	// firstBackoff and maxBackoff frame the wait between two attempts.
	firstBackoff = 15 * time.Second
	maxBackoff   = time.Hour
)

// Events that the terminal write marks.
const (
	EventReady  = "export.ready"
	EventFailed = "export.failed"
)

// New is a pending export, generation 1, due for the sweeper after StartGrace.
func New(id, account, user string, r Request, now time.Time) Export {
	now = Stamp(now)
	return Export{
		ID: id, AccountID: account, UserID: user, Request: r,
		Status: StatusPending, QueueStatus: QueueQueued, Generation: 1, MaxAttempts: MaxAttempts,
		CreatedAt: now, AvailableAt: now, UpdatedAt: now, DueAt: now.Add(StartGrace),
		Progress: Progress{Phase: PhaseQueued},
	}
}

// AwaitSlot is a new export, or one that is retried, while its account has no slot for it: no execution is started for it,
// and the sweeper doesn't look at it.
func (e Export) AwaitSlot() Export {
	e.Progress.Phase, e.DueAt = PhaseWaiting, time.Time{}
	return e
}

// AwaitsSlot reports whether the export is open and nobody is to start it.
func (e Export) AwaitsSlot() bool { return e.Open() && e.Progress.Phase == PhaseWaiting }

// Admit gives an export that awaits a slot one: it is due from now on as a new one is. Any other stays as it is. A retry that
// has waited until what was packaged may go under its hands begins anew, as one does that comes so late.
func (e Export) Admit(now time.Time) Export {
	if !e.AwaitsSlot() {
		return e
	}
	if e.Retried() && e.stale(now) {
		e = e.afresh()
	}
	e.Progress = e.Progress.enter(PhaseQueued, now)
	e.AvailableAt, e.UpdatedAt, e.DueAt = Stamp(now), Stamp(now), Stamp(now).Add(StartGrace)
	return e
}

// Stamp is t as records keep it: UTC, whole milliseconds.
func Stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Claim is the start of an attempt by the execution of the record's generation. Claiming again in the same
// generation changes nothing but the lease.
func (e Export) Claim(now time.Time) Export {
	if e.ClaimedGeneration != e.Generation {
		e.ClaimedGeneration = e.Generation
		e.Attempts++
		e.Status, e.QueueStatus = StatusProcessing, QueueLeased
		if e.StartedAt.IsZero() {
			e.StartedAt = Stamp(now)
		}
	}
	return e.Enter(PhasePlanning, Lease, now)
}

// Enter says that a step has begun and extends the lease. Records done stay as they are.
func (e Export) Enter(p Phase, lease time.Duration, now time.Time) Export {
	e.Progress = e.Progress.enter(p, now)
	if p != PhasePlanning {
		e.QueueStatus = QueueRunning
	}
	e.DueAt = Stamp(now).Add(lease)
	e.UpdatedAt = Stamp(now)
	return e
}

// Packaged records the committed artifact. A receipt of another one is none of this.
func (e Export) Packaged(a Artifact, now time.Time) Export {
	if e.Artifact != nil && e.Artifact.ManifestSHA256 != a.ManifestSHA256 {
		e.Receipt = nil
	}
	e.Artifact = &a
	e.Progress.RecordsDone, e.Progress.RecordsTotal = a.Counts.Results, a.Counts.Results
	e.Progress.BytesWritten, e.Progress.BytesTotal = a.Bytes, a.Bytes
	e.UpdatedAt = Stamp(now)
	return e
}

// Linked records the presigned link.
func (e Export) Linked(l Link, now time.Time) Export {
	e.Link = &l
	e.UpdatedAt = Stamp(now)
	return e
}

// Delivered records the delivery receipt.
func (e Export) Delivered(r Receipt, now time.Time) Export {
	e.Receipt = &r
	e.Progress.BytesDelivered = e.BytesToDeliver()
	e.UpdatedAt = Stamp(now)
	return e
}

// Complete is the good end, with its event mark.
func (e Export) Complete(now time.Time) Export {
	e = e.end(StatusCompleted, QueueSucceeded, EventReady, now)
	e.Progress = e.Progress.enter(PhaseDone, now)
	if a := e.Artifact; a != nil { // a step that ran late may have begun counting anew
		e = e.Packaged(*a, now)
	}
	e.ExpiresAt = e.expiry(e.CompletedAt)
	return e
}

// Failure is why an attempt ended.
type Failure struct {
	Message   string // public
	Permanent bool   // no repetition mends it
}

// Fail ends the attempt. A permanent failure ends the export; any other queues a new generation after a backoff, or
// makes the export a dead letter when the attempts are used up.
func (e Export) Fail(f Failure, now time.Time) Export {
	e.LastError = f.Message
	switch {
	case f.Permanent:
		e.ErrorMessage = f.Message
		return e.end(StatusFailed, QueueFailed, EventFailed, now)
	case e.Exhausted():
		e.ErrorMessage = f.Message
		return e.end(StatusFailed, QueueDeadLetter, EventFailed, now)
	}
	return e.requeue(now, backoff(e.lived()))
}

// Restart hands an export whose execution is silent or gone to a new generation, to be started at once. The record
// is due again after a grace that doubles with every generation, in case that start is lost too.
func (e Export) Restart(now time.Time) Export {
	grace := backoff(e.lived()) + StartGrace
	e = e.requeue(now, 0)
	e.DueAt = e.AvailableAt.Add(grace)
	return e
}

// Overdue is what the sweeper does with an open export whose DueAt has passed: start the execution that was never
// asked for, hand the work to a new generation, or, when no attempt is left, end it as a dead letter. start says
// whether an execution of the next record's generation is to be started once the record is written.
func (e Export) Overdue(now time.Time) (next Export, start bool) {
	switch {
	case e.Waiting() && e.DueAt.Equal(e.AvailableAt):
		return e.started(now), true
	case e.Exhausted():
		return e.Fail(Failure{Message: "The export stopped making progress and every attempt is used up. Create it again."}, now), false
	}
	return e.Restart(now), true
}

func (e Export) started(now time.Time) Export {
	e.DueAt = Stamp(now).Add(backoff(e.lived()) + StartGrace)
	e.UpdatedAt = Stamp(now)
	return e
}

// Exhausted reports whether no further attempt is allowed.
func (e Export) Exhausted() bool {
	return e.Attempts >= e.MaxAttempts || e.lived() >= MaxGenerations
}

// lived is how many generations there were since the export's creation or its latest retry, the present one included.
func (e Export) lived() int { return e.Generation - max(e.RetriedGeneration, 1) + 1 }

// Waiting reports whether a new generation stands queued that no execution has claimed yet.
func (e Export) Waiting() bool {
	return e.QueueStatus == QueueQueued && e.ClaimedGeneration != e.Generation
}

func (e Export) requeue(now time.Time, wait time.Duration) Export {
	e.Generation++
	e.QueueStatus = QueueQueued
	e.AvailableAt = Stamp(now).Add(wait)
	e.DueAt = e.AvailableAt
	e.UpdatedAt = Stamp(now)
	e.Progress = e.Progress.enter(PhaseQueued, now)
	return e
}

func (e Export) end(s Status, q QueueStatus, event string, now time.Time) Export {
	e.Status, e.QueueStatus, e.EventMark = s, q, event
	e.CompletedAt, e.UpdatedAt, e.DueAt = Stamp(now), Stamp(now), time.Time{}
	return e
}

func backoff(generation int) time.Duration {
	d := firstBackoff << min(generation-1, 16)
	return min(d, maxBackoff)
}

// moves are the status changes that exist. The one out of StatusFailed is the owner's retry; a record that has ended is
// written again when the sweeper has cleared up after it, and when it is deleted.
var moves = map[Status][]Status{
	StatusPending:    {StatusPending, StatusProcessing, StatusFailed},
	StatusProcessing: {StatusProcessing, StatusCompleted, StatusFailed},
	StatusCompleted:  {StatusCompleted},
	StatusFailed:     {StatusFailed, StatusPending},
}

// CanMove reports whether a record may go from one status to the other in one write.
func CanMove(from, to Status) bool { return slices.Contains(moves[from], to) }
