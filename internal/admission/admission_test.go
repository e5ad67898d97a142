package admission

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/fault"
)

var t0 = time.Date(2026, 5, 1, 12, 0, 20, 0, time.UTC)

// placed is the account after these have come, each of which must be taken.
func placed(t *testing.T, a Account, l Limits, now time.Time, ids ...string) Account {
	t.Helper()
	for _, id := range ids {
		next, waits, err := a.Place(id, l, now)
		if err != nil || waits != slices.Contains(next.Waiting, id) || waits == slices.Contains(next.Running, id) {
			t.Fatalf("%s: waits %t, %v: %+v", id, waits, err, next)
		}
		a = next
	}
	return a
}

// TestTurns: who comes first is let in first, whatever comes between, and each has a slot once there are as many as slots.
func TestTurns(t *testing.T) {
	l := Limits{AtOnce: 2, Waiting: 3}
	a := placed(t, Account{AccountID: "acct"}, l, t0, "a", "b", "c", "d", "e")
	want := Account{AccountID: "acct", Running: []string{"a", "b"}, Waiting: []string{"c", "d", "e"}, Minute: t0.Truncate(time.Minute), Accepted: 5, DueAt: t0}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if next, admitted := a.Admit(l, t0); admitted != nil {
		t.Errorf("%v are admitted: %+v", admitted, next)
	}
	later := t0.Add(time.Minute)
	left := a.Leave("a", "d", "nobody")
	if next := placed(t, left, l, later, "f"); !slices.Equal(next.Waiting, []string{"c", "e", "f"}) {
		t.Errorf("who comes while others wait got past them: %+v", next)
	}
	next, admitted := left.Admit(l, later)
	if !slices.Equal(admitted, []string{"c"}) || !slices.Equal(next.Running, []string{"b", "c"}) || !slices.Equal(next.Waiting, []string{"e"}) {
		t.Errorf("%v are admitted: %+v", admitted, next)
	}
	if again, waits, err := next.Place("c", l, later); waits || err != nil || len(again.Running) != 2 {
		t.Errorf("who has a slot waits: %t, %v, %+v", waits, err, again)
	}
	if again, waits, err := next.Place("e", l, later); !waits || err != nil || len(again.Waiting) != 1 {
		t.Errorf("who waits: %t, %v, %+v", waits, err, again)
	}
	if !slices.Equal(a.Running, want.Running) || !slices.Equal(a.Waiting, want.Waiting) {
		t.Errorf("the account that they came from is %+v", a)
	}
}

// TestDue: the account is due while an export waits or may not have noticed its slot, and no longer.
func TestDue(t *testing.T) {
	l := Limits{AtOnce: 1, Waiting: 9}
	a := placed(t, Account{}, l, t0, "a")
	if !a.DueAt.IsZero() {
		t.Errorf("nobody waits, and it is due at %s", a.DueAt)
	}
	a = placed(t, a, l, t0, "b")
	later := t0.Add(time.Minute)
	if looked := a.Looked(false, later); !looked.DueAt.Equal(later) {
		t.Errorf("while one waits it is due at %s", looked.DueAt)
	}
	a, _ = a.Leave("a").Admit(l, later)
	if a.DueAt.IsZero() || a.Looked(true, later).DueAt.IsZero() || !a.Looked(false, later).DueAt.IsZero() {
		t.Errorf("one was let in: due at %s", a.DueAt)
	}
}

// TestLimits: what is over a limit is refused, says which one, and changes nothing.
func TestLimits(t *testing.T) {
	l := Limits{AtOnce: 1, Waiting: 2, PerMinute: 4}
	full := placed(t, Account{}, l, t0, "a", "b", "c")
	refused(t, full, l, t0, CodeQueue, queueWait)
	counted := full.Leave("a", "b", "c")
	counted = placed(t, counted, l, t0, "d")
	refused(t, counted, l, t0, CodeRate, 40*time.Second)
	refused(t, counted, l, t0.Add(39_999*time.Millisecond), CodeRate, time.Second)
	refused(t, counted, l, t0.Add(-time.Hour), CodeRate, time.Minute) // a clock that is behind
	if next := placed(t, counted, l, t0.Add(40*time.Second), "e"); next.Accepted != 1 {
		t.Errorf("in the next minute %d were accepted", next.Accepted)
	}
	if next := placed(t, Account{Minute: t0.Truncate(time.Minute), Accepted: 3}, l, t0.Add(-time.Hour), "e"); next.Accepted != 4 || !next.Minute.Equal(t0.Truncate(time.Minute)) {
		t.Errorf("by a clock that is behind: %+v", next)
	}
}

func refused(t *testing.T, a Account, l Limits, now time.Time, code string, wait time.Duration) {
	t.Helper()
	next, _, err := a.Place("late", l, now)
	if f := fault.As(err); err == nil || f.Kind != fault.Throttled || f.Code != code || f.RetryAfter != wait {
		t.Errorf("at %s: %v, again after %s; want %s after %s", now.Format(time.TimeOnly), err, fault.As(err).RetryAfter, code, wait)
	}
	if diff := cmp.Diff(a, next); diff != "" {
		t.Errorf("a refusal has changed (-before +after):\n%s", diff)
	}
}

func TestDefaults(t *testing.T) {
	if got, want := (Limits{Waiting: 7}).WithDefaults(), (Limits{DefaultAtOnce, 7, DefaultPerMinute}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	a := Account{}
	for n := range DefaultAtOnce + DefaultWaiting {
		a = placed(t, a, Limits{}, t0, fmt.Sprint("exp_", n))
	}
	if len(a.Running) != DefaultAtOnce || len(a.Waiting) != DefaultWaiting {
		t.Errorf("%d are under way, %d wait", len(a.Running), len(a.Waiting))
	}
	refused(t, a, Limits{}, t0.Add(time.Minute), CodeQueue, queueWait)
}

// TestRandomLives: whatever comes and goes in any order, limits hold, everybody has one place, and turns are kept.
func TestRandomLives(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := Limits{AtOnce: 1 + r.IntN(3), Waiting: 1 + r.IntN(4), PerMinute: 1 + r.IntN(9)}
		var a Account
		var turns []string // who has waited, in the order of their coming
		now, n := t0, 0
		for range 100 {
			now = now.Add(time.Duration(r.IntN(20)) * time.Second)
			switch r.IntN(3) {
			case 0:
				n++
				id := fmt.Sprint(n)
				next, waits, err := a.Place(id, l, now)
				if a = next; err == nil && waits {
					turns = append(turns, id)
				}
			case 1:
				if all := slices.Concat(a.Running, a.Waiting); len(all) > 0 {
					id := all[r.IntN(len(all))]
					a = a.Leave(id)
					turns = slices.DeleteFunc(turns, func(w string) bool { return w == id })
				}
			case 2:
				next, admitted := a.Admit(l, now)
				if a = next; !slices.Equal(admitted, turns[:len(admitted)]) || len(a.Waiting) > 0 && len(a.Running) < l.AtOnce {
					t.Fatalf("seed %d: %v are admitted of %v: %+v", seed, admitted, turns, a)
				}
				turns = turns[len(admitted):]
			}
			if all := slices.Sorted(slices.Values(slices.Concat(a.Running, a.Waiting))); len(slices.Compact(slices.Clone(all))) != len(all) || len(a.Running) > l.AtOnce ||
				len(a.Waiting) > l.Waiting || a.Accepted > l.PerMinute || !slices.Equal(a.Waiting, turns) {
				t.Fatalf("seed %d, limits %+v: %+v, with %s to come", seed, l, a, strings.Join(turns, " "))
			}
		}
	}
}
