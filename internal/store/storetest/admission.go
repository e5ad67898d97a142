package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func mustAdmission(t *testing.T, s store.Store, account string) admission.Account {
	t.Helper()
	a, err := s.Admission(t.Context(), account)
	if err != nil {
		t.Fatalf("Admission(%s): %v", account, err)
	}
	return a
}

func mustSaveAdmission(t *testing.T, s store.Store, a admission.Account) admission.Account {
	t.Helper()
	saved, err := s.SaveAdmission(t.Context(), a)
	if err != nil {
		t.Fatalf("SaveAdmission(%s): %v", a.AccountID, err)
	}
	return saved
}

func testAdmissions(t *testing.T, s store.Store) {
	equal(t, "admission of an account without one", mustAdmission(t, s, account), admission.Account{AccountID: account})
	full := filled[admission.Account](t)
	full.AccountID, full.Revision = account, 0
	for _, want := range []admission.Account{full, {AccountID: "acct_bare"}} {
		saved := mustSaveAdmission(t, s, want)
		want.Revision = 1
		want.DueAt = export.Stamp(want.DueAt)
		saved.DueAt = export.Stamp(saved.DueAt)
		equal(t, "answer of SaveAdmission", saved, want)
		equal(t, "admission", mustAdmission(t, s, want.AccountID), want)
	}
	for _, nobody := range []string{"", "#", "'", account + "#"} {
		equal(t, "admission of nobody", mustAdmission(t, s, nobody), admission.Account{AccountID: nobody})
	}
}

func testAdmissionSave(t *testing.T, s store.Store) {
	first := admission.Account{AccountID: account, Running: []string{"exp_1"}}
	saved := mustSaveAdmission(t, s, first)
	for what, late := range map[string]admission.Account{
		"as if there were none": first, "over a later revision": {AccountID: account, Revision: 7},
		"over one that was never there": {AccountID: "acct_2", Revision: 1},
	} {
		_, err := s.SaveAdmission(t.Context(), late)
		refused(t, "a save "+what, err, fault.Unavailable, "concurrent_write")
		if !errors.Is(err, store.ErrAdmissionMoved) {
			t.Errorf("a save %s is %v", what, err)
		}
	}
	equal(t, "admission", mustAdmission(t, s, account), saved)
	saved.Running = nil
	mustSaveAdmission(t, s, saved)
	if left := mustAdmission(t, s, account); len(left.Running) != 0 || left.Revision != 2 {
		t.Errorf("after the last one left the admission is %+v", left)
	}
}

// testCreateInPlace: an export and its place are both there, or neither.
func testCreateInPlace(t *testing.T, s store.Store) {
	for n, key := range []*store.Idempotency{nil, idem("k1", pending(account, 2))} {
		e := pending(account, n+1)
		read := mustAdmission(t, s, account)
		place := read
		place.Running = append(slices.Clone(read.Running), e.ID)
		if _, created, err := s.CreateExport(t.Context(), e, key, &place); err != nil || !created {
			t.Fatalf("created %t, %v", created, err)
		}
		place.Revision++
		equal(t, "admission", mustAdmission(t, s, account), place)

		late := pending(account, 100+n)
		stale := read
		stale.Running = append(slices.Clone(read.Running), late.ID)
		other := key
		if key != nil {
			other = idem("another", late)
		}
		_, created, err := s.CreateExport(t.Context(), late, other, &stale)
		if created || !errors.Is(err, store.ErrAdmissionMoved) {
			t.Errorf("over a stale admission: created %t, %v", created, err)
		}
		_, err = s.Export(t.Context(), account, late.ID)
		refused(t, "an export without a place", err, fault.NotFound, "export_not_found")
		if other != nil {
			_, err = s.Idempotency(t.Context(), other.IdempotencyKey, t0)
			refused(t, "its request's record", err, fault.NotFound, "idempotency_not_found")
		}
		equal(t, "admission", mustAdmission(t, s, account), place)
	}
	again := pending(account, 3)
	rec, created, err := s.CreateExport(t.Context(), again, idem("k1", again), &admission.Account{AccountID: account, Running: []string{"exp_wrong"}})
	if created || err != nil || rec.ResourceID != pending(account, 2).ID {
		t.Errorf("under a key that was used, over a stale admission: %s, created %t, %v", rec.ResourceID, created, err)
	}
	_, _, err = s.CreateExport(t.Context(), pending(account, 1), nil, &admission.Account{AccountID: account})
	refused(t, "an export that is there, over a stale admission", err, fault.Conflict, "export_exists")
}

// testSaveInPlace: so do a retry and its place, with a key or without.
func testSaveInPlace(t *testing.T, s store.Store) {
	for n, key := range []*store.Idempotency{nil, idem("k1", pending(account, 2))} {
		e := pending(account, n+1)
		mustCreate(t, s, e)
		e = mustSave(t, s, e.Cancel(t0), e.Fence())
		fence := e.FenceIn(export.StatusFailed)
		place := mustAdmission(t, s, account)
		place.Waiting = append(slices.Clone(place.Waiting), e.ID)
		stale := place
		stale.Revision += 5
		_, _, done, err := s.SaveExportOnce(t.Context(), e.Retry(t0).AwaitSlot(), fence, key, &stale)
		if done || !errors.Is(err, store.ErrAdmissionMoved) {
			t.Errorf("over a stale admission: done %t, %v", done, err)
		}
		equal(t, "export", mustLoad(t, s, account, e.ID), e)
		saved, _, done, err := s.SaveExportOnce(t.Context(), e.Retry(t0).AwaitSlot(), fence, key, &place)
		if !done || err != nil {
			t.Fatalf("done %t, %v", done, err)
		}
		place.Revision++
		equal(t, "export", mustLoad(t, s, account, e.ID), saved)
		equal(t, "admission", mustAdmission(t, s, account), place)
		if key != nil {
			continue
		}
		_, _, _, err = s.SaveExportOnce(t.Context(), e.Retry(t0), fence, nil, &place)
		refused(t, "a retry that comes too late", err, fault.Superseded, "export_superseded")
		equal(t, "admission", mustAdmission(t, s, account), place)
	}
}

// testPlacesTakenAtOnce: of those who take a place at once on one admission, one gets it.
func testPlacesTakenAtOnce(t *testing.T, s store.Store) {
	const writers = 16
	for round := range 5 {
		read := mustAdmission(t, s, account)
		created, errs := make([]bool, writers), make([]error, writers)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				e := pending(account, 100*round+w)
				place := read
				place.Running = append(slices.Clone(read.Running), e.ID)
				_, created[w], errs[w] = s.CreateExport(t.Context(), e, idem(fmt.Sprintf("k-%d-%d", round, w), e), &place)
			})
		}
		all.Wait()
		winner := -1
		for w, err := range errs {
			switch {
			case created[w] && winner < 0:
				winner = w
			case created[w] || !errors.Is(err, store.ErrAdmissionMoved):
				t.Errorf("round %d, writer %d: created %t, %v", round, w, created[w], err)
			}
		}
		if winner < 0 {
			t.Fatalf("round %d: nobody got the place", round)
		}
		if a := mustAdmission(t, s, account); len(a.Running) != round+1 || a.Running[round] != pending(account, 100*round+winner).ID {
			t.Errorf("round %d, won by writer %d: %v", round, winner, a.Running)
		}
	}
}

func testAdmissionsDue(t *testing.T, s store.Store) {
	var want []string
	for _, n := range []int{3, 1, 2} {
		a := mustSaveAdmission(t, s, admission.Account{AccountID: fmt.Sprintf("acct_%d", n), DueAt: t0.Add(time.Duration(n) * time.Second)})
		want = append(want, a.AccountID)
	}
	slices.Sort(want)
	mustSaveAdmission(t, s, admission.Account{AccountID: "acct_9", Running: []string{"exp_1"}}) // isn't due
	e := pending(account, 1)
	e.DueAt = t0
	mustCreate(t, s, e) // is an export
	dueAdmissions(t, s, t0.Add(999*time.Millisecond), 10, nil)
	dueAdmissions(t, s, t0.Add(2*time.Second), 10, want[:2])
	dueAdmissions(t, s, t0.Add(time.Hour), 1, want[:1])
	a := mustAdmission(t, s, want[0])
	a.DueAt = time.Time{}
	mustSaveAdmission(t, s, a)
	dueAdmissions(t, s, t0.Add(time.Hour), 10, want[1:])
	due(t, s, t0.Add(time.Hour), 10, []store.Ref{{AccountID: account, ExportID: e.ID}})
	open(t, s, store.Open{Count: 1, Oldest: e.CreatedAt})
}

// dueAdmissions waits until these are due: the index may lag behind writes.
func dueAdmissions(t *testing.T, s store.Store, now time.Time, limit int, want []string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, err := s.DueAdmissions(t.Context(), now, limit)
		if err != nil {
			t.Fatalf("DueAdmissions: %v", err)
		}
		if slices.Equal(got, want) || time.Now().After(deadline) {
			equal(t, "due admissions", got, want)
			return
		}
	}
}

// testDueInTurns: an account with much to do keeps no other one from its turn.
func testDueInTurns(t *testing.T, s store.Store) {
	var want []store.Ref
	for n := range 12 { // ten of one account, due before the two of another
		owner := "acct_much"
		if n >= 10 {
			owner = "acct_little"
		}
		e := pending(owner, n)
		e.DueAt = t0.Add(time.Duration(n) * time.Second)
		mustCreate(t, s, e)
		want = append(want, store.Ref{AccountID: owner, ExportID: e.ID})
	}
	now := t0.Add(time.Hour)
	due(t, s, now, 20, slices.Concat([]store.Ref{want[0], want[10], want[1], want[11]}, want[2:10]))
	due(t, s, now, 4, []store.Ref{want[0], want[10], want[1], want[11]})
	due(t, s, now, 2, []store.Ref{want[0], want[10]})
}
