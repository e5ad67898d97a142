// Package kmsseal seals secrets under a KMS key: KMS wraps the data keys, and its encryption context is the
// account and the connector or webhook.
package kmsseal

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
)

// Client is the two calls of the KMS SDK that are used.
type Client interface {
	GenerateDataKey(ctx context.Context, in *kms.GenerateDataKeyInput, opts ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	Decrypt(ctx context.Context, in *kms.DecryptInput, opts ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

// Sealer implements seal.Sealer.
type Sealer struct {
	client Client
	keyID  string
}

var _ seal.Sealer = (*Sealer)(nil)

// New seals under the key with the id or ARN.
func New(client Client, keyID string) *Sealer { return &Sealer{client, keyID} }

// Seal implements seal.Sealer.
func (s *Sealer) Seal(ctx context.Context, c seal.Context, plain []byte) ([]byte, error) {
	out, err := s.client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &s.keyID, KeySpec: types.DataKeySpecAes256, EncryptionContext: bind(c)})
	if err != nil {
		return nil, failure(err)
	}
	return seal.Join(out.CiphertextBlob, out.Plaintext, c, plain)
}

// Open implements seal.Sealer.
func (s *Sealer) Open(ctx context.Context, c seal.Context, sealed []byte) ([]byte, error) {
	wrapped, body, err := seal.Split(sealed)
	if err != nil {
		return nil, err
	}
	out, err := s.client.Decrypt(ctx, &kms.DecryptInput{KeyId: &s.keyID, CiphertextBlob: wrapped, EncryptionContext: bind(c)})
	if err != nil {
		return nil, failure(err)
	}
	return seal.Unjoin(out.Plaintext, c, body)
}

func bind(c seal.Context) map[string]string {
	if c.WebhookID != "" {
		return map[string]string{"account_id": c.AccountID, "webhook_id": c.WebhookID}
	}
	return map[string]string{"account_id": c.AccountID, "connector_id": c.ConnectorID}
}

// unreadable are KMS's words for a wrapped key that is not what it wrapped: changed, moved to another record, of another
// key, or no wrapped key at all.
var unreadable = map[string]bool{"InvalidCiphertextException": true, "IncorrectKeyException": true, "ValidationException": true}

// failure tells what KMS will never open from what it can't do just now.
func failure(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && unreadable[api.ErrorCode()] {
		return fault.Wrap(err, fault.Internal, "secret_unreadable", "The connector's credentials can't be opened.")
	}
	return fault.Wrap(err, fault.Unavailable, "key_unavailable", "The key of the connector's credentials could not be used just now.")
}
