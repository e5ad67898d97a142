package export

import (
	"reflect"
	"testing"
	"time"
)

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func pending() Export {
	return New("exp_01", "acct", "user", Request{Type: TypeIndex, TargetID: "idx", Scope: ScopeAll}, t0)
}

func TestClaimCountsOncePerGeneration(t *testing.T) {
	e := pending().Claim(t0.Add(time.Second))
	again := e.Claim(t0.Add(time.Minute))
	if again.Attempts != 1 || again.Status != StatusProcessing || !again.StartedAt.Equal(t0.Add(time.Second)) {
		t.Errorf("after two claims: attempts %d, status %s, started %s", again.Attempts, again.Status, again.StartedAt)
	}
	if !again.DueAt.Equal(t0.Add(time.Minute + Lease)) {
		t.Errorf("the second claim leaves the lease at %s", again.DueAt)
	}
}

func TestTransientFailuresEndAsDeadLetter(t *testing.T) {
	e, now := pending(), t0
	for attempt := 1; attempt <= MaxAttempts; attempt++ {
		e = e.Claim(now)
		generation := e.Generation
		e = e.Fail(Failure{Message: "The store was busy."}, now)
		if attempt < MaxAttempts && (e.Generation != generation+1 || e.QueueStatus != QueueQueued || !e.AvailableAt.After(now) || e.Status != StatusProcessing) {
			t.Fatalf("attempt %d: generation %d, queue %s, available %s, status %s", attempt, e.Generation, e.QueueStatus, e.AvailableAt, e.Status)
		}
		now = e.AvailableAt
	}
	if e.Status != StatusFailed || e.QueueStatus != QueueDeadLetter || e.EventMark != EventFailed || !e.DueAt.IsZero() || e.ErrorMessage == "" {
		t.Errorf("end = %s/%s, event %q, due %s, message %q", e.Status, e.QueueStatus, e.EventMark, e.DueAt, e.ErrorMessage)
	}
}

func TestPermanentFailureEndsAtOnce(t *testing.T) {
	e := pending().Claim(t0).Fail(Failure{Message: "No such bucket.", Permanent: true}, t0)
	if e.Status != StatusFailed || e.QueueStatus != QueueFailed || e.Attempts != 1 || e.Generation != 1 {
		t.Errorf("end = %s/%s after %d attempts, generation %d", e.Status, e.QueueStatus, e.Attempts, e.Generation)
	}
}

func TestOverdue(t *testing.T) {
	late := t0.Add(time.Hour)
	requeued := pending().Claim(t0).Fail(Failure{Message: "busy"}, t0)
	asked, _ := requeued.Overdue(late)
	silent := pending().Claim(t0)
	exhausted := silent
	exhausted.Attempts = MaxAttempts
	for name, c := range map[string]struct {
		in         Export
		start      bool
		generation int
		queue      QueueStatus
	}{
		"queued and never asked for keeps its generation": {requeued, true, 2, QueueQueued},
		"queued, asked for, never claimed moves on":       {asked, true, 3, QueueQueued},
		"new, its start lost, moves on":                   {pending(), true, 2, QueueQueued},
		"claimed and silent moves on":                     {silent, true, 2, QueueQueued},
		"no attempt left is a dead letter":                {exhausted, false, 1, QueueDeadLetter},
	} {
		t.Run(name, func(t *testing.T) {
			next, start := c.in.Overdue(late)
			if start != c.start || next.Generation != c.generation || next.QueueStatus != c.queue {
				t.Errorf("start %v, generation %d, queue %s; want %v, %d, %s", start, next.Generation, next.QueueStatus, c.start, c.generation, c.queue)
			}
			if start && !next.DueAt.After(late) {
				t.Errorf("due again at %s, not after %s", next.DueAt, late)
			}
		})
	}
}

func TestAnExportThatIsNeverClaimedEnds(t *testing.T) {
	e, now := pending(), t0
	for range 10 * MaxGenerations {
		if e.Status.Terminal() {
			break
		}
		now = e.DueAt
		e, _ = e.Overdue(now)
	}
	if e.QueueStatus != QueueDeadLetter {
		t.Errorf("still %s/%s at generation %d, %s after creation", e.Status, e.QueueStatus, e.Generation, now.Sub(t0))
	}
}

// TestSlots: an export that awaits a slot is due for nobody until it is let in, once, and then like a new one.
func TestSlots(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	created := New("exp_1", "acct", "user", Request{Type: TypeIndex, TargetID: "idx"}, now)
	for name, e := range map[string]Export{"new": created, "retried": created.Cancel(now).Retry(now)} {
		waits := e.AwaitSlot()
		if !waits.AwaitsSlot() || e.AwaitsSlot() || !waits.DueAt.IsZero() || waits.Status != StatusPending || waits.QueueStatus != QueueQueued || waits.Progress.Phase != PhaseWaiting {
			t.Errorf("%s, waiting: %+v", name, waits)
		}
		later := now.Add(time.Hour)
		in := waits.Admit(later)
		if in.AwaitsSlot() || !in.Waiting() || !in.AvailableAt.Equal(later) || !in.DueAt.Equal(later.Add(StartGrace)) || in.Progress.Phase != PhaseQueued || in.Generation != e.Generation {
			t.Errorf("%s, let in: %+v", name, in)
		}
		for what, other := range map[string]Export{"let in": in, "claimed": in.Claim(later), "cancelled": waits.Cancel(later)} {
			if again := other.Admit(later.Add(time.Hour)); !reflect.DeepEqual(again, other) || other.AwaitsSlot() {
				t.Errorf("%s and %s, it was let in as %+v", name, what, again)
			}
		}
	}
}

func TestFenceHolds(t *testing.T) {
	e := pending()
	f := e.Fence()
	stale, moved, ended := e, e, e
	stale.Generation, moved.Revision, ended.Status = 2, 7, StatusCompleted
	if !f.Holds(e) || f.Holds(stale) || f.Holds(moved) || f.Holds(ended) {
		t.Errorf("holds: same %v, other generation %v, other revision %v, terminal %v", f.Holds(e), f.Holds(stale), f.Holds(moved), f.Holds(ended))
	}
}

func TestMoves(t *testing.T) {
	all := []Status{StatusPending, StatusProcessing, StatusCompleted, StatusFailed}
	want := map[[2]Status]bool{
		{StatusPending, StatusPending}: true, {StatusPending, StatusProcessing}: true, {StatusPending, StatusFailed}: true,
		{StatusProcessing, StatusProcessing}: true, {StatusProcessing, StatusCompleted}: true, {StatusProcessing, StatusFailed}: true,
		{StatusCompleted, StatusCompleted}: true, {StatusFailed, StatusFailed}: true, {StatusFailed, StatusPending}: true,
	}
	for _, from := range all {
		for _, to := range all {
			if got := CanMove(from, to); got != want[[2]Status{from, to}] {
				t.Errorf("CanMove(%s, %s) = %v", from, to, got)
			}
		}
	}
}
