package dynamostore

import (
	"context"
	"time"

	"github.com/videovector/exports/internal/store"
)

type apiKeyRow struct {
	Hash      string    `dynamodbav:"hash"`
	KeyID     string    `dynamodbav:"key_id"`
	AccountID string    `dynamodbav:"account_id"`
	UserID    string    `dynamodbav:"user_id"`
	Scope     string    `dynamodbav:"scope"`
	CreatedAt time.Time `dynamodbav:"created_at,omitempty"`
	RevokedAt time.Time `dynamodbav:"revoked_at,omitempty"`
}

// APIKey is the key with the hash.
func (s *Store) APIKey(ctx context.Context, hash string) (store.APIKey, error) {
	if !valid(hash) {
		return store.APIKey{}, store.ErrAPIKeyNotFound
	}
	row, err := get[apiKeyRow](ctx, s, apiKeyKey(hash), store.ErrAPIKeyNotFound)
	return store.APIKey(row), err
}

// PutAPIKey replaces the key.
func (s *Store) PutAPIKey(ctx context.Context, k store.APIKey) error {
	if err := writable(k.Hash); err != nil {
		return err
	}
	return s.put(ctx, apiKeyKey(k.Hash), apiKeyRow(k))
}
