package sqlitestore

import (
	"context"
	"database/sql"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

var _ store.KeyAdmin = (*Store)(nil)

// CreateAPIKey writes the key. The columns that it is found by follow from the record.
func (s *Store) CreateAPIKey(ctx context.Context, k store.APIKey) error {
	return s.inTx(ctx, func(tx *sql.Tx) error { return insertKey(ctx, tx, k) })
}

func insertKey(ctx context.Context, tx *sql.Tx, k store.APIKey) error {
	for _, id := range []string{k.Hash, k.KeyID, k.AccountID} {
		if !export.ValidID(id) {
			return fault.Newf(fault.Invalid, "invalid_id", "An id must be 1 to %d characters of [A-Za-z0-9_-].", export.MaxIDLength)
		}
	}
	record, err := encode(k)
	if err != nil {
		return store.Broken(err)
	}
	done, err := tx.ExecContext(ctx, `INSERT INTO api_keys (hash, record) SELECT ?1, ?2
		WHERE NOT EXISTS (SELECT 1 FROM api_keys WHERE hash = ?1 OR id = ?3)`, k.Hash, record, k.KeyID)
	if err != nil {
		return failure(err)
	}
	return failure(changedOne(done, store.ErrAPIKeyExists))
}

// APIKeyByID is the key of the id.
func (s *Store) APIKeyByID(ctx context.Context, id string) (store.APIKey, error) {
	if id == "" {
		return store.APIKey{}, store.ErrAPIKeyNotFound
	}
	return one[store.APIKey](ctx, s.read, store.ErrAPIKeyNotFound, `SELECT record FROM api_keys WHERE id = ? ORDER BY hash LIMIT 1`, id)
}

// ListAPIKeys gives the account's keys, the highest id first.
func (s *Store) ListAPIKeys(ctx context.Context, account string) ([]store.APIKey, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT record FROM api_keys WHERE account = ? AND id <> '' ORDER BY id DESC`, account)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, func(rows *sql.Rows) (store.APIKey, error) {
		var record string
		if err := rows.Scan(&record); err != nil {
			return store.APIKey{}, err
		}
		return decode[store.APIKey](record)
	})
}

// RevokeAPIKey reads and writes in one transaction.
func (s *Store) RevokeAPIKey(ctx context.Context, hash string, at time.Time) (k store.APIKey, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		k, err = endKey(ctx, tx, hash, at)
		return err
	})
	return k, err
}

// ReplaceAPIKey does both in one transaction.
func (s *Store) ReplaceAPIKey(ctx context.Context, hash string, r store.Replacement) (k store.APIKey, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		old, err := keyOf(ctx, tx, hash)
		if err != nil {
			return err
		}
		if old.Revoked(r.Now) {
			return store.ErrAPIKeyRevoked
		}
		if k, err = endKey(ctx, tx, hash, r.End); err != nil {
			return err
		}
		return insertKey(ctx, tx, r.Next)
	})
	return k, err
}

func keyOf(ctx context.Context, q querier, hash string) (store.APIKey, error) {
	return one[store.APIKey](ctx, q, store.ErrAPIKeyNotFound, `SELECT record FROM api_keys WHERE hash = ?`, hash)
}

// endKey makes the key end at the time, or leaves an earlier end.
func endKey(ctx context.Context, tx *sql.Tx, hash string, at time.Time) (store.APIKey, error) {
	k, err := keyOf(ctx, tx, hash)
	if err != nil {
		return k, err
	}
	k, changed := k.Until(at)
	if !changed {
		return k, nil
	}
	record, err := encode(k)
	if err != nil {
		return k, store.Broken(err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE api_keys SET record = ? WHERE hash = ?`, record, hash)
	return k, failure(err)
}

// AdoptAPIKeys has nothing to do: what a key is found by follows from its record.
func (s *Store) AdoptAPIKeys(context.Context) (int, error) { return 0, nil }
