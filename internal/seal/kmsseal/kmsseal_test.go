package kmsseal

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/seal/sealtest"
)

const keyID = "arn:aws:kms:eu-central-1:123456789012:key/1"

// service is KMS with one key. It wraps a data key as a number of its own making, remembers under which context, and
// tells a wrong one from a right one by nothing but its refusal.
type service struct {
	fail error // in place of an answer

	mu       sync.Mutex
	wrapped  map[string]wrapping
	contexts []map[string]string // of every call
}

type wrapping struct {
	key     []byte
	context map[string]string
}

func newService() *service { return &service{wrapped: map[string]wrapping{}} }

func (s *service) GenerateDataKey(_ context.Context, in *kms.GenerateDataKeyInput, _ ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contexts = append(s.contexts, in.EncryptionContext)
	if s.fail != nil {
		return nil, s.fail
	}
	if *in.KeyId != keyID || in.KeySpec != types.DataKeySpecAes256 || in.NumberOfBytes != nil {
		return nil, errors.New("another key was asked for")
	}
	key, blob := make([]byte, 32), make([]byte, 48)
	_, _ = rand.Read(key)  // never fails
	_, _ = rand.Read(blob) // never fails
	s.wrapped[string(blob)] = wrapping{bytes.Clone(key), maps.Clone(in.EncryptionContext)}
	return &kms.GenerateDataKeyOutput{CiphertextBlob: blob, Plaintext: key, KeyId: in.KeyId}, nil
}

func (s *service) Decrypt(_ context.Context, in *kms.DecryptInput, _ ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contexts = append(s.contexts, in.EncryptionContext)
	if s.fail != nil {
		return nil, s.fail
	}
	if n := len(in.CiphertextBlob); n < 1 || n > 6144 {
		return nil, &smithy.GenericAPIError{Code: "ValidationException"}
	}
	w, ok := s.wrapped[string(in.CiphertextBlob)]
	if *in.KeyId != keyID || !ok || !maps.Equal(w.context, in.EncryptionContext) {
		return nil, &types.InvalidCiphertextException{}
	}
	return &kms.DecryptOutput{Plaintext: bytes.Clone(w.key), KeyId: in.KeyId}, nil
}

func TestContract(t *testing.T) {
	sealtest.Run(t, func(*testing.T) seal.Sealer { return New(newService(), keyID) })
}

// FuzzOpen: what is not a sealed secret is refused, and opens nothing.
func FuzzOpen(f *testing.F) { sealtest.Fuzz(f, New(newService(), keyID)) }

// TestEncryptionContext: KMS is told the account and the connector, in every call, and nothing else.
func TestEncryptionContext(t *testing.T) {
	kms := newService()
	s := New(kms, keyID)
	sealed, err := s.Seal(t.Context(), sealtest.Record, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), sealtest.Record, sealed); err != nil {
		t.Fatal(err)
	}
	record := map[string]string{"account_id": "acct_1", "connector_id": "conn_1"}
	if diff := cmp.Diff([]map[string]string{record, record}, kms.contexts); diff != "" {
		t.Errorf("encryption contexts (-want +got):\n%s", diff)
	}
}

// TestFailures: what KMS can't do just now may be tried again; what it will never open may not. Nothing of its words
// reaches a caller.
func TestFailures(t *testing.T) {
	said := "s3cr3t of KMS"
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
	}{
		"no answer":       {errors.New(said), fault.Unavailable},
		"its own trouble": {&types.KMSInternalException{Message: &said}, fault.Unavailable},
		"a time-out":      {&types.DependencyTimeoutException{Message: &said}, fault.Unavailable},
		"no capacity":     {&types.KeyUnavailableException{Message: &said}, fault.Unavailable},
		"another context": {&types.InvalidCiphertextException{Message: &said}, fault.Internal},
		"another key":     {&types.IncorrectKeyException{Message: &said}, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			kms := newService()
			s := New(kms, keyID)
			sealed, err := s.Seal(t.Context(), sealtest.Record, []byte("secret"))
			if err != nil {
				t.Fatal(err)
			}
			kms.fail = c.err
			_, err = s.Open(t.Context(), sealtest.Record, sealed)
			if f := fault.As(err); err == nil || f.Kind != c.kind || f.Message == "" || strings.Contains(f.Message, said) || !errors.Is(err, c.err) {
				t.Errorf("Open fails with kind %d: %v", f.Kind, err)
			}
			if _, err := s.Seal(t.Context(), sealtest.Record, []byte("secret")); err == nil {
				t.Error("Seal succeeds without KMS")
			}
		})
	}
}
