// Package apikey makes, replaces and ends API keys. A key is shown to whoever asked for it, once; what is kept is its
// hash. So a key whose making was cut short is one that nobody has: making another is always safe, and what may be left
// over is listed and can be revoked.
package apikey

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/ids"
	"github.com/videovector/exports/internal/store"
)

// MaxGrace bounds how long a replaced key may stand beside its successor: what is meant to go has to go.
const MaxGrace = 30 * 24 * time.Hour

// Desk is where keys are made and ended.
type Desk struct {
	Keys  store.KeyAdmin
	Clock func() time.Time
}

// Order is whose key is asked for.
type Order struct {
	AccountID string
	UserID    string // "" for a key of no single user
	Scope     string
}

// Issued is a new key. Key is the secret, which nothing else holds.
type Issued struct {
	Key    string
	Record store.APIKey
}

// Create makes a key. A failure with the code api_key_unsure is one of which not even a look back can tell whether the
// key was made: it names the key's id, and nobody has the key.
func (d Desk) Create(ctx context.Context, o Order) (Issued, error) {
	issued, err := d.mint(o)
	if err != nil {
		return Issued{}, err
	}
	err = d.Keys.CreateAPIKey(ctx, issued.Record)
	return d.settled(ctx, issued, err)
}

// Replaced is a key's successor, and the key as it is now.
type Replaced struct {
	Issued
	Old store.APIKey
}

// Rotate makes a key of the same account, user and scope, and has the old one end after the grace; both or neither. An old
// one that ends sooner keeps its end. One that has ended fails with fault.Conflict. Repeated, it makes another successor.
func (d Desk) Rotate(ctx context.Context, keyID string, grace time.Duration) (Replaced, error) {
	if grace < 0 || grace > MaxGrace {
		return Replaced{}, fault.Newf(fault.Invalid, "grace_invalid", "The grace must be between 0 and %s.", MaxGrace)
	}
	old, err := d.Keys.APIKeyByID(ctx, keyID)
	if err != nil {
		return Replaced{}, err
	}
	issued, err := d.mint(Order{old.AccountID, old.UserID, old.Scope})
	if err != nil {
		return Replaced{}, err
	}
	now := issued.Record.CreatedAt
	ended, err := d.Keys.ReplaceAPIKey(ctx, old.Hash, store.Replacement{Next: issued.Record, End: now.Add(grace), Now: now})
	if err == nil {
		return Replaced{issued, ended}, nil
	}
	if issued, err = d.settled(ctx, issued, err); err != nil {
		return Replaced{}, err
	}
	ended, err = d.Keys.APIKey(ctx, old.Hash)
	return Replaced{issued, ended}, err
}

// Revoke ends the key now, and gives it with its end. Repeated, it changes nothing.
func (d Desk) Revoke(ctx context.Context, keyID string) (store.APIKey, error) {
	k, err := d.Keys.APIKeyByID(ctx, keyID)
	if err != nil {
		return k, err
	}
	return d.Keys.RevokeAPIKey(ctx, k.Hash, export.Stamp(d.Clock()))
}

// mint makes a key that is nowhere yet.
func (d Desk) mint(o Order) (Issued, error) {
	scope, ok := auth.ParseScope(o.Scope)
	switch {
	case !ok:
		return Issued{}, fault.New(fault.Invalid, "scope_invalid", "The scope must be search, read, write or admin.")
	case !export.ValidID(o.AccountID), o.UserID != "" && !export.ValidID(o.UserID):
		return Issued{}, fault.Newf(fault.Invalid, "invalid_id", "Account and user must be 1 to %d characters of [A-Za-z0-9_-].", export.MaxIDLength)
	}
	secret := make([]byte, 24)
	rand.Read(secret) // never fails: the runtime stops the process instead
	now := export.Stamp(d.Clock())
	key := "sk_live_" + hex.EncodeToString(secret)
	return Issued{key, store.APIKey{
		Hash: auth.HashKey(key), KeyID: ids.NewKey(now), AccountID: o.AccountID, UserID: o.UserID, Scope: scope.String(), CreatedAt: now,
	}}, nil
}

// settled gives the key if it is there, whatever the call that made it reported: it may have been carried out and lost its
// reply.
func (d Desk) settled(ctx context.Context, issued Issued, err error) (Issued, error) {
	if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Throttled) {
		return issued, err
	}
	_, looked := d.Keys.APIKey(ctx, issued.Record.Hash)
	switch {
	case looked == nil:
		return issued, nil
	case fault.Is(looked, fault.NotFound):
		return Issued{}, err
	}
	return Issued{}, fault.Wrap(err, fault.Unavailable, "api_key_unsure",
		"Whether the key "+issued.Record.KeyID+" was made is not known. Nobody has it: revoke it if it is listed, and make another one.")
}
