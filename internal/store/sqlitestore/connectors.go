package sqlitestore

import (
	"context"
	"database/sql"

	"github.com/videovector/exports/internal/store"
)

// CreateConnector writes connector and idempotency record in one transaction, or answers with the live record of the key.
func (s *Store) CreateConnector(ctx context.Context, c store.Connector, idem *store.Idempotency) (store.Idempotency, bool, error) {
	return s.create(ctx, idem, func(tx *sql.Tx) error { return insertConnector(ctx, tx, c) })
}

func insertConnector(ctx context.Context, tx *sql.Tx, c store.Connector) error {
	record, err := encode(c)
	if err != nil {
		return err
	}
	done, err := tx.ExecContext(ctx, `INSERT INTO connectors (account, id, revision, record) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		c.AccountID, c.ID, c.Revision, record)
	if err != nil {
		return err
	}
	return changedOne(done, store.ErrConnectorExists)
}

// Connector is one connector of the account.
func (s *Store) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	return one[store.Connector](ctx, s.read, store.ErrConnectorNotFound, `SELECT record FROM connectors WHERE account = ? AND id = ?`, account, id)
}

// ListConnectors gives the account's connectors without their secrets, the highest id first.
func (s *Store) ListConnectors(ctx context.Context, account string) ([]store.Connector, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT json_remove(record, '$.Secret') FROM connectors WHERE account = ? ORDER BY id DESC`, account)
	if err != nil {
		return nil, failure(err)
	}
	return collect(rows, func(rows *sql.Rows) (store.Connector, error) {
		var record string
		if err := rows.Scan(&record); err != nil {
			return store.Connector{}, err
		}
		return decode[store.Connector](record)
	})
}

// SaveConnector is one conditional statement; only a refusal costs a second one, to learn why.
func (s *Store) SaveConnector(ctx context.Context, next store.Connector, revision int64) (store.Connector, error) {
	next.Revision = revision + 1
	record, err := encode(next)
	if err != nil {
		return store.Connector{}, store.Broken(err)
	}
	done, err := s.write.ExecContext(ctx, `UPDATE connectors SET revision = ?, record = ? WHERE account = ? AND id = ? AND revision = ?`,
		next.Revision, record, next.AccountID, next.ID, revision)
	if err != nil {
		return store.Connector{}, failure(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return next, failure(err)
	}
	if _, err := s.Connector(ctx, next.AccountID, next.ID); err != nil {
		return store.Connector{}, err
	}
	return store.Connector{}, store.Overtaken("connector")
}

// DeleteConnector removes the connector.
func (s *Store) DeleteConnector(ctx context.Context, account, id string) error {
	done, err := s.write.ExecContext(ctx, `DELETE FROM connectors WHERE account = ? AND id = ?`, account, id)
	if err != nil {
		return failure(err)
	}
	return failure(changedOne(done, store.ErrConnectorNotFound))
}

// PutConnector replaces the connector.
func (s *Store) PutConnector(ctx context.Context, c store.Connector) error {
	return s.put(ctx, c, `INSERT OR REPLACE INTO connectors (account, id, revision, record) VALUES (?, ?, ?, ?)`, c.AccountID, c.ID, c.Revision)
}
