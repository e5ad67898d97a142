package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

func testDue(t *testing.T, s store.Store) {
	var want []store.Ref
	for _, n := range []int{7, 3, 9, 1, 5} { // in no order
		e := pending(fmt.Sprintf("acct_%d", n), n)
		e.DueAt = t0.Add(time.Duration(n) * time.Second)
		e.CreatedAt = e.DueAt
		mustCreate(t, s, e)
		want = append(want, store.Ref{AccountID: e.AccountID, ExportID: e.ID})
	}
	slices.SortFunc(want, func(a, b store.Ref) int { return compare(a.ExportID, b.ExportID) })
	undated := pending(account, 20)
	undated.DueAt = time.Time{}
	ended := pending(account, 21).Complete(t0)
	ended.DueAt = t0 // an ended export is not open: it is closing
	mustCreate(t, s, undated, ended)

	due(t, s, t0.Add(999*time.Millisecond), 10, nil)
	due(t, s, t0.Add(time.Second), 10, want[:1])
	due(t, s, t0.Add(6*time.Second), 10, want[:3])
	due(t, s, t0.Add(time.Hour), 10, want)
	due(t, s, t0.Add(time.Hour), 2, want[:2])

	open(t, s, store.Open{Count: 5, Oldest: t0.Add(time.Second)})
	moveDue(t, s, want[0], func(e export.Export) export.Export { return e.Complete(t0) })
	moveDue(t, s, want[1], func(e export.Export) export.Export {
		e.DueAt = t0.Add(time.Minute)
		return e
	})
	moveDue(t, s, want[2], func(e export.Export) export.Export {
		e.DueAt = time.Time{}
		return e
	})
	due(t, s, t0.Add(time.Hour), 10, []store.Ref{want[3], want[4], want[1]})
	open(t, s, store.Open{Count: 3, Oldest: t0.Add(3 * time.Second)})
	for _, r := range []store.Ref{want[1], want[3], want[4]} {
		moveDue(t, s, r, func(e export.Export) export.Export { return e.Complete(t0) })
	}
	open(t, s, store.Open{})
}

// open waits until so many exports are open: their count may lag behind writes.
func open(t *testing.T, s store.Store, want store.Open) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, err := s.OpenExports(t.Context())
		if err != nil {
			t.Fatalf("OpenExports: %v", err)
		}
		if got.Count == want.Count && got.Oldest.Equal(want.Oldest) || time.Now().After(deadline) {
			equal(t, "open exports", got, want)
			return
		}
	}
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

func moveDue(t *testing.T, s store.Store, r store.Ref, f func(export.Export) export.Export) {
	t.Helper()
	e := mustLoad(t, s, r.AccountID, r.ExportID)
	mustSave(t, s, f(e), e.Fence())
}

// due waits until the listing is the wanted one: it may lag behind writes.
func due(t *testing.T, s store.Store, now time.Time, limit int, want []store.Ref) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, err := s.DueExports(t.Context(), now, limit)
		if err != nil {
			t.Fatalf("DueExports: %v", err)
		}
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			equal(t, fmt.Sprintf("due at %s, at most %d,", now.Format(time.TimeOnly), limit), got, want)
			return
		}
	}
}
