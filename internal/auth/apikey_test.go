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
)

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
		"unknown scope":            {http.Header{"X-Api-Key": {oddKey}}, Principal{}},
		"upper case":               {http.Header{"X-Api-Key": {strings.ToUpper(writeKey)}}, Principal{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := NewAuthenticator(known()).Authenticate(t.Context(), c.header)
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
	_, err := NewAuthenticator(broken{cause}).Authenticate(t.Context(), http.Header{"X-Api-Key": {writeKey}})
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
