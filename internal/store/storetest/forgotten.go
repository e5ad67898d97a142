package storetest

import (
	"testing"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// testForgotten: a record stands until it is forgotten, however much is created meanwhile, and an open one always does.
func testForgotten(t *testing.T, s store.Store) {
	end := t0.Add(time.Hour)
	done, failed, open := pending(account, 1), pending(account, 2), pending(account, 3)
	mustCreate(t, s, done, failed, open)
	done = mustSave(t, s, done.Claim(t0).Packaged(export.Artifact{CommittedAt: t0}, t0).Complete(end), done.Fence())
	failed = mustSave(t, s, failed.Claim(t0).Fail(export.Failure{Message: "no", Permanent: true}, end), failed.Fence())
	open = mustSave(t, s, open.Claim(t0), open.Fence())

	later := pending(account, 4)
	later.CreatedAt = end.Add(export.RecordLife - time.Millisecond)
	mustCreate(t, s, later)
	for _, e := range []export.Export{done, failed, open} {
		equal(t, "record before it is forgotten", mustLoad(t, s, account, e.ID), e)
	}
	late := pending(account, 5)
	late.CreatedAt = end.Add(2 * export.RecordLife)
	mustCreate(t, s, late)
	equal(t, "record of an open export", mustLoad(t, s, account, open.ID), open)
	for _, e := range []export.Export{done, failed} {
		if got, err := s.Export(t.Context(), account, e.ID); err == nil {
			equal(t, "forgotten record that is still there", got, e)
		} else {
			refused(t, "reading what is forgotten", err, fault.NotFound, "export_not_found")
		}
	}
}
