// Package seal is envelope encryption of the secrets of connectors and webhooks: a fresh data key per secret, wrapped by a master key (KMS
// on AWS, a key file on one machine), AES-256-GCM over the secret, and the account and the record's id bound in as
// context, so that a sealed secret moved to another record doesn't open.
package seal

import "context"

// Context binds a sealed secret to its record, which is either a connector or a webhook.
type Context struct {
	AccountID   string
	ConnectorID string
	WebhookID   string
}

// Sealer seals and opens secrets. Open of a changed secret, or under another context, fails with fault.Internal.
type Sealer interface {
	Seal(ctx context.Context, c Context, plain []byte) ([]byte, error)
	Open(ctx context.Context, c Context, sealed []byte) ([]byte, error)
}
