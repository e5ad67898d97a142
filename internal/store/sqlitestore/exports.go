package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

var (
	errNoExport      = fault.New(fault.NotFound, "export_not_found", "No export has this id.")
	errNoIdempotency = fault.New(fault.NotFound, "idempotency_not_found", "No request was made under this key.")
	errSuperseded    = fault.New(fault.Superseded, "superseded", "Another execution owns this export now.")
	errConcurrent    = fault.New(fault.Unavailable, "concurrent_write", "The export was written at the same time. Try again.")
)

// CreateExport implements store.Exports.
func (s *Store) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency) (rec store.Idempotency, created bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if idem != nil {
			rec, err = liveIdempotency(tx.QueryRowContext(ctx, selectIdempotency, idem.AccountID, idem.Route, idem.Key), idem.IdempotencyKey, idem.Now)
			if !fault.Is(err, fault.NotFound) {
				return err
			}
			if err := insertIdempotency(ctx, tx, *idem); err != nil {
				return err
			}
			rec = *idem
		}
		created = true
		return insertExport(ctx, tx, e)
	})
	return rec, created && err == nil, err
}

const selectIdempotency = `SELECT fingerprint, export_id, expires_at FROM idempotency WHERE account = ? AND route = ? AND key = ?`

// Idempotency implements store.Exports.
func (s *Store) Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	return liveIdempotency(s.read.QueryRowContext(ctx, selectIdempotency, key.AccountID, key.Route, key.Key), key, now)
}

func liveIdempotency(row *sql.Row, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	rec := store.Idempotency{IdempotencyKey: key}
	var expires int64
	err := row.Scan(&rec.Fingerprint, &rec.ExportID, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return rec, errNoIdempotency
	}
	if err != nil {
		return rec, failed(err)
	}
	rec.ExpiresAt = time.UnixMilli(expires).UTC()
	if !rec.ExpiresAt.After(now) {
		return rec, errNoIdempotency
	}
	return rec, nil
}

func insertIdempotency(ctx context.Context, tx *sql.Tx, i store.Idempotency) error {
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO idempotency (account, route, key, fingerprint, export_id, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
		i.AccountID, i.Route, i.Key, i.Fingerprint, i.ExportID, i.ExpiresAt.UnixMilli())
	return failed(err)
}

func insertExport(ctx context.Context, tx *sql.Tx, e export.Export) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO exports (account, id, type, target, status, generation, revision, due_at, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.AccountID, e.ID, e.Request.Type, e.Request.TargetID, e.Status, e.Generation, e.Revision, millis(e.DueAt), string(raw))
	return failed(err)
}

// Export implements store.Exports.
func (s *Store) Export(ctx context.Context, account, id string) (export.Export, error) {
	var e export.Export
	err := s.get(ctx, &e, errNoExport, `SELECT record FROM exports WHERE account = ? AND id = ?`, account, id)
	return e, err
}

// SaveExport implements store.Exports.
func (s *Store) SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error) {
	next.Revision = fence.Revision + 1
	raw, err := json.Marshal(next)
	if err != nil {
		return next, err
	}
	return next, s.tx(ctx, func(tx *sql.Tx) error {
		stored := export.Export{}
		row := tx.QueryRowContext(ctx, `SELECT generation, revision, status FROM exports WHERE account = ? AND id = ?`, next.AccountID, next.ID)
		if err := row.Scan(&stored.Generation, &stored.Revision, &stored.Status); errors.Is(err, sql.ErrNoRows) {
			return errNoExport
		} else if err != nil {
			return failed(err)
		}
		if err := refusal(fence, stored); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE exports SET status = ?, generation = ?, revision = ?, due_at = ?, record = ? WHERE account = ? AND id = ?`,
			next.Status, next.Generation, next.Revision, millis(next.DueAt), string(raw), next.AccountID, next.ID)
		return failed(err)
	})
}

// refusal is why the fence doesn't hold for the stored record, nil if it does.
func refusal(f export.Fence, stored export.Export) error {
	if f.Holds(stored) {
		return nil
	}
	f.Revision = stored.Revision
	if f.Holds(stored) {
		return errConcurrent
	}
	return errSuperseded
}

// ListExports implements store.Exports.
func (s *Store) ListExports(ctx context.Context, account string, q store.ListQuery) (store.Page, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT record FROM exports
		WHERE account = ?1 AND (?2 = '' OR id < ?2) AND (?3 = '' OR status = ?3) AND (?4 = '' OR type = ?4) AND (?5 = '' OR target = ?5)
		ORDER BY id DESC LIMIT ?6`,
		account, q.BeforeID, string(q.Status), string(q.Type), q.TargetID, q.Limit+1)
	if err != nil {
		return store.Page{}, failed(err)
	}
	all, err := scanRecords[export.Export](rows)
	if err != nil {
		return store.Page{}, err
	}
	if len(all) <= q.Limit {
		return store.Page{Exports: all}, nil
	}
	return store.Page{Exports: all[:q.Limit], NextBefore: all[q.Limit-1].ID}, nil
}

// DueExports implements store.Exports.
func (s *Store) DueExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT account, id FROM exports WHERE due_at <= ? ORDER BY due_at LIMIT ?`, now.UnixMilli(), limit)
	if err != nil {
		return nil, failed(err)
	}
	defer rows.Close()
	var due []store.Ref
	for rows.Next() {
		var r store.Ref
		if err := rows.Scan(&r.AccountID, &r.ExportID); err != nil {
			return nil, failed(err)
		}
		due = append(due, r)
	}
	return due, failed(rows.Err())
}

// scanRecords reads rows of one JSON column and closes them.
func scanRecords[T any](rows *sql.Rows) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		var raw string
		if err := rows.Scan(&raw); err != nil {
			return nil, failed(err)
		}
		var v T
		if err := json.Unmarshal([]byte(raw), &v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, failed(rows.Err())
}
