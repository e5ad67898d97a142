package sqlitestore

import (
	"context"

	"github.com/videovector/exports/internal/store"
)

// APIKey is the key with the hash.
func (s *Store) APIKey(ctx context.Context, hash string) (store.APIKey, error) {
	return one[store.APIKey](ctx, s.read, store.ErrAPIKeyNotFound, `SELECT record FROM api_keys WHERE hash = ?`, hash)
}

// PutAPIKey replaces the key.
func (s *Store) PutAPIKey(ctx context.Context, k store.APIKey) error {
	return s.put(ctx, k, `INSERT OR REPLACE INTO api_keys (hash, record) VALUES (?, ?)`, k.Hash)
}
