package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func testExportRoundTrip(t *testing.T, s store.Store) {
	e := filled[export.Export](t)
	e.ID, e.AccountID = "exp_1", account
	e.DeletedAt = time.Time{} // nobody sees one that was deleted
	mustCreate(t, s, e)
	equal(t, "created export", mustLoad(t, s, account, "exp_1"), e)

	gone := filled[export.Export](t)
	gone.ID, gone.AccountID = "exp_2", account
	mustCreate(t, s, gone)
	if left, err := s.AnyExport(t.Context(), account, "exp_2"); err != nil {
		t.Errorf("AnyExport: %v", err)
	} else {
		equal(t, "deleted export", left, gone)
	}

	next := filled[export.Export](t)
	next.ID, next.AccountID, next.Status = "exp_1", account, export.StatusCompleted
	next.DeletedAt = time.Time{}
	saved, err := s.SaveExport(t.Context(), next, export.Fence{Generation: e.Generation, Revision: e.Revision, Statuses: []export.Status{e.Status}})
	if err != nil {
		t.Fatalf("SaveExport: %v", err)
	}
	next.Revision = e.Revision + 1
	equal(t, "answer of SaveExport", saved, next)
	equal(t, "saved export", mustLoad(t, s, account, "exp_1"), next)

	page, err := s.ListExports(t.Context(), account, store.ListQuery{Limit: 1})
	if err != nil {
		t.Fatalf("ListExports: %v", err)
	}
	equal(t, "listed exports", page.Exports, []export.Export{next})
}

func testExportMinimal(t *testing.T, s store.Store) {
	e := pending(account, 1)
	mustCreate(t, s, e)
	equal(t, "export", mustLoad(t, s, account, e.ID), e)
}

func testExportIDTaken(t *testing.T, s store.Store) {
	e := pending(account, 1)
	mustCreate(t, s, e)
	other := e
	other.UserID = "user_2"
	_, created, err := s.CreateExport(t.Context(), other, nil, nil)
	refused(t, "a second export of the id", err, fault.Conflict, "export_exists")
	if created {
		t.Error("and was reported as created")
	}
	equal(t, "the first export", mustLoad(t, s, account, e.ID), e)
}

func testExportAbsent(t *testing.T, s store.Store) {
	e := pending(account, 1)
	mustCreate(t, s, e)
	_, err := s.Export(t.Context(), account, "exp_unknown")
	refused(t, "an unknown export", err, fault.NotFound, "export_not_found")
	_, err = s.Export(t.Context(), "acct_2", e.ID)
	refused(t, "another account's export", err, fault.NotFound, "export_not_found")

	stranger := e
	stranger.AccountID = "acct_2"
	_, err = s.SaveExport(t.Context(), stranger, e.Fence())
	refused(t, "saving another account's export", err, fault.NotFound, "export_not_found")
	equal(t, "the export", mustLoad(t, s, account, e.ID), e)
}

// testStrangeIDs looks with ids that hold the separators and boundaries that a store might build its keys of.
func testStrangeIDs(t *testing.T, s store.Store) {
	e := pending(account, 1)
	mustCreate(t, s, e)
	run := export.Run{ID: "b_c", AccountID: account, Status: export.RunCompleted, Parts: 1}
	if err := s.PutRun(t.Context(), run, []export.Part{{Number: 1, Key: "k"}}); err != nil {
		t.Fatalf("PutRun: %v", err)
	}
	for _, id := range []string{"", "#", "x#y", "%", "exp_00000?", "exp_000001#", e.ID + "\x00", "'", "EXP#" + e.ID, "../" + e.ID} {
		_, err := s.Export(t.Context(), account, id)
		refused(t, "Export("+id+")", err, fault.NotFound, "export_not_found")
		_, err = s.Export(t.Context(), id, e.ID)
		refused(t, "Export of account "+id, err, fault.NotFound, "export_not_found")
		_, err = s.Run(t.Context(), account, id)
		refused(t, "Run("+id+")", err, fault.NotFound, "prompt_run_not_found")
		_, err = s.Connector(t.Context(), account, id)
		refused(t, "Connector("+id+")", err, fault.NotFound, "connector_not_found")
		refused(t, "DeleteConnector("+id+")", s.DeleteConnector(t.Context(), account, id), fault.NotFound, "connector_not_found")
		if all, err := s.ListConnectors(t.Context(), id); err != nil || len(all) != 0 {
			t.Errorf("ListConnectors(%q) = %d connectors, %v; want none", id, len(all), err)
		}
		if parts, err := s.Parts(t.Context(), account, id); err != nil || len(parts) != 0 {
			t.Errorf("Parts(%q) = %d parts, %v; want none", id, len(parts), err)
		}
	}
}

func testCancelled(t *testing.T, s store.Store) {
	e := pending(account, 1)
	mustCreate(t, s, e)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Export(ctx, account, e.ID)
	refused(t, "a cancelled read", err, fault.Unavailable, "store_unavailable")
	_, err = s.SaveExport(ctx, e.Claim(t0), e.Fence())
	refused(t, "a cancelled save", err, fault.Unavailable, "store_unavailable")
	_, _, err = s.CreateExport(ctx, pending(account, 2), nil, nil)
	refused(t, "a cancelled create", err, fault.Unavailable, "store_unavailable")
	_, err = s.ListConnectors(ctx, account)
	refused(t, "a cancelled listing of connectors", err, fault.Unavailable, "store_unavailable")
	refused(t, "a cancelled removal", s.DeleteConnector(ctx, account, "conn_1"), fault.Unavailable, "store_unavailable")
}
