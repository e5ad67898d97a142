package memstore

import (
	"context"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// SaveExportOnce implements store.Exports.
func (s *Store) SaveExportOnce(ctx context.Context, next export.Export, fence export.Fence, idem *store.Idempotency, place *admission.Account) (saved export.Export, rec store.Idempotency, done bool, err error) {
	next.Revision = fence.Revision + 1
	rec, _, err = s.create(ctx, next.ID, idem, func() error {
		k := key{next.AccountID, next.ID}
		stored, ok := s.exports[k]
		if !ok {
			return store.ErrExportNotFound
		}
		if !fence.Holds(stored) {
			return store.Refused(stored, fence)
		}
		if err := s.takePlace(place); err != nil {
			return err
		}
		s.exports[k], done = copied(next), true
		return nil
	})
	if err != nil || !done {
		return export.Export{}, rec, false, err
	}
	return next, rec, true, nil
}

// ClosingExports implements store.Exports. It doesn't lag.
func (s *Store) ClosingExports(ctx context.Context, now time.Time, limit int) (refs []store.Ref, err error) {
	err = s.do(ctx, func() error {
		refs = store.InTurns(s.dueBy(now, len(s.exports), export.Export.Closing), store.Ref.Owner, limit)
		return nil
	})
	return refs, err
}

// RemoveExport implements store.Exports.
func (s *Store) RemoveExport(ctx context.Context, account, id string) error {
	return s.do(ctx, func() error {
		k := key{account, id}
		if e, ok := s.exports[k]; ok && !e.Deleted() {
			return store.ErrExportKept
		}
		delete(s.exports, k)
		return nil
	})
}
