package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// keepExpired is how long an expired record stays in the file. It is never used again; the delay is for writers whose
// clocks differ.
const keepExpired = 24 * time.Hour

// Idempotency is the live record of a key at the time now.
func (s *Store) Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	return live(ctx, s.read, key, now)
}

func live(ctx context.Context, q querier, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	rec := store.Idempotency{IdempotencyKey: key}
	var expires int64
	err := q.QueryRowContext(ctx, `SELECT fingerprint, resource, reply, expires_ms FROM idempotency
		WHERE account = ? AND route = ? AND key = ? AND expires_ms > ?`, key.AccountID, key.Route, key.Key, now.UnixMilli()).
		Scan(&rec.Fingerprint, &rec.ResourceID, &rec.Reply, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Idempotency{}, store.ErrIdempotencyNotFound
	}
	if err != nil {
		return store.Idempotency{}, failure(err)
	}
	rec.ExpiresAt = time.UnixMilli(expires).UTC()
	return rec, nil
}

// createUnder calls insert and leaves the idempotency record, or answers with the live record of the key. It is part of a
// transaction. Without a record it only inserts.
func createUnder(ctx context.Context, tx *sql.Tx, idem *store.Idempotency, insert func() error) (store.Idempotency, bool, error) {
	if idem == nil {
		return store.Idempotency{}, true, insert()
	}
	rec, err := live(ctx, tx, idem.IdempotencyKey, idem.Now)
	if err == nil {
		return rec, rec.ResourceID == idem.ResourceID, nil
	}
	if !errors.Is(err, store.ErrIdempotencyNotFound) {
		return rec, false, err
	}
	if err := insert(); err != nil {
		return rec, false, err
	}
	return remember(ctx, tx, *idem)
}

// remember writes the record over an expired one and clears away those that nobody asks for any more.
func remember(ctx context.Context, tx *sql.Tx, rec store.Idempotency) (store.Idempotency, bool, error) {
	now := rec.Now
	rec.ExpiresAt, rec.Now = export.Stamp(rec.ExpiresAt), time.Time{}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO idempotency (account, route, key, fingerprint, resource, reply, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		rec.AccountID, rec.Route, rec.Key, rec.Fingerprint, rec.ResourceID, rec.Reply, rec.ExpiresAt.UnixMilli())
	if err != nil {
		return rec, false, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM idempotency WHERE expires_ms < ?`, now.Add(-keepExpired).UnixMilli())
	return rec, true, err
}
