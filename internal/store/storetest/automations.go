package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// automated is the automation of the account's index with nothing but its ids.
func automated(account, index string) export.Automation {
	return export.Automation{AccountID: account, IndexID: index}
}

func mustSaveAutomation(t *testing.T, s store.Store, next export.Automation, revision int64, noted *store.Ending) export.Automation {
	t.Helper()
	saved, err := s.SaveAutomation(t.Context(), next, revision, noted)
	if err != nil {
		t.Fatalf("SaveAutomation(%s) over revision %d: %v", next.IndexID, revision, err)
	}
	return saved
}

func mustLoadAutomation(t *testing.T, s store.Store, account, index string) export.Automation {
	t.Helper()
	a, err := s.Automation(t.Context(), account, index)
	if err != nil {
		t.Fatalf("Automation(%s): %v", index, err)
	}
	return a
}

func testAutomations(t *testing.T, s store.Store) {
	full := filled[export.Automation](t)
	full.AccountID, full.IndexID = account, "idx_full"
	for _, want := range []export.Automation{full, automated(account, "idx_bare")} {
		saved := mustSaveAutomation(t, s, want, 0, nil)
		want.Revision = 1
		equal(t, "answer of SaveAutomation", saved, want)
		equal(t, "automation", mustLoadAutomation(t, s, account, want.IndexID), want)
	}
}

func testAutomationAbsent(t *testing.T, s store.Store) {
	mustSaveAutomation(t, s, automated(account, "idx_1"), 0, &store.Ending{RunID: "run_1", Text: "completed"})
	for _, at := range [][2]string{{account, "idx_2"}, {"acct_2", "idx_1"}, {account, ""}, {account, "#"}, {account, "idx_1#"}, {"'", "idx_1"}} {
		_, err := s.Automation(t.Context(), at[0], at[1])
		refused(t, "an absent automation", err, fault.NotFound, "automation_not_found")
		_, err = s.Ending(t.Context(), at[0], at[1], "run_1")
		refused(t, "an end that an absent automation noted", err, fault.NotFound, "ending_not_found")
	}
	_, err := s.Ending(t.Context(), account, "idx_1", "run_2")
	refused(t, "an end that was never noted", err, fault.NotFound, "ending_not_found")
	_, err = s.SaveAutomation(t.Context(), automated(account, "idx_2"), 1, nil)
	refused(t, "a write over an absent automation", err, fault.Unavailable, "concurrent_write")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.SaveAutomation(ctx, automated(account, "idx_2"), 0, nil)
	refused(t, "a cancelled save", err, fault.Unavailable, "store_unavailable")
}

func testAutomationSave(t *testing.T, s store.Store) {
	a := mustSaveAutomation(t, s, automated(account, "idx_1"), 0, nil)
	next := filled[export.Automation](t)
	next.AccountID, next.IndexID = account, "idx_1"
	saved := mustSaveAutomation(t, s, next, a.Revision, nil)
	next.Revision = 2
	equal(t, "answer of SaveAutomation", saved, next)
	for _, revision := range []int64{0, 1, 3} {
		late := a
		late.UserID = "late"
		_, err := s.SaveAutomation(t.Context(), late, revision, &store.Ending{RunID: "run_1", Text: "late"})
		refused(t, fmt.Sprintf("a write over revision %d", revision), err, fault.Unavailable, "concurrent_write")
	}
	equal(t, "automation after the refused writes", mustLoadAutomation(t, s, account, "idx_1"), next)
	_, err := s.Ending(t.Context(), account, "idx_1", "run_1")
	refused(t, "the end that a refused write would have noted", err, fault.NotFound, "ending_not_found")

	emptied := automated(account, "idx_1") // what is taken away is gone
	mustSaveAutomation(t, s, emptied, 2, nil)
	emptied.Revision = 3
	equal(t, "emptied automation", mustLoadAutomation(t, s, account, "idx_1"), emptied)
}

// testAutomationSaveConcurrently lets many writers of one revision race, the first of all included: one wins, and only
// its end is noted.
func testAutomationSaveConcurrently(t *testing.T, s store.Store) {
	const writers, rounds = 12, 4
	for round := range int64(rounds) {
		errs := make([]error, writers)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				next := automated(account, "idx_1")
				next.UserID = fmt.Sprintf("round %d, writer %d", round, w)
				_, errs[w] = s.SaveAutomation(t.Context(), next, round, &store.Ending{RunID: fmt.Sprintf("run_%d", w), Text: next.UserID})
			})
		}
		all.Wait()
		won := mustLoadAutomation(t, s, account, "idx_1")
		winners := 0
		for w, err := range errs {
			text, noted := s.Ending(t.Context(), account, "idx_1", fmt.Sprintf("run_%d", w))
			mine := noted == nil && text == fmt.Sprintf("round %d, writer %d", round, w)
			if mine != (err == nil) {
				t.Errorf("round %d, writer %d: saving ended with %v and its end is noted: %v", round, w, err, mine)
			}
			if err == nil {
				winners++
				equal(t, "the winner", won.UserID, text)
			} else if !fault.Is(err, fault.Unavailable) {
				t.Errorf("round %d, writer %d: %v", round, w, err)
			}
		}
		if winners != 1 || won.Revision != round+1 {
			t.Fatalf("round %d: %d winners, revision %d", round, winners, won.Revision)
		}
	}
}

func testAutomationNotes(t *testing.T, s store.Store) {
	a := automated(account, "idx_1")
	for n, text := range []string{"completed 1", "completed 1", "failed 2"} {
		a = mustSaveAutomation(t, s, a, int64(n), &store.Ending{RunID: "run_1", Text: text})
		if got, err := s.Ending(t.Context(), account, "idx_1", "run_1"); err != nil || got != text {
			t.Errorf("noted %q, %v; want %q", got, err, text)
		}
	}
	mustSaveAutomation(t, s, automated(account, "idx_2"), 0, &store.Ending{RunID: "run_1", Text: "other"})
	mustSaveAutomation(t, s, a, 3, nil)
	if got, err := s.Ending(t.Context(), account, "idx_1", "run_1"); err != nil || got != "failed 2" {
		t.Errorf("after writes that note nothing of it: %q, %v", got, err)
	}
}

func testAutomationsDue(t *testing.T, s store.Store) {
	var want []store.AutomationRef
	for _, n := range []int{7, 3, 9, 1, 5} { // in no order
		a := automated(fmt.Sprintf("acct_%d", n), "idx_1")
		a.EndsAt = t0.Add(time.Duration(n) * time.Second)
		if n == 3 { // a window that has ended goes before the one that gathers runs
			a.Firing, a.EndsAt = &export.Firing{NextAt: a.EndsAt}, t0
		}
		mustSaveAutomation(t, s, a, 0, nil)
		want = append(want, store.AutomationRef{AccountID: a.AccountID, IndexID: a.IndexID})
	}
	slices.SortFunc(want, func(a, b store.AutomationRef) int { return compare(a.AccountID, b.AccountID) })
	mustSaveAutomation(t, s, automated(account, "idx_2"), 0, nil)
	mustCreate(t, s, pending(account, 1)) // what is due as an export is none

	dueAutomations(t, s, t0.Add(999*time.Millisecond), 10, nil)
	dueAutomations(t, s, t0.Add(time.Second), 10, want[:1])
	dueAutomations(t, s, t0.Add(6*time.Second), 10, want[:3])
	dueAutomations(t, s, t0.Add(time.Hour), 2, want[:2])
	due(t, s, t0.Add(time.Hour), 10, []store.Ref{{AccountID: account, ExportID: pending(account, 1).ID}})
	open(t, s, store.Open{Count: 1, Oldest: t0})

	mustSaveAutomation(t, s, automated(want[0].AccountID, "idx_1"), 1, nil)
	later := automated(want[1].AccountID, "idx_1")
	later.EndsAt = t0.Add(time.Minute)
	mustSaveAutomation(t, s, later, 1, nil)
	dueAutomations(t, s, t0.Add(time.Hour), 10, []store.AutomationRef{want[2], want[3], want[4], want[1]})
}

// dueAutomations waits until the listing is the wanted one: it may lag behind writes.
func dueAutomations(t *testing.T, s store.Store, now time.Time, limit int, want []store.AutomationRef) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, err := s.DueAutomations(t.Context(), now, limit)
		if err != nil {
			t.Fatalf("DueAutomations: %v", err)
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
