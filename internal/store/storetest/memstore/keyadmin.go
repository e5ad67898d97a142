package memstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

var _ store.KeyAdmin = (*Store)(nil)

// CreateAPIKey implements store.KeyAdmin.
func (s *Store) CreateAPIKey(ctx context.Context, k store.APIKey) error {
	return s.do(ctx, func() error { return s.insertKey(k) })
}

func (s *Store) insertKey(k store.APIKey) error {
	if !export.ValidID(k.KeyID) || !export.ValidID(k.AccountID) {
		return fault.New(fault.Invalid, "invalid_id", "A key needs an id and an account.")
	}
	_, err := s.keyByID(k.KeyID)
	if s.keys[key{"", k.Hash}] != nil || err == nil {
		return store.ErrAPIKeyExists
	}
	return s.keys.put(key{"", k.Hash}, k)
}

func (s *Store) keyByID(id string) (store.APIKey, error) {
	all, err := s.keys.all()
	if n := slices.IndexFunc(all, func(k store.APIKey) bool { return id != "" && k.KeyID == id }); n >= 0 && err == nil {
		return all[n], nil
	}
	return store.APIKey{}, store.ErrAPIKeyNotFound
}

// APIKeyByID implements store.KeyAdmin.
func (s *Store) APIKeyByID(ctx context.Context, id string) (k store.APIKey, err error) {
	err = s.do(ctx, func() error {
		k, err = s.keyByID(id)
		return err
	})
	return k, err
}

// ListAPIKeys implements store.KeyAdmin.
func (s *Store) ListAPIKeys(ctx context.Context, account string) (found []store.APIKey, err error) {
	err = s.do(ctx, func() error {
		all, err := s.keys.all()
		for _, k := range all {
			if k.AccountID == account && k.KeyID != "" {
				found = append(found, k)
			}
		}
		slices.SortFunc(found, func(a, b store.APIKey) int { return strings.Compare(b.KeyID, a.KeyID) })
		return err
	})
	return found, err
}

// RevokeAPIKey implements store.KeyAdmin.
func (s *Store) RevokeAPIKey(ctx context.Context, hash string, at time.Time) (k store.APIKey, err error) {
	err = s.do(ctx, func() error {
		k, err = s.endKey(hash, at)
		return err
	})
	return k, err
}

func (s *Store) endKey(hash string, at time.Time) (store.APIKey, error) {
	k, err := s.keys.get(key{"", hash}, store.ErrAPIKeyNotFound)
	if err != nil {
		return k, err
	}
	k, _ = k.Until(at)
	return k, s.keys.put(key{"", hash}, k)
}

// ReplaceAPIKey implements store.KeyAdmin.
func (s *Store) ReplaceAPIKey(ctx context.Context, hash string, r store.Replacement) (k store.APIKey, err error) {
	err = s.do(ctx, func() error {
		old, err := s.keys.get(key{"", hash}, store.ErrAPIKeyNotFound)
		if err != nil {
			return err
		}
		if old.Revoked(r.Now) {
			return store.ErrAPIKeyRevoked
		}
		if err := s.insertKey(r.Next); err != nil {
			return err
		}
		k, err = s.endKey(hash, r.End)
		return err
	})
	return k, err
}

// AdoptAPIKeys implements store.KeyAdmin.
func (s *Store) AdoptAPIKeys(context.Context) (int, error) { return 0, nil }
