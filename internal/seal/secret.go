package seal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	strict "github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/fault"
)

// redacted stands for a secret wherever one is printed, logged or encoded.
const redacted = "[redacted]"

// Secret is a string that must not be seen. Every verb of fmt, every encoding and every logger gives "[redacted]" for
// it, inside of other values too; only Reveal gives the string.
type Secret struct{ text *string } // behind a pointer, since fmt answers a wrong verb (%p) with the fields themselves

// NewSecret hides the text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal gives the string, for the one call that needs it; "" for the zero Secret.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Format implements fmt.Formatter for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt has nowhere to put a failure

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler, which encoders of JSON, XML and YAML ask.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Secrets are a connector's secrets by name.
type Secrets map[string]Secret

// SealSecrets seals them as one, bound to their record.
func SealSecrets(ctx context.Context, s Sealer, c Context, secrets Secrets) ([]byte, error) {
	plain := make(map[string]string, len(secrets))
	for name, secret := range secrets {
		plain[name] = secret.Reveal()
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return nil, fault.New(fault.Internal, "secret_unwritable", "The connector's credentials can't be sealed.") // its cause may quote them
	}
	return s.Seal(ctx, c, text)
}

// OpenSecrets is the reverse of SealSecrets.
func OpenSecrets(ctx context.Context, s Sealer, c Context, sealed []byte) (Secrets, error) {
	text, err := s.Open(ctx, c, sealed)
	if err != nil {
		return nil, err
	}
	var plain map[string]string
	if strict.Unmarshal(text, &plain) != nil {
		return nil, errSealed
	}
	secrets := make(Secrets, len(plain))
	for name, secret := range plain {
		secrets[name] = NewSecret(secret)
	}
	return secrets, nil
}
