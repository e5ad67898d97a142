package export

import (
	"testing"
	"time"
)

// openStates are exports that can be cancelled.
func openStates() map[string]Export {
	return map[string]Export{
		"pending":              pending(),
		"claimed":              pending().Claim(t0),
		"packaging":            pending().Claim(t0).Enter(PhasePackaging, Lease, t0),
		"waiting for its next": pending().Claim(t0).Fail(Failure{Message: "busy"}, t0),
		"delivered":            pending().Claim(t0).Packaged(Artifact{Bytes: 1}, t0).Delivered(Receipt{URI: "s3://b/k"}, t0),
	}
}

func TestCancelIsAFence(t *testing.T) {
	for name, e := range openStates() {
		c := e.Cancel(t0.Add(time.Minute))
		if c.Status != StatusFailed || c.QueueStatus != QueueFailed || c.ErrorMessage != "cancelled" || c.Outcome != OutcomeCancelled || c.EventMark != EventFailed {
			t.Errorf("%s: %s/%s, error %q, outcome %q, event %q", name, c.Status, c.QueueStatus, c.ErrorMessage, c.Outcome, c.EventMark)
		}
		if c.Generation != e.Generation+1 || e.Fence().Holds(c) {
			t.Errorf("%s: generation %d after %d; a late worker's fence holds: %v", name, c.Generation, e.Generation, e.Fence().Holds(c))
		}
		if !CanMove(e.Status, c.Status) || !c.CompletedAt.Equal(t0.Add(time.Minute)) || !c.DueAt.Equal(t0.Add(time.Minute+ClosingGrace)) || !c.Closing() {
			t.Errorf("%s: completed at %s, due at %s, closing %v", name, c.CompletedAt, c.DueAt, c.Closing())
		}
		if c.LastError != e.LastError {
			t.Errorf("%s: last error %q, want that of the latest failure, %q", name, c.LastError, e.LastError)
		}
		if done := c.ClearedUp(); done.Closing() || done.Status != StatusFailed {
			t.Errorf("%s: cleared up, it is closing: %v", name, done.Closing())
		}
	}
}

func TestRetryBeginsALife(t *testing.T) {
	now := t0.Add(time.Hour)
	dead := pending()
	for dead.Open() {
		dead = dead.Claim(t0).Fail(Failure{Message: "busy"}, t0)
	}
	for name, e := range map[string]Export{
		"dead letter": dead,
		"refused":     pending().Claim(t0).Fail(Failure{Message: "No.", Permanent: true}, t0),
		"cancelled":   pending().Claim(t0).Cancel(t0),
	} {
		r := e.Retry(now)
		if r.Status != StatusPending || r.QueueStatus != QueueQueued || r.Attempts != 0 || r.Exhausted() || !r.Retried() || !r.Waiting() {
			t.Errorf("%s: %s/%s, %d attempts, exhausted %v, retried %v, waiting %v", name, r.Status, r.QueueStatus, r.Attempts, r.Exhausted(), r.Retried(), r.Waiting())
		}
		if r.Generation != e.Generation+1 || e.FenceIn(StatusFailed).Holds(r) || !CanMove(e.Status, r.Status) {
			t.Errorf("%s: generation %d after %d", name, r.Generation, e.Generation)
		}
		if r.ErrorMessage != "" || r.Outcome != "" || r.EventMark != "" || !r.CompletedAt.IsZero() || r.LastError != e.LastError {
			t.Errorf("%s: error %q, outcome %q, event %q, completed at %s, last error %q", name, r.ErrorMessage, r.Outcome, r.EventMark, r.CompletedAt, r.LastError)
		}
		if !r.AsOf().Equal(e.AsOf()) || !r.Begun().Equal(now) || !r.AvailableAt.Equal(now) || !r.DueAt.Equal(now.Add(StartGrace)) {
			t.Errorf("%s: as of %s, begun %s, available %s, due %s", name, r.AsOf(), r.Begun(), r.AvailableAt, r.DueAt)
		}
	}
}

// TestRetriedLivesEndAsTheFirst: attempts and generations are counted from the retry on, however many retries there were.
func TestRetriedLivesEndAsTheFirst(t *testing.T) {
	e, now := pending(), t0
	for life := range 4 {
		attempts := 0
		for e.Open() {
			if now = e.DueAt; life%2 == 0 {
				e, attempts = e.Claim(now).Fail(Failure{Message: "busy"}, now), attempts+1
				continue
			}
			e, _ = e.Overdue(now)
		}
		if e.QueueStatus != QueueDeadLetter || life%2 == 0 && attempts != MaxAttempts || life%2 == 1 && e.lived() != MaxGenerations {
			t.Errorf("life %d: %s after %d attempts, %d generations", life, e.QueueStatus, attempts, e.lived())
		}
		if wait := e.AvailableAt.Sub(e.Begun()); wait > 12*time.Hour {
			t.Errorf("life %d took %s", life, wait)
		}
		e = e.Retry(now)
	}
}

// TestRetryResumes: what was packaged is gone on with as long as it is sure to stay, and forgotten afterwards.
func TestRetryResumes(t *testing.T) {
	packaged := pending().Claim(t0).Packaged(Artifact{Key: "k", ManifestSHA256: "m"}, t0).Linked(Link{URL: "u"}, t0).Delivered(Receipt{URI: "s3://b/k"}, t0).
		Fail(Failure{Message: "No.", Permanent: true}, t0)
	r := packaged.Retry(t0.Add(ResumeLife - time.Millisecond))
	if r.Artifact == nil || r.Receipt == nil || r.FreshGeneration != 0 || !r.StartedAt.Equal(t0) {
		t.Errorf("in time: artifact %v, receipt %v, fresh %d, started %s", r.Artifact, r.Receipt, r.FreshGeneration, r.StartedAt)
	}
	r = packaged.Retry(t0.Add(ResumeLife))
	if r.Artifact != nil || r.Link != nil || r.Receipt != nil || r.FreshGeneration != r.Generation || !r.StartedAt.IsZero() || r.Progress != (Progress{Phase: PhaseQueued}) {
		t.Errorf("later: artifact %v, link %v, receipt %v, fresh %d of %d, started %s", r.Artifact, r.Link, r.Receipt, r.FreshGeneration, r.Generation, r.StartedAt)
	}
	if r = r.Claim(t0.Add(48 * time.Hour)); !r.StartedAt.Equal(t0.Add(48 * time.Hour)) {
		t.Errorf("claimed, it started at %s", r.StartedAt)
	}
}

// TestResumable: a retry goes on with uploads of an export that shards packaged, and that failed by itself before it was
// committed, as long as the retry begins nothing anew.
func TestResumable(t *testing.T) {
	no := Failure{Message: "No.", Permanent: true}
	sharded := pending().Claim(t0).Planned(1, 1, 4, t0)
	for name, c := range map[string]struct {
		e    Export
		want bool
	}{
		"failed": {sharded.Fail(no, t0), true}, "open": {sharded, false}, "cancelled": {sharded.Cancel(t0), false},
		"completed": {sharded.Packaged(Artifact{}, t0).Complete(t0), false}, "committed": {sharded.Packaged(Artifact{}, t0).Fail(no, t0), false},
		"deleted": {sharded.Fail(no, t0).Delete(t0), false}, "retried": {sharded.Fail(no, t0).Retry(t0), false},
		"by one task": {pending().Claim(t0).Planned(1, 1, 0, t0).Fail(no, t0), false}, "never planned": {pending().Fail(no, t0), false},
	} {
		for age, want := range map[time.Duration]bool{0: c.want, ResumeLife - time.Millisecond: c.want, ResumeLife: false} {
			if got := c.e.Resumable(t0.Add(age)); got != want {
				t.Errorf("%s, after %s: %v", name, age, got)
			}
		}
	}
}

func TestAReceiptIsOfItsArtifact(t *testing.T) {
	e := pending().Claim(t0).Packaged(Artifact{ManifestSHA256: "m"}, t0).Delivered(Receipt{URI: "s3://b/k"}, t0)
	if again := e.Packaged(Artifact{ManifestSHA256: "m"}, t0); again.Receipt == nil {
		t.Error("the receipt of the same artifact is gone")
	}
	if other := e.Packaged(Artifact{ManifestSHA256: "n"}, t0); other.Receipt != nil {
		t.Error("another artifact has the receipt")
	}
}

func TestDelete(t *testing.T) {
	to := func(e Export) Export {
		e.Request.Destination = &Destination{ConnectorID: "conn_1"}
		return e
	}
	files := Artifact{Key: "k", Files: []File{{Name: "exp_1.json"}}}
	for name, c := range map[string]struct {
		e     Export
		files bool // what was packaged is kept
	}{
		"completed":                    {pending().Claim(t0).Packaged(files, t0).Linked(Link{URL: "u"}, t0).Complete(t0), false},
		"delivered":                    {to(pending()).Claim(t0).Packaged(files, t0).Delivered(Receipt{URI: "s3://b/k"}, t0).Complete(t0), false},
		"cancelled":                    {pending().Cancel(t0), false},
		"cancelled while it delivered": {to(pending()).Claim(t0).Packaged(files, t0).Cancel(t0), true},
	} {
		e := c.e
		d := e.Delete(t0.Add(time.Hour))
		if !d.Deleted() || !d.Closing() || d.Generation != e.Generation+1 || d.EventMark != "" || !d.DueAt.Equal(t0.Add(time.Hour+ClosingGrace)) || !CanMove(e.Status, d.Status) || e.Fence().Holds(d) {
			t.Errorf("%s: deleted %v, closing %v, generation %d, event %q, due %s", name, d.Deleted(), d.Closing(), d.Generation, d.EventMark, d.DueAt)
		}
		if (d.Artifact != nil) != c.files || d.Link != nil || d.Receipt != nil || !d.ExpiresAt.IsZero() {
			t.Errorf("%s: what is left tells of %+v, %v, %+v, expires at %s", name, d.Artifact, d.Link, d.Receipt, d.ExpiresAt)
		}
		if end, ok := d.EndIn(e.Generation, e.EventMark); !ok || end.Outcome != e.Outcome || end.ErrorMessage != e.ErrorMessage || !end.CompletedAt.Equal(t0) || d.UserID != e.UserID || d.Request.TargetID != e.Request.TargetID {
			t.Errorf("%s: how it ended is %+v, %v", name, end, ok)
		}
	}
}

// TestEndsAreRemembered: each by what is its own, the latest ones only; and a record shares them with no other one.
func TestEndsAreRemembered(t *testing.T) {
	e := pending()
	var before Export
	var generations []int
	for n := range keptEnds + 2 {
		before = e
		now := t0.Add(time.Duration(n) * time.Minute)
		if n%2 == 0 {
			e = e.Cancel(now)
		} else {
			e = e.Claim(now).Fail(Failure{Message: "No.", Permanent: true}, now)
		}
		generations = append(generations, e.Generation)
		e = e.Retry(now)
		_ = before.Cancel(now).Delete(now) // another successor of the same record
	}
	for n, g := range generations {
		end, ok := e.EndIn(g, EventFailed)
		if kept := n >= 2; ok != kept {
			t.Errorf("end %d is remembered: %v, want %v", n, ok, kept)
			continue
		} else if !kept {
			continue
		}
		want := map[bool]End{
			true:  {ErrorMessage: "cancelled", Outcome: OutcomeCancelled, LastError: "No."},
			false: {ErrorMessage: "No.", LastError: "No.", Attempts: 1},
		}[n%2 == 0]
		want.Generation, want.Mark, want.QueueStatus, want.CompletedAt = g, EventFailed, QueueFailed, t0.Add(time.Duration(n)*time.Minute)
		if end != want {
			t.Errorf("end %d is %+v, want %+v", n, end, want)
		}
	}
	if _, ok := e.EndIn(generations[3], EventReady); ok {
		t.Error("an end is known by another mark")
	}
}

// TestARetryThatHasWaited for a slot until what was packaged may go under its hands begins anew, and one that has not goes on.
func TestARetryThatHasWaited(t *testing.T) {
	for wait, fresh := range map[time.Duration]bool{ResumeLife - time.Minute: false, ResumeLife: true} {
		e := pending().Claim(t0).Fail(Failure{Message: "refused", Permanent: true}, t0.Add(time.Minute))
		e = e.Retry(t0.Add(2 * time.Minute)).AwaitSlot().Admit(t0.Add(wait))
		if got := e.FreshGeneration == e.Generation; got != fresh || e.StartedAt.IsZero() != fresh || e.AwaitsSlot() || e.DueAt.IsZero() {
			t.Errorf("admitted %s after its first start: anew %v, want %v; %+v", wait, got, fresh, e)
		}
	}
}
