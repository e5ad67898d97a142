package sqlitestore

import (
	"context"

	"github.com/videovector/exports/internal/store"
)

// Connector is one connector of the account.
func (s *Store) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	return one[store.Connector](ctx, s.read, store.ErrConnectorNotFound, `SELECT record FROM connectors WHERE account = ? AND id = ?`, account, id)
}

// PutConnector replaces the connector.
func (s *Store) PutConnector(ctx context.Context, c store.Connector) error {
	return s.put(ctx, c, `INSERT OR REPLACE INTO connectors (account, id, record) VALUES (?, ?, ?)`, c.AccountID, c.ID)
}
