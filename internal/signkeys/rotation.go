package signkeys

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/fault"
)

// Labels of a secret's versions.
const (
	Current = "AWSCURRENT" // what readers get
	Pending = "AWSPENDING" // what a rotation is making
)

// Vault keeps the versions of the one secret, as Secrets Manager does.
type Vault interface {
	// Labels are each version's.
	Labels(ctx context.Context) (map[string][]string, error)
	// Value is the version's; fault.NotFound when it has none yet.
	Value(ctx context.Context, version string) (string, error)
	// Put gives the version its value. A version that has another one keeps it: fault.Conflict.
	Put(ctx context.Context, version, value string) error
	// MakeCurrent moves the label Current from one version to another.
	MakeCurrent(ctx context.Context, from, to string) error
}

// Event is what Secrets Manager calls a rotation function with, four times for one rotation, and again from the start
// after a failure.
type Event struct {
	Step     string `json:"Step"`
	SecretID string `json:"SecretId"`
	Version  string `json:"ClientRequestToken"`
}

// Done is the reply to every event: Secrets Manager reads none.
type Done struct{}

// Rotation replaces the signing keys. Every step may be repeated or come late; a version that is current already has
// nothing left to be done.
type Rotation struct {
	SecretID string // the one secret that is rotated
	Vault    Vault
}

// Handle does one step.
func (r Rotation) Handle(ctx context.Context, in Event) (Done, error) {
	step, ok := map[string]func(ctx context.Context, current, pending string) error{
		"createSecret": r.create, "setSecret": nothing, "testSecret": r.test, "finishSecret": r.finish,
	}[in.Step]
	if !ok {
		return Done{}, fault.New(fault.Invalid, "step_unknown", "The event names no step of a rotation.")
	}
	if in.SecretID != r.SecretID {
		return Done{}, fault.New(fault.Invalid, "secret_unknown", "The event is about another secret.")
	}
	labels, err := r.Vault.Labels(ctx)
	if err != nil {
		return Done{}, err
	}
	current := ""
	for version, l := range labels {
		if slices.Contains(l, Current) {
			current = version
		}
	}
	switch {
	case current == "":
		return Done{}, fault.New(fault.Invalid, "secret_without_current", "The secret has no current version.")
	case current == in.Version:
		return Done{}, nil
	case !slices.Contains(labels[in.Version], Pending):
		return Done{}, fault.New(fault.Invalid, "version_not_pending", "The event names no version that is being made.")
	}
	return Done{}, step(ctx, current, in.Version)
}

// create makes the pending version, unless an earlier try did.
func (r Rotation) create(ctx context.Context, current, pending string) error {
	if _, err := r.Vault.Value(ctx, pending); !fault.Is(err, fault.NotFound) {
		return err
	}
	keys, err := r.keys(ctx, current)
	if err != nil {
		return err
	}
	fresh := make([]byte, auth.MinKeyBytes)
	rand.Read(fresh) // never fails: the runtime stops the process instead
	value, err := Format(Advance(keys, fresh))
	if err != nil {
		return fault.Wrap(err, fault.Internal, "keys_unwritable", "The new keys could not be written.")
	}
	if err := r.Vault.Put(ctx, pending, value); !fault.Is(err, fault.Conflict) {
		return err
	}
	return nil // a twin was first, with keys as good
}

// nothing is what setSecret does: the keys are set nowhere but in the secret.
func nothing(context.Context, string, string) error { return nil }

// test holds that readers of either version accept what readers of the other one sign.
func (r Rotation) test(ctx context.Context, current, pending string) error {
	before, err := r.ring(ctx, current)
	if err != nil {
		return err
	}
	after, err := r.ring(ctx, pending)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, pair := range [][2]*auth.Keyring{{before, after}, {after, before}} {
		token, err := pair[0].MintToken(auth.Grant{AccountID: "test", ExportID: "test", KeyHash: auth.Digest("test")}, now)
		if err != nil {
			return err
		}
		if _, err := pair[1].OpenToken(token, now); err != nil {
			return fault.Wrap(err, fault.Invalid, "keys_apart", "The pending keys and the current ones do not accept each other's tokens.")
		}
	}
	return nil
}

// finish makes the pending version current. It tests it once more: a step that comes out of turn must not make current
// what has no keys.
func (r Rotation) finish(ctx context.Context, current, pending string) error {
	if err := r.test(ctx, current, pending); err != nil {
		return err
	}
	return r.Vault.MakeCurrent(ctx, current, pending)
}

func (r Rotation) ring(ctx context.Context, version string) (*auth.Keyring, error) {
	keys, err := r.keys(ctx, version)
	if err != nil {
		return nil, err
	}
	ring, err := auth.NewKeyring(keys)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "keys_unusable", "The secret holds keys that can't be used.")
	}
	return ring, nil
}

func (r Rotation) keys(ctx context.Context, version string) (auth.Keys, error) {
	value, err := r.Vault.Value(ctx, version)
	if err != nil {
		return auth.Keys{}, err
	}
	keys, err := Parse(value)
	if err != nil {
		return keys, fault.Wrap(err, fault.Invalid, "keys_unusable", "The secret holds keys that can't be used.")
	}
	return keys, nil
}
