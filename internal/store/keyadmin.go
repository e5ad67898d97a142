package store

import (
	"context"
	"time"
)

// KeyAdmin is what whoever administers keys needs of the store. It is no part of Store: no function administers keys, so
// none has the code or the permissions for it. The one truth about a key is the record that Credentials reads; all else
// that is kept of it only leads there.
type KeyAdmin interface {
	Credentials
	// CreateAPIKey writes a new key with all that APIKeyByID and ListAPIKeys find it by, or nothing. An id or a hash that
	// is taken fails with ErrAPIKeyExists.
	CreateAPIKey(ctx context.Context, k APIKey) error
	// APIKeyByID is the key of the id.
	APIKeyByID(ctx context.Context, id string) (APIKey, error)
	// ListAPIKeys gives every key of the account, the highest id first, which is the newest of those whose ids the service
	// made. A key that PutAPIKey wrote may be missing, and APIKeyByID may not find it, until AdoptAPIKeys has run.
	ListAPIKeys(ctx context.Context, account string) ([]APIKey, error)
	// RevokeAPIKey makes the key of the hash end at the time, or leaves the end that it has if that comes first: no call
	// ever makes a key live longer. It gives the key as it is then.
	RevokeAPIKey(ctx context.Context, hash string, at time.Time) (APIKey, error)
	// ReplaceAPIKey creates the next key, and makes the one of the hash end at the time as RevokeAPIKey does, both or
	// neither. It gives the old key as it is then. One that has ended at now fails with ErrAPIKeyRevoked.
	ReplaceAPIKey(ctx context.Context, hash string, r Replacement) (APIKey, error)
	// AdoptAPIKeys makes every key that PutAPIKey or a hand wrote one that APIKeyByID and ListAPIKeys find, and gives how
	// many it met that had not been. It reads the whole store.
	AdoptAPIKeys(ctx context.Context) (int, error)
}

// Replacement is what becomes of a key that is replaced.
type Replacement struct {
	Next APIKey
	End  time.Time // of the old key
	Now  time.Time
}

// Until gives the key with its end at the time, and whether that changes it.
func (k APIKey) Until(at time.Time) (APIKey, bool) {
	if !k.RevokedAt.IsZero() && !at.Before(k.RevokedAt) {
		return k, false
	}
	k.RevokedAt = at
	return k, true
}
