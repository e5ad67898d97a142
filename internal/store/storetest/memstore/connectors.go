package memstore

import (
	"context"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/store"
)

// CreateConnector implements store.Connectors.
func (s *Store) CreateConnector(ctx context.Context, c store.Connector, idem *store.Idempotency) (store.Idempotency, bool, error) {
	return s.create(ctx, c.ID, idem, func() error {
		k := key{c.AccountID, c.ID}
		if s.connectors[k] != nil {
			return store.ErrConnectorExists
		}
		return s.connectors.put(k, c)
	})
}

// Connector implements store.Connectors.
func (s *Store) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	return read(ctx, s, s.connectors, key{account, id}, store.ErrConnectorNotFound)
}

// ListConnectors implements store.Connectors.
func (s *Store) ListConnectors(ctx context.Context, account string) (found []store.Connector, err error) {
	err = s.do(ctx, func() error {
		all, err := s.connectors.all()
		for _, c := range all {
			if c.Secret = nil; c.AccountID == account {
				found = append(found, c)
			}
		}
		slices.SortFunc(found, func(a, b store.Connector) int { return strings.Compare(b.ID, a.ID) })
		return err
	})
	return found, err
}

// SaveConnector implements store.Connectors.
func (s *Store) SaveConnector(ctx context.Context, next store.Connector, revision int64) (store.Connector, error) {
	next.Revision = revision + 1
	err := s.do(ctx, func() error {
		k := key{next.AccountID, next.ID}
		stored, err := s.connectors.get(k, store.ErrConnectorNotFound)
		if err != nil {
			return err
		}
		if stored.Revision != revision {
			return store.Overtaken("connector")
		}
		return s.connectors.put(k, next)
	})
	if err != nil {
		return store.Connector{}, err
	}
	return next, nil
}

// DeleteConnector implements store.Connectors.
func (s *Store) DeleteConnector(ctx context.Context, account, id string) error {
	return s.do(ctx, func() error {
		if s.connectors[key{account, id}] == nil {
			return store.ErrConnectorNotFound
		}
		delete(s.connectors, key{account, id})
		return nil
	})
}

// PutConnector implements store.Connectors.
func (s *Store) PutConnector(ctx context.Context, c store.Connector) error {
	return write(ctx, s, s.connectors, key{c.AccountID, c.ID}, c)
}
