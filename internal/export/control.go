package export

import "time"

// cancelledMessage is the error message of a cancelled export, which clients compare.
const cancelledMessage = "cancelled"

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
	stale := !e.StartedAt.IsZero() && now.Sub(e.StartedAt) >= ResumeLife
	e = e.requeue(now, 0)
	e.DueAt = e.AvailableAt.Add(StartGrace)
	e.Status, e.RetriedGeneration, e.RetriedAt, e.Attempts = StatusPending, e.Generation, Stamp(now), 0
	e.ErrorMessage, e.Outcome, e.EventMark, e.CompletedAt = "", "", "", time.Time{}
	if stale {
		e.FreshGeneration = e.Generation
		e.Artifact, e.Link, e.Receipt, e.StartedAt = nil, nil, nil, time.Time{}
		e.Progress = Progress{Phase: PhaseQueued}
	}
	return e
}

// Retried reports whether the export is open because of a retry.
func (e Export) Retried() bool { return e.Open() && e.RetriedGeneration > 0 }

// Delete takes an export that has ended away from everybody. The generation grows, as it does with Cancel. What is left
// of the record names what the sweeper is to clear away, and nothing of what the export was.
func (e Export) Delete(now time.Time) Export {
	return Export{
		ID: e.ID, AccountID: e.AccountID, Status: e.Status, QueueStatus: e.QueueStatus, Generation: e.Generation + 1, Revision: e.Revision,
		CreatedAt: e.CreatedAt, UpdatedAt: Stamp(now), DeletedAt: Stamp(now), DueAt: Stamp(now).Add(ClosingGrace),
	}
}

// ClearedUp is an export that the sweeper has nothing left to do for.
func (e Export) ClearedUp() Export {
	e.DueAt = time.Time{}
	return e
}
