package auth

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

var keySyntax = regexp.MustCompile(`\Ask_(live|test)_[0-9a-f]{48}\z`)

// ValidKey reports whether s can be an API key.
func ValidKey(s string) bool { return keySyntax.MatchString(s) }

// HashKey is how the store knows a key: lower-case hex of its SHA-256. Keys hold 192 random bits, so a plain hash
// can't be searched.
func HashKey(key string) string { return Digest(key) }

// KeyStore finds API keys by hash; an unknown one is fault.NotFound.
type KeyStore interface {
	APIKey(ctx context.Context, hash string) (store.APIKey, error)
}

// Authenticator turns the credential of a request into its principal. It remembers nothing: a key is refused from the
// moment on that it was revoked for.
type Authenticator struct {
	keys  KeyStore
	clock func() time.Time
}

// NewAuthenticator makes an Authenticator over the keys of the store.
func NewAuthenticator(keys KeyStore, clock func() time.Time) *Authenticator {
	return &Authenticator{keys, clock}
}

// HasCredential reports whether the request names a credential in a header, good or bad.
func HasCredential(h http.Header) bool {
	return len(h.Values("X-API-Key")) > 0 || len(h.Values("Authorization")) > 0
}

// Authenticate gives the principal of the key in X-API-Key or, when that header is absent, in Authorization: Bearer.
// A missing, misspelt, unknown or revoked key fails with fault.Unauthenticated, without saying which; a store that
// can't answer fails with its own fault.
func (a *Authenticator) Authenticate(ctx context.Context, h http.Header) (Principal, error) {
	key := credential(h)
	if !ValidKey(key) {
		return Principal{}, errKey
	}
	return a.principal(ctx, HashKey(key))
}

// principal is that of the key with the hash, with the failures of Authenticate.
func (a *Authenticator) principal(ctx context.Context, hash string) (Principal, error) {
	known, err := a.keys.APIKey(ctx, hash)
	if fault.Is(err, fault.NotFound) {
		return Principal{}, errKey
	}
	if err != nil {
		return Principal{}, err
	}
	p, ok := a.judge(known)
	if !ok {
		return Principal{}, errKey
	}
	return p, nil
}

// judge gives the principal of a key that stands.
func (a *Authenticator) judge(k store.APIKey) (Principal, bool) {
	scope, ok := ParseScope(k.Scope)
	if !ok || k.Revoked(a.clock()) || k.AccountID == "" {
		return Principal{}, false
	}
	return Principal{AccountID: k.AccountID, UserID: k.UserID, KeyID: k.KeyID, Scope: scope}, true
}

// Minter gives the public name of the key that minted the grant's token, and fails as a wrong token does unless that key
// would still be given it; the name is given then, too, where it is known. A token that names no key passes: the release
// before this one minted such, and they live for TokenLife.
func (a *Authenticator) Minter(ctx context.Context, g Grant) (keyID string, err error) {
	if g.KeyHash == "" {
		return g.KeyID, nil
	}
	known, err := a.keys.APIKey(ctx, g.KeyHash)
	if fault.Is(err, fault.NotFound) {
		return "", errToken
	}
	if err != nil {
		return "", err
	}
	p, ok := a.judge(known)
	if !ok || p.AccountID != g.AccountID || !p.Scope.Includes(ScopeRead) {
		return known.KeyID, errToken
	}
	return known.KeyID, nil
}

// CredentialHash is the hash of the key that the headers name, which Authenticate has judged; "" where they name none.
func CredentialHash(h http.Header) string {
	key := credential(h)
	if !ValidKey(key) {
		return ""
	}
	return HashKey(key)
}

var errKey = fault.New(fault.Unauthenticated, "authentication_invalid_api_key",
	"Send a valid API key in the X-API-Key header.")

// ErrKey is the failure of every request without a valid key.
func ErrKey() error { return errKey }

// credential is the one key that the request names, "" for none. A header that is there twice names none: which of
// the two was meant can't be known.
func credential(h http.Header) string {
	if v := h.Values("X-API-Key"); len(v) > 0 {
		return only(v)
	}
	scheme, key, _ := strings.Cut(only(h.Values("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return strings.TrimSpace(values[0])
}
