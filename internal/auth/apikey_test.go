package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

var (
	writeKey   = "sk_live_" + strings.Repeat("a1", 24)
	testKey    = "sk_test_" + strings.Repeat("b2", 24)
	revokedKey = "sk_live_" + strings.Repeat("c3", 24)
	oddKey     = "sk_live_" + strings.Repeat("d4", 24) // a record without a known scope
	unknownKey = "sk_live_" + strings.Repeat("e5", 24)
	endingKey  = "sk_live_" + strings.Repeat("f6", 24) // stands for a second more
	endedKey   = "sk_live_" + strings.Repeat("a7", 24) // has ended this very moment
)

func clock() time.Time { return now }

// keys is a KeyStore.
type keys map[string]store.APIKey

func (k keys) APIKey(_ context.Context, hash string) (store.APIKey, error) {
	if found, ok := k[hash]; ok {
		return found, nil
	}
	return store.APIKey{}, fault.New(fault.NotFound, "api_key_not_found", "There is no such key.")
}

func known() keys {
	return keys{
		HashKey(writeKey):   {KeyID: "key_1", AccountID: "acct_1", UserID: "user_1", Scope: "write"},
		HashKey(testKey):    {KeyID: "key_2", AccountID: "acct_2", Scope: "search"},
		HashKey(revokedKey): {KeyID: "key_3", AccountID: "acct_1", Scope: "admin", RevokedAt: time.Unix(1, 0)},
		HashKey(endingKey):  {KeyID: "key_5", AccountID: "acct_1", Scope: "read", RevokedAt: now.Add(time.Second)},
		HashKey(endedKey):   {KeyID: "key_6", AccountID: "acct_1", Scope: "read", RevokedAt: now},
		HashKey(oddKey):     {KeyID: "key_4", AccountID: "acct_1", Scope: "owner"},
	}
}

func TestAuthenticate(t *testing.T) {
	one := Principal{AccountID: "acct_1", UserID: "user_1", KeyID: "key_1", Scope: ScopeWrite}
	two := Principal{AccountID: "acct_2", KeyID: "key_2", Scope: ScopeSearch}
	for name, c := range map[string]struct {
		header http.Header
		want   Principal // zero means refused
	}{
		"key":                      {http.Header{"X-Api-Key": {writeKey}}, one},
		"key between blanks":       {http.Header{"X-Api-Key": {" " + writeKey + "\t"}}, one},
		"bearer":                   {http.Header{"Authorization": {"Bearer " + testKey}}, two},
		"bearer in small letters":  {http.Header{"Authorization": {"bearer " + testKey}}, two},
		"the key decides":          {http.Header{"X-Api-Key": {writeKey}, "Authorization": {"Bearer " + testKey}}, one},
		"a bad key decides too":    {http.Header{"X-Api-Key": {unknownKey}, "Authorization": {"Bearer " + testKey}}, Principal{}},
		"an empty key decides too": {http.Header{"X-Api-Key": {""}, "Authorization": {"Bearer " + testKey}}, Principal{}},
		"nothing":                  {http.Header{}, Principal{}},
		"two keys":                 {http.Header{"X-Api-Key": {writeKey, writeKey}}, Principal{}},
		"basic":                    {http.Header{"Authorization": {"Basic " + writeKey}}, Principal{}},
		"no scheme":                {http.Header{"Authorization": {writeKey}}, Principal{}},
		"unknown":                  {http.Header{"X-Api-Key": {unknownKey}}, Principal{}},
		"revoked":                  {http.Header{"X-Api-Key": {revokedKey}}, Principal{}},
		"ending":                   {http.Header{"X-Api-Key": {endingKey}}, Principal{AccountID: "acct_1", KeyID: "key_5", Scope: ScopeRead}},
		"ended":                    {http.Header{"X-Api-Key": {endedKey}}, Principal{}},
		"unknown scope":            {http.Header{"X-Api-Key": {oddKey}}, Principal{}},
		"upper case":               {http.Header{"X-Api-Key": {strings.ToUpper(writeKey)}}, Principal{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := NewAuthenticator(known(), clock).Authenticate(t.Context(), c.header)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("principal (-want +got):\n%s", d)
			}
			if refused := c.want == (Principal{}); refused != fault.Is(err, fault.Unauthenticated) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// broken is a KeyStore that can't answer.
type broken struct{ err error }

func (b broken) APIKey(context.Context, string) (store.APIKey, error) { return store.APIKey{}, b.err }

func TestAuthenticateTellsABrokenStoreFromAWrongKey(t *testing.T) {
	cause := fault.Wrap(errors.New("no route"), fault.Unavailable, "service_unavailable", "Try again.")
	_, err := NewAuthenticator(broken{cause}, clock).Authenticate(t.Context(), http.Header{"X-Api-Key": {writeKey}})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("error = %v, want the store's", err)
	}
}

func TestValidKey(t *testing.T) {
	for key, want := range map[string]bool{
		writeKey: true, testKey: true,
		"": false, "sk_live_": false, writeKey + "0": false, writeKey[:len(writeKey)-1]: false, writeKey + "\n": false,
		"sk_prod_" + strings.Repeat("a1", 24): false, "sk_live_" + strings.Repeat("A1", 24): false, "sk_live_" + strings.Repeat("g1", 24): false,
	} {
		if got := ValidKey(key); got != want {
			t.Errorf("ValidKey(%q) = %v, want %v", key, got, want)
		}
	}
}

func TestScopesIncludeTheOnesBelow(t *testing.T) {
	names := []string{"search", "read", "write", "admin"}
	for i, have := range names {
		for j, need := range names {
			h, _ := ParseScope(have)
			n, _ := ParseScope(need)
			err := Principal{Scope: h}.Require(n)
			if (err == nil) != (i >= j) {
				t.Errorf("%s for %s: %v", have, need, err)
			}
			if err != nil && (!fault.Is(err, fault.Forbidden) || !strings.Contains(fault.As(err).Message, need)) {
				t.Errorf("%s for %s: %v, want fault.Forbidden that names %s", have, need, err, need)
			}
		}
	}
	if s, ok := ParseScope("none"); ok || s.Includes(ScopeSearch) {
		t.Error("the scope of no key is not one of the scopes")
	}
}

func TestMinter(t *testing.T) {
	for name, c := range map[string]struct {
		key  string
		want bool
	}{
		"key": {writeKey, true}, "ending": {endingKey, true}, "ended": {endedKey, false}, "revoked": {revokedKey, false},
		"unknown": {unknownKey, false}, "unknown scope": {oddKey, false}, "of another account, without the scope": {testKey, false},
	} {
		id, err := NewAuthenticator(known(), clock).Minter(t.Context(), Grant{AccountID: "acct_1", KeyHash: HashKey(c.key)})
		if c.want != (err == nil) || err != nil && !fault.Is(err, fault.Forbidden) || id != known()[HashKey(c.key)].KeyID {
			t.Errorf("%s, which is %q: %v", name, id, err)
		}
	}
	other := Grant{AccountID: "acct_2", KeyHash: HashKey(writeKey)}
	if _, err := NewAuthenticator(known(), clock).Minter(t.Context(), other); !fault.Is(err, fault.Forbidden) {
		t.Errorf("another account's key: %v", err)
	}
	down := broken{fault.New(fault.Unavailable, "service_unavailable", "Try again.")}
	if _, err := NewAuthenticator(down, clock).Minter(t.Context(), other); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a store that can't answer: %v", err)
	}
	if id, err := NewAuthenticator(down, clock).Minter(t.Context(), Grant{AccountID: "acct_1", KeyID: "key_0"}); err != nil || id != "key_0" {
		t.Errorf("a token that names no key, but %q: %v", id, err)
	}
}

func TestCredentialHash(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		want   string
	}{
		"key": {http.Header{"X-Api-Key": {" " + writeKey}}, HashKey(writeKey)}, "bearer": {http.Header{"Authorization": {"Bearer " + testKey}}, HashKey(testKey)},
		"nothing": {http.Header{}, ""}, "no key": {http.Header{"X-Api-Key": {"abc"}}, ""},
	} {
		if got := CredentialHash(c.header); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
