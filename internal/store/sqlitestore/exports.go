package sqlitestore

import (
	"context"
	"database/sql"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// CreateExport writes export, idempotency record and admission in one transaction, or answers with the live record of the key.
func (s *Store) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (store.Idempotency, bool, error) {
	return s.create(ctx, idem, func(tx *sql.Tx) error {
		if err := insertExport(ctx, tx, e); err != nil {
			return err
		}
		return takePlace(ctx, tx, place)
	})
}

// create runs createUnder in a transaction.
func (s *Store) create(ctx context.Context, idem *store.Idempotency, insert func(*sql.Tx) error) (rec store.Idempotency, created bool, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		rec, created, err = createUnder(ctx, tx, idem, func() error { return insert(tx) })
		return err
	})
	if err != nil {
		return store.Idempotency{}, false, err
	}
	return rec, created, nil
}

func insertExport(ctx context.Context, tx *sql.Tx, e export.Export) error {
	record, err := encode(e)
	if err != nil {
		return err
	}
	done, err := tx.ExecContext(ctx, `INSERT INTO exports (account, id, type, target, status, generation, revision, due_ms, closing_ms, deleted, forgotten_ms, record)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		e.AccountID, e.ID, e.Request.Type, e.Request.TargetID, e.Status, e.Generation, e.Revision, due(e), closing(e), e.Deleted(), forgotten(e), record)
	if err != nil {
		return err
	}
	if err := changedOne(done, store.ErrExportExists); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM exports WHERE forgotten_ms < ?`, e.CreatedAt.Add(-keepExpired).UnixMilli())
	return err
}

// changedOne is otherwise, unless the statement changed one row.
func changedOne(done sql.Result, otherwise error) error {
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return otherwise
}

// Export is one export of the account.
func (s *Store) Export(ctx context.Context, account, id string) (export.Export, error) {
	e, err := s.AnyExport(ctx, account, id)
	if err == nil && e.Deleted() {
		return export.Export{}, store.ErrExportDeleted
	}
	return e, err
}

// AnyExport is one export of the account, deleted or not.
func (s *Store) AnyExport(ctx context.Context, account, id string) (export.Export, error) {
	return stored(ctx, s.read, account, id)
}

// stored is the export as it is kept, deleted or not.
func stored(ctx context.Context, q querier, account, id string) (export.Export, error) {
	return one[export.Export](ctx, q, store.ErrExportNotFound, `SELECT record FROM exports WHERE account = ? AND id = ?`, account, id)
}

// SaveExport is one conditional statement; only a refusal costs a second one, to learn why.
func (s *Store) SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error) {
	next.Revision = fence.Revision + 1
	saved, err := update(ctx, s.write, next, fence)
	if err != nil {
		return export.Export{}, failure(err)
	}
	if saved {
		return next, nil
	}
	return export.Export{}, unsaved(ctx, s.read, next, fence)
}

// executor is a pool or a transaction.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// update replaces the record if the fence holds, and tells whether it does.
func update(ctx context.Context, x executor, next export.Export, fence export.Fence) (saved bool, err error) {
	record, err := encode(next)
	if err != nil {
		return false, err
	}
	statuses, err := encode(fence.Statuses)
	if err != nil {
		return false, err
	}
	done, err := x.ExecContext(ctx, `UPDATE exports
		SET type = ?, target = ?, status = ?, generation = ?, revision = ?, due_ms = ?, closing_ms = ?, deleted = ?, forgotten_ms = ?, record = ?
		WHERE account = ? AND id = ? AND generation = ? AND revision = ? AND status IN (SELECT value FROM json_each(?))`,
		next.Request.Type, next.Request.TargetID, next.Status, next.Generation, next.Revision, due(next), closing(next), next.Deleted(), forgotten(next), record,
		next.AccountID, next.ID, fence.Generation, fence.Revision, statuses)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// unsaved is why a write under the fence was refused.
func unsaved(ctx context.Context, q querier, next export.Export, fence export.Fence) error {
	there, err := stored(ctx, q, next.AccountID, next.ID)
	if err != nil {
		return err
	}
	return store.Refused(there, fence)
}

// DueExports lists the open exports that are due, by accounts in turn. It doesn't lag.
func (s *Store) DueExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT account, id FROM exports WHERE due_ms <= ?
		ORDER BY row_number() OVER (PARTITION BY account ORDER BY due_ms, id), due_ms, account, id LIMIT ?`,
		now.UnixMilli(), limit)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, scanRef)
}

// OpenExports counts the open exports. It doesn't lag.
func (s *Store) OpenExports(ctx context.Context) (open store.Open, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT record ->> '$.CreatedAt', record ->> '$.RetriedAt' FROM exports WHERE due_ms IS NOT NULL`)
	if err != nil {
		return open, failure(err)
	}
	all, err := collect(rows, func(rows *sql.Rows) (e export.Export, err error) {
		var created string
		var retried sql.NullString // a record from before there were retries has none
		if err := rows.Scan(&created, &retried); err != nil {
			return e, err
		}
		if e.CreatedAt, err = time.Parse(time.RFC3339Nano, created); err == nil && retried.Valid {
			e.RetriedAt, err = time.Parse(time.RFC3339Nano, retried.String)
		}
		return e, err
	})
	for _, e := range all {
		open = open.Add(e.Begun())
	}
	return open, err
}

// collect reads all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, failure(err)
		}
		all = append(all, v)
	}
	return all, failure(rows.Err())
}
