package export

import (
	"slices"
	"time"
)

// cancelledMessage is the error message of a cancelled export, which clients compare.
const cancelledMessage = "cancelled"

// keptEnds is how many ends a record remembers. Who is told of ends reads the record a moment later as a rule, and a day
// later at most.
const keptEnds = 5

// Cancelled reports whether its owner has cancelled the export, and nobody has retried it since.
func (e Export) Cancelled() bool { return e.Outcome == OutcomeCancelled }

// Cancel ends an open export because its owner wants it so. The generation grows with the terminal write: whoever works
// on the export is refused from then on, and no end of theirs can follow. The sweeper comes once more, after the last of
// them.
func (e Export) Cancel(now time.Time) Export {
	e.Generation++
	e.ErrorMessage, e.Outcome = cancelledMessage, OutcomeCancelled
	e = e.end(StatusFailed, QueueFailed, EventFailed, now)
	e.DueAt = e.CompletedAt.Add(ClosingGrace)
	return e
}

// Retry begins a new generation of a failed export because its owner wants it so. Attempts count anew, the selection is
// as of the export's creation still. It goes on with what was packaged before unless that is older than ResumeLife and
// may go under its hands; then it begins anew, apart from all that is left.
func (e Export) Retry(now time.Time) Export {
	e = e.remember()
	stale := e.stale(now)
	e = e.requeue(now, 0)
	e.DueAt = e.AvailableAt.Add(StartGrace)
	e.Status, e.RetriedGeneration, e.RetriedAt, e.Attempts = StatusPending, e.Generation, Stamp(now), 0
	e.ErrorMessage, e.Outcome, e.EventMark, e.CompletedAt = "", "", "", time.Time{}
	if stale {
		e = e.afresh()
	}
	return e
}

// afresh is an export that is retried apart from all that its earlier generations have left.
func (e Export) afresh() Export {
	e.FreshGeneration = e.Generation
	e.Artifact, e.Link, e.Receipt, e.StartedAt = nil, nil, nil, time.Time{}
	e.Progress = Progress{Phase: PhaseQueued}
	return e
}

// stale reports whether what was packaged may go under the hands of a retry.
func (e Export) stale(now time.Time) bool {
	return !e.StartedAt.IsZero() && now.Sub(e.StartedAt) >= ResumeLife
}

// Resumable reports whether a retry would go on with the parts of files that shards have uploaded: the export has failed by
// itself before its files were committed, and its packaging is not too old. One task's file has no finished shards.
func (e Export) Resumable(now time.Time) bool {
	return e.Status == StatusFailed && !e.Cancelled() && !e.Deleted() && e.Artifact == nil && e.Progress.Shards > 0 && !e.stale(now)
}

// Retried reports whether the export is open because of a retry.
func (e Export) Retried() bool { return e.Open() && e.RetriedGeneration > 0 }

// Delete takes an export that has ended away from everybody. The generation grows, as it does with Cancel. Until the
// sweeper removes the record it tells how the export ended, for events that are still to come, and what a delivery that
// broke off may have left open at the destination; where files are, or were delivered, it tells no more.
func (e Export) Delete(now time.Time) Export {
	e = e.remember()
	e.Generation++
	e.EventMark, e.Link, e.ExpiresAt = "", nil, time.Time{}
	if !e.ToConnector() || e.Receipt != nil {
		e.Artifact, e.Receipt = nil, nil
	}
	e.UpdatedAt, e.DeletedAt, e.DueAt = Stamp(now), Stamp(now), Stamp(now).Add(ClosingGrace)
	return e
}

// remember adds the end that the record is in to those that it remembers.
func (e Export) remember() Export {
	if e.EventMark == "" {
		return e
	}
	all := append(slices.Clone(e.Ended), End{
		Generation: e.Generation, Mark: e.EventMark, QueueStatus: e.QueueStatus, Outcome: e.Outcome, Attempts: e.Attempts,
		LastError: e.LastError, ErrorMessage: e.ErrorMessage, CompletedAt: e.CompletedAt,
	})
	e.Ended = all[max(0, len(all)-keptEnds):]
	return e
}

// EndIn is the end in that generation, with that mark. ok is false if the record doesn't remember it.
func (e Export) EndIn(generation int, mark string) (end End, ok bool) {
	for _, end := range e.Ended {
		if end.Generation == generation && end.Mark == mark {
			return end, true
		}
	}
	return End{}, false
}

// ClearedUp is an export that the sweeper has nothing left to do for.
func (e Export) ClearedUp() Export {
	e.DueAt = time.Time{}
	return e
}
