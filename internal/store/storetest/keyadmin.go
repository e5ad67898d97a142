package storetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// admin is the store as whoever administers keys has it.
func admin(t *testing.T, s store.Store) store.KeyAdmin {
	t.Helper()
	a, ok := s.(store.KeyAdmin)
	if !ok {
		t.Fatalf("%T administers no keys", s)
	}
	return a
}

// apiKey is the n-th key of an account.
func apiKey(account string, n int) store.APIKey {
	return store.APIKey{
		Hash: fmt.Sprintf("%064x", 0xabc000+n), KeyID: fmt.Sprintf("key_%03d", n), AccountID: account, UserID: "user_1", Scope: "read", CreatedAt: t0,
	}
}

func mustCreateKeys(t *testing.T, s store.KeyAdmin, all ...store.APIKey) {
	t.Helper()
	for _, k := range all {
		if err := s.CreateAPIKey(t.Context(), k); err != nil {
			t.Fatalf("CreateAPIKey(%s): %v", k.KeyID, err)
		}
	}
}

func testAPIKeyCreated(t *testing.T, all store.Store) {
	s := admin(t, all)
	k := apiKey(account, 1)
	k.RevokedAt = t0.Add(time.Hour)
	mustCreateKeys(t, s, k)
	got, err := s.APIKey(t.Context(), k.Hash)
	equal(t, "by hash", got, k)
	byID, failed := s.APIKeyByID(t.Context(), k.KeyID)
	equal(t, "by id", byID, k)
	if err != nil || failed != nil {
		t.Errorf("APIKey: %v, APIKeyByID: %v", err, failed)
	}
	sameID, sameHash := apiKey("acct_2", 2), apiKey("acct_2", 3)
	sameID.KeyID, sameHash.Hash = k.KeyID, k.Hash
	for what, twin := range map[string]store.APIKey{"the id again": sameID, "the hash again": sameHash, "the key again": k} {
		refused(t, what, s.CreateAPIKey(t.Context(), twin), fault.Conflict, "api_key_exists")
	}
	_, err = s.APIKey(t.Context(), sameID.Hash)
	refused(t, "a key that was not created", err, fault.NotFound, "api_key_not_found")
	for _, id := range []string{"key_002", "key_nobody", "", "key#1"} {
		_, err := s.APIKeyByID(t.Context(), id)
		refused(t, "the id "+id, err, fault.NotFound, "api_key_not_found")
	}
	for _, bad := range []store.APIKey{{Hash: k.Hash, KeyID: "key#1", AccountID: "a"}, {Hash: k.Hash, AccountID: "a"}, {Hash: k.Hash, KeyID: "key_9"}} {
		refused(t, fmt.Sprintf("creating %q of %q", bad.KeyID, bad.AccountID), s.CreateAPIKey(t.Context(), bad), fault.Invalid, "invalid_id")
	}
}

func testAPIKeysListed(t *testing.T, all store.Store) {
	s := admin(t, all)
	one, two, three, theirs := apiKey(account, 1), apiKey(account, 2), apiKey(account, 3), apiKey("acct_10", 4)
	mustCreateKeys(t, s, two, one, three, theirs)
	if _, err := s.RevokeAPIKey(t.Context(), two.Hash, t0); err != nil {
		t.Fatal(err)
	}
	two.RevokedAt = t0
	for of, want := range map[string][]store.APIKey{account: {three, two, one}, "acct_10": {theirs}, "acct_": nil, "": nil, "a#b": nil} {
		got, err := s.ListAPIKeys(t.Context(), of)
		if err != nil {
			t.Errorf("ListAPIKeys(%s): %v", of, err)
		}
		equal(t, "keys of "+of, got, want)
	}
	// A key that was put is found after its adoption at the latest.
	put := apiKey(account, 9)
	put.CreatedAt = time.Time{}
	if err := s.PutAPIKey(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	for range 2 { // again: nothing more to do
		if _, err := s.AdoptAPIKeys(t.Context()); err != nil {
			t.Fatalf("AdoptAPIKeys: %v", err)
		}
		byID, err := s.APIKeyByID(t.Context(), put.KeyID)
		if err != nil {
			t.Fatalf("the adopted key: %v", err)
		}
		equal(t, "the adopted key", byID, put)
		got, err := s.ListAPIKeys(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "keys after the adoption", got, []store.APIKey{put, three, two, one})
	}
}

func testAPIKeyRevoked(t *testing.T, all store.Store) {
	s := admin(t, all)
	k := apiKey(account, 1)
	mustCreateKeys(t, s, k)
	for _, c := range []struct{ at, want time.Time }{
		{t0.Add(24 * time.Hour), t0.Add(24 * time.Hour)},
		{t0.Add(48 * time.Hour), t0.Add(24 * time.Hour)}, // never later
		{t0.Add(time.Minute), t0.Add(time.Minute)},
		{t0.Add(time.Hour), t0.Add(time.Minute)},
	} {
		got, err := s.RevokeAPIKey(t.Context(), k.Hash, c.at)
		k.RevokedAt = c.want
		if err != nil {
			t.Errorf("RevokeAPIKey: %v", err)
		}
		equal(t, "what the call gives", got, k)
		stored, err := s.APIKey(t.Context(), k.Hash)
		if err != nil {
			t.Error(err)
		}
		equal(t, "what is stored", stored, k)
	}
	_, err := s.RevokeAPIKey(t.Context(), strings.Repeat("0", 64), t0)
	refused(t, "revoking nobody's key", err, fault.NotFound, "api_key_not_found")
	_, err = s.RevokeAPIKey(t.Context(), "", t0)
	refused(t, "revoking without a hash", err, fault.NotFound, "api_key_not_found")
}

func testAPIKeyReplaced(t *testing.T, all store.Store) {
	s := admin(t, all)
	old, next, again := apiKey(account, 1), apiKey(account, 2), apiKey(account, 3)
	mustCreateKeys(t, s, old)
	end := t0.Add(time.Hour)
	got, err := s.ReplaceAPIKey(t.Context(), old.Hash, store.Replacement{Next: next, End: end, Now: t0})
	old.RevokedAt = end
	if err != nil {
		t.Fatalf("ReplaceAPIKey: %v", err)
	}
	equal(t, "the old key", got, old)

	_, err = s.ReplaceAPIKey(t.Context(), old.Hash, store.Replacement{Next: next, End: end, Now: t0})
	refused(t, "a next key that is there", err, fault.Conflict, "api_key_exists")
	// While the old one stands it may be replaced again, and ends no later for that.
	got, err = s.ReplaceAPIKey(t.Context(), old.Hash, store.Replacement{Next: again, End: end.Add(time.Hour), Now: t0})
	if err != nil {
		t.Fatalf("replacing again: %v", err)
	}
	equal(t, "the old key, replaced again", got, old)

	late := apiKey(account, 4)
	_, err = s.ReplaceAPIKey(t.Context(), old.Hash, store.Replacement{Next: late, End: end.Add(time.Hour), Now: end})
	refused(t, "replacing a key that has ended", err, fault.Conflict, "api_key_revoked")
	_, err = s.ReplaceAPIKey(t.Context(), late.Hash, store.Replacement{Next: late, End: end, Now: t0})
	refused(t, "replacing nobody's key", err, fault.NotFound, "api_key_not_found")
	listed, err := s.ListAPIKeys(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "all keys", listed, []store.APIKey{again, next, old})
}

// testAPIKeysReplacedAtOnce: whatever comes together, the key ends at the earliest end that a successful call gave it,
// and every successful call's next key is there.
func testAPIKeysReplacedAtOnce(t *testing.T, all store.Store) {
	s := admin(t, all)
	old := apiKey(account, 0)
	mustCreateKeys(t, s, old)
	var mu sync.Mutex
	var first time.Time
	succeeded := map[string]bool{}
	var calls sync.WaitGroup
	for n := 1; n <= 6; n++ {
		calls.Go(func() {
			end, next := t0.Add(time.Duration(7-n)*time.Hour), apiKey(account, n)
			_, err := s.ReplaceAPIKey(t.Context(), old.Hash, store.Replacement{Next: next, End: end, Now: t0})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				if !fault.Is(err, fault.Unavailable) {
					t.Errorf("ReplaceAPIKey: %v", err)
				}
				return
			}
			succeeded[next.KeyID] = true
			if first.IsZero() || end.Before(first) {
				first = end
			}
		})
	}
	calls.Wait()
	if len(succeeded) == 0 {
		t.Fatal("no call succeeded")
	}
	stored, err := s.APIKey(t.Context(), old.Hash)
	if err != nil || !stored.RevokedAt.Equal(first) {
		t.Errorf("the key ends at %s, %v; want %s", stored.RevokedAt, err, first)
	}
	listed, err := s.ListAPIKeys(t.Context(), account)
	if err != nil || len(listed) != len(succeeded)+1 {
		t.Errorf("%d keys, %v; want %d", len(listed), err, len(succeeded)+1)
	}
}
