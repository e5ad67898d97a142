package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// testSaveOnce: the write and its record come together, and a repetition of the key writes nothing.
func testSaveOnce(t *testing.T, s store.Store) {
	created := pending(account, 1)
	mustCreate(t, s, created)
	i := idem("k1", created)
	cancelled := created.Cancel(t0)
	saved, rec, done, err := s.SaveExportOnce(t.Context(), cancelled, created.Fence(), i, nil)
	if err != nil || !done {
		t.Fatalf("SaveExportOnce = done %v, %v", done, err)
	}
	cancelled.Revision++
	equal(t, "answer", saved, cancelled)
	equal(t, "answer's record", rec, kept(i))
	equal(t, "export", mustLoad(t, s, account, created.ID), cancelled)
	read, err := s.Idempotency(t.Context(), i.IdempotencyKey, t0)
	if err != nil {
		t.Fatalf("Idempotency: %v", err)
	}
	equal(t, "stored record", read, kept(i))

	_, rec, done, err = s.SaveExportOnce(t.Context(), saved.Retry(t0), saved.FenceIn(export.StatusFailed), i, nil)
	if err != nil || done {
		t.Errorf("the key again = done %v, %v", done, err)
	}
	equal(t, "answer to the key again", rec, kept(i))
	equal(t, "export after the key again", mustLoad(t, s, account, created.ID), cancelled)

	later := *i
	later.Now, later.ExpiresAt = i.ExpiresAt, i.ExpiresAt.Add(time.Hour)
	if saved, _, done, err = s.SaveExportOnce(t.Context(), saved.Retry(t0), saved.FenceIn(export.StatusFailed), &later, nil); err != nil || !done {
		t.Fatalf("the key after its record's time = done %v, %v", done, err)
	}
	equal(t, "retried export", mustLoad(t, s, account, created.ID), saved)
}

// testSaveOnceRefused: where the fence doesn't hold nothing is written, no record either.
func testSaveOnceRefused(t *testing.T, s store.Store) {
	created := pending(account, 1)
	mustCreate(t, s, created)
	moved := mustSave(t, s, created.Claim(t0), created.Fence())
	try := func(what string, e export.Export, f export.Fence, kind fault.Kind, code string) {
		t.Helper()
		i := idem("k1", e)
		_, _, done, err := s.SaveExportOnce(t.Context(), e, f, i, nil)
		refused(t, what, err, kind, code)
		if done {
			t.Errorf("%s: done", what)
		}
		_, err = s.Idempotency(t.Context(), i.IdempotencyKey, t0)
		refused(t, what+": its record", err, fault.NotFound, "idempotency_not_found")
	}
	try("over another revision", created.Cancel(t0), created.Fence(), fault.Unavailable, "concurrent_write")
	try("over another status", moved.Retry(t0), moved.FenceIn(export.StatusFailed), fault.Superseded, "export_superseded")
	try("over another generation", moved.Restart(t0).Cancel(t0), moved.Restart(t0).Fence(), fault.Superseded, "export_superseded")
	unknown := pending(account, 2)
	try("of what isn't there", unknown.Cancel(t0), unknown.Fence(), fault.NotFound, "export_not_found")
	equal(t, "export", mustLoad(t, s, account, created.ID), moved)
}

// testSaveOnceTwins lets twins of one request race: one of them writes, and nobody is refused for it.
func testSaveOnceTwins(t *testing.T, s store.Store) {
	const twins, rounds = 16, 5
	for round := range rounds {
		created := pending(account, round)
		mustCreate(t, s, created)
		done, errs := make([]bool, twins), make([]error, twins)
		var all sync.WaitGroup
		for n := range twins {
			all.Go(func() {
				_, _, done[n], errs[n] = s.SaveExportOnce(t.Context(), created.Cancel(t0), created.Fence(), idem(fmt.Sprint("k", round), created), nil)
			})
		}
		all.Wait()
		writers := 0
		for n, err := range errs {
			if err != nil {
				t.Errorf("round %d, twin %d: %v", round, n, err)
			}
			if done[n] {
				writers++
			}
		}
		if e := mustLoad(t, s, account, created.ID); writers != 1 || !e.Cancelled() || e.Revision != 1 {
			t.Errorf("round %d: %d writers; the export is %s, revision %d", round, writers, e.Status, e.Revision)
		}
	}
}

// testClosing: exports that have ended and are due are listed apart from open ones, soonest first.
func testClosing(t *testing.T, s store.Store) {
	var want []store.Ref
	for _, n := range []int{5, 1, 3} {
		e := pending(fmt.Sprintf("acct_%d", n), n).Cancel(t0)
		e.DueAt = t0.Add(time.Duration(n) * time.Second)
		mustCreate(t, s, e)
		want = append(want, store.Ref{AccountID: e.AccountID, ExportID: e.ID})
	}
	slices.SortFunc(want, func(a, b store.Ref) int { return compare(a.ExportID, b.ExportID) })
	mustCreate(t, s, pending(account, 20), pending(account, 21).Complete(t0))

	closing(t, s, t0.Add(999*time.Millisecond), 10, nil)
	closing(t, s, t0.Add(3*time.Second), 10, want[:2])
	closing(t, s, t0.Add(time.Hour), 10, want)
	closing(t, s, t0.Add(time.Hour), 1, want[:1])
	e := mustLoad(t, s, want[0].AccountID, want[0].ExportID)
	mustSave(t, s, e.ClearedUp(), e.FenceIn(export.StatusFailed))
	closing(t, s, t0.Add(time.Hour), 10, want[1:])
	open(t, s, store.Open{Count: 1, Oldest: t0})
}

// testClosingInTurns: an account that has deleted many exports keeps no other one from its turn.
func testClosingInTurns(t *testing.T, s store.Store) {
	var want []store.Ref
	for n := range 6 { // four of one account, due before the two of another
		owner := "acct_much"
		if n >= 4 {
			owner = "acct_little"
		}
		e := pending(owner, n).Cancel(t0)
		e.DueAt = t0.Add(time.Duration(n) * time.Second)
		mustCreate(t, s, e)
		want = append(want, store.Ref{AccountID: owner, ExportID: e.ID})
	}
	closing(t, s, t0.Add(time.Hour), 10, []store.Ref{want[0], want[4], want[1], want[5], want[2], want[3]})
	closing(t, s, t0.Add(time.Hour), 2, []store.Ref{want[0], want[4]})
}

// closing waits until the listing is the wanted one: it may lag behind writes.
func closing(t *testing.T, s store.Store, now time.Time, limit int, want []store.Ref) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, err := s.ClosingExports(t.Context(), now, limit)
		if err != nil {
			t.Fatalf("ClosingExports: %v", err)
		}
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			equal(t, fmt.Sprintf("closing at %s, at most %d,", now.Format(time.TimeOnly), limit), got, want)
			return
		}
	}
}

// testDeleted: nobody sees a deleted export, its late writers are refused, and it can be removed.
func testDeleted(t *testing.T, s store.Store) {
	var all []export.Export
	for n := range 3 {
		all = append(all, pending(account, n))
	}
	mustCreate(t, s, all...)
	read := all[1]
	refused(t, "removing an export that is there", s.RemoveExport(t.Context(), account, read.ID), fault.Conflict, "export_kept")
	cancelled := mustSave(t, s, read.Cancel(t0), read.Fence())
	deleted := mustSave(t, s, cancelled.Delete(t0), cancelled.FenceIn(export.StatusFailed))

	_, err := s.Export(t.Context(), account, read.ID)
	refused(t, "a deleted export", err, fault.NotFound, "export_not_found")
	if !errors.Is(err, store.ErrExportDeleted) {
		t.Error("and it can't be told from one that never was")
	}
	left, err := s.AnyExport(t.Context(), account, read.ID)
	if err != nil {
		t.Errorf("AnyExport of a deleted export: %v", err)
	}
	equal(t, "what is left of it", left, deleted)
	for _, limit := range []int{1, 2, 200} {
		listed(t, s, limit, all[2].ID, all[0].ID)
	}
	_, err = s.SaveExport(t.Context(), read.Claim(t0), read.Fence())
	refused(t, "a late write", err, fault.Superseded, "export_superseded")
	_, _, err = s.CreateExport(t.Context(), read, nil, nil)
	refused(t, "creating it again", err, fault.Conflict, "export_exists")
	closing(t, s, deleted.DueAt, 10, []store.Ref{{AccountID: account, ExportID: read.ID}})

	for range 2 {
		if err := s.RemoveExport(t.Context(), account, read.ID); err != nil {
			t.Errorf("RemoveExport: %v", err)
		}
	}
	_, err = s.Export(t.Context(), account, read.ID)
	refused(t, "a removed export", err, fault.NotFound, "export_not_found")
	if errors.Is(err, store.ErrExportDeleted) {
		t.Error("and it is still there")
	}
	_, err = s.AnyExport(t.Context(), account, read.ID)
	refused(t, "AnyExport of a removed export", err, fault.NotFound, "export_not_found")
	left, err = s.AnyExport(t.Context(), account, all[0].ID)
	if err != nil {
		t.Errorf("AnyExport: %v", err)
	}
	equal(t, "AnyExport of one that was not deleted", left, all[0])
	_, err = s.SaveExport(t.Context(), read.Claim(t0), read.Fence())
	refused(t, "a write after the removal", err, fault.NotFound, "export_not_found")
	closing(t, s, t0.Add(1000*time.Hour), 10, nil)
	mustLoad(t, s, account, all[0].ID)
}

// listed pages through the account's exports.
func listed(t *testing.T, s store.Store, limit int, want ...string) {
	t.Helper()
	var got []string
	for before := ""; ; {
		page, err := s.ListExports(t.Context(), account, store.ListQuery{Limit: limit, BeforeID: before})
		if err != nil {
			t.Fatalf("ListExports: %v", err)
		}
		for _, e := range page.Exports {
			got = append(got, e.ID)
		}
		if before = page.NextBefore; before == "" {
			break
		}
	}
	equal(t, fmt.Sprintf("listing in pages of %d", limit), got, want)
}

// testOpenSinceRetry: a retried export is not as old as it is.
func testOpenSinceRetry(t *testing.T, s store.Store) {
	e := pending(account, 1)
	mustCreate(t, s, e)
	open(t, s, store.Open{Count: 1, Oldest: t0})
	e = mustSave(t, s, e.Cancel(t0.Add(time.Minute)), e.Fence())
	open(t, s, store.Open{})
	mustSave(t, s, e.Retry(t0.Add(48*time.Hour)), e.FenceIn(export.StatusFailed))
	open(t, s, store.Open{Count: 1, Oldest: t0.Add(48 * time.Hour)})
}
