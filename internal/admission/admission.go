package admission

import (
	"slices"
	"time"

	"github.com/videovector/exports/internal/fault"
)

// The limits that an account has unless the service is told others.
const (
	// DefaultAtOnce is how many exports of an account are under way at once; others wait.
	DefaultAtOnce = 20
	// DefaultWaiting is how many exports of an account may wait; further ones are refused.
	DefaultWaiting = 100
	// DefaultPerMinute is how many exports of an account are accepted in a minute of the clock; further ones are refused.
	DefaultPerMinute = 120
)

// queueWait is what a caller is asked to wait for when the queue is full: about as long as it takes until the sweeper has
// come, and places have been found free that nobody told of.
const queueWait = 30 * time.Second

// Limits are those of every account. A zero one means its default.
type Limits struct{ AtOnce, Waiting, PerMinute int }

// WithDefaults is the limits, with the default for each that is zero.
func (l Limits) WithDefaults() Limits {
	for limit, fallback := range map[*int]int{&l.AtOnce: DefaultAtOnce, &l.Waiting: DefaultWaiting, &l.PerMinute: DefaultPerMinute} {
		if *limit == 0 {
			*limit = fallback
		}
	}
	return l
}

// Account is the admission of an account's exports. An account without a record has the one of its id and nothing else.
type Account struct {
	AccountID string
	Running   []string  // ids of the exports that have a slot, in the order in which they got it
	Waiting   []string  // ids of those that wait for one, the oldest first
	Minute    time.Time // the beginning of the minute in which the latest export was accepted
	Accepted  int       // in that minute
	// DueAt is when the sweeper looks at it next: set while an export waits, or may not have noticed its slot; zero otherwise.
	DueAt    time.Time
	Revision int64 // grows with every save; 0 before the first
}

// Failures of Place.
const (
	CodeRate  = "create_rate_limit_exceeded"
	CodeQueue = "export_queue_full"
)

// Place gives a new export, or one that is retried, a slot or else a place in the queue, and says whether it waits. An
// export that has a place already keeps it. Over the limits it fails with fault.Throttled, and nothing has changed.
func (a Account) Place(id string, l Limits, now time.Time) (next Account, waits bool, err error) {
	l = l.WithDefaults()
	next, err = a.counted(l, now)
	switch {
	case err != nil:
		return a, false, err
	case slices.Contains(a.Running, id):
		return next, false, nil
	case slices.Contains(a.Waiting, id):
		return next, true, nil
	case len(a.Waiting) == 0 && len(a.Running) < l.AtOnce:
		next.Running = with(a.Running, id)
		return next, false, nil
	case len(a.Waiting) >= l.Waiting:
		return a, false, queueFull(l)
	}
	next.Waiting = with(a.Waiting, id)
	return next.due(now), true, nil
}

// counted is the account with one more export in the present minute. A clock that is behind the one that counted last goes
// by that one's minute.
func (a Account) counted(l Limits, now time.Time) (Account, error) {
	if minute := now.UTC().Truncate(time.Minute); minute.After(a.Minute) {
		a.Minute, a.Accepted = minute, 0
	}
	if a.Accepted >= l.PerMinute {
		return a, tooMany(l, a.Minute.Add(time.Minute).Sub(now))
	}
	a.Accepted++
	return a, nil
}

// Holds reports whether the export has a slot or a place in the queue.
func (a Account) Holds(id string) bool {
	return slices.Contains(a.Running, id) || slices.Contains(a.Waiting, id)
}

// Leave takes away what exports have that have ended.
func (a Account) Leave(ids ...string) Account {
	ended := func(id string) bool { return slices.Contains(ids, id) }
	a.Running = slices.DeleteFunc(slices.Clone(a.Running), ended)
	a.Waiting = slices.DeleteFunc(slices.Clone(a.Waiting), ended)
	return a
}

// Admit gives free slots to those who have waited longest. Whose the slots are their own records don't know yet.
func (a Account) Admit(l Limits, now time.Time) (next Account, admitted []string) {
	n := max(0, min(l.WithDefaults().AtOnce-len(a.Running), len(a.Waiting)))
	if n == 0 {
		return a, nil
	}
	admitted = slices.Clone(a.Waiting[:n])
	a.Running, a.Waiting = with(a.Running, admitted...), slices.Clone(a.Waiting[n:])
	return a.due(now), admitted
}

// due lets the sweeper look at the account, which comes to those first that it has not looked at for longest.
func (a Account) due(now time.Time) Account {
	if a.DueAt.IsZero() {
		a.DueAt = now.UTC().Truncate(time.Millisecond)
	}
	return a
}

// Looked is the account after the sweeper has looked at it. It comes again as long as an export waits, or some may not have
// noticed their slots.
func (a Account) Looked(unnoticed bool, now time.Time) Account {
	a.DueAt = time.Time{}
	if unnoticed || len(a.Waiting) > 0 {
		return a.due(now)
	}
	return a
}

func with(ids []string, more ...string) []string { return append(slices.Clone(ids), more...) }

func tooMany(l Limits, left time.Duration) error {
	f := fault.Newf(fault.Throttled, CodeRate, "This account has created %d exports in this minute, which is as many as it may.", l.PerMinute)
	f.RetryAfter = min(max(left, time.Second), time.Minute)
	return f.With("creates_per_minute", l.PerMinute)
}

func queueFull(l Limits) error {
	f := fault.Newf(fault.Throttled, CodeQueue, "%d exports of this account are under way and %d wait, which is as many as may.", l.AtOnce, l.Waiting)
	f.RetryAfter = queueWait
	return f.With("exports_at_once", l.AtOnce).With("exports_waiting", l.Waiting)
}
