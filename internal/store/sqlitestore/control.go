package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// SaveExportOnce writes export, idempotency record and admission in one transaction, or answers with the live record of the key.
func (s *Store) SaveExportOnce(ctx context.Context, next export.Export, fence export.Fence, idem *store.Idempotency, place *admission.Account) (export.Export, store.Idempotency, bool, error) {
	next.Revision = fence.Revision + 1
	wrote := false
	rec, _, err := s.create(ctx, idem, func(tx *sql.Tx) error {
		saved, err := update(ctx, tx, next, fence)
		if err == nil && !saved {
			err = unsaved(ctx, tx, next, fence)
		}
		if err == nil {
			err = takePlace(ctx, tx, place)
		}
		wrote = err == nil
		return err
	})
	if err != nil || !wrote {
		return export.Export{}, rec, false, err
	}
	return next, rec, true, nil
}

// ClosingExports lists the exports to clear up after; accounts take turns. It doesn't lag.
func (s *Store) ClosingExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT account, id FROM exports WHERE closing_ms <= ?
		ORDER BY row_number() OVER (PARTITION BY account ORDER BY closing_ms, id), closing_ms, account, id LIMIT ?`, now.UnixMilli(), limit)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, scanRef)
}

func scanRef(rows *sql.Rows) (r store.Ref, err error) {
	err = rows.Scan(&r.AccountID, &r.ExportID)
	return r, err
}

// RemoveExport removes the record of a deleted export.
func (s *Store) RemoveExport(ctx context.Context, account, id string) error {
	done, err := s.write.ExecContext(ctx, `DELETE FROM exports WHERE account = ? AND id = ? AND deleted = 1`, account, id)
	if err != nil {
		return failure(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return failure(err)
	}
	_, err = s.Export(ctx, account, id)
	switch {
	case err == nil:
		return store.ErrExportKept
	case errors.Is(err, store.ErrExportNotFound):
		return nil
	}
	return err
}
