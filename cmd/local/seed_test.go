package main

import (
	"testing"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

// TestSeededKeysStayRevoked: a start brings no key back, and secrets that were made anew get keys of their own.
func TestSeededKeysStayRevoked(t *testing.T) {
	records, first := memstore.New(), newSecrets().APIKeys
	seed := func(k apiKeys) {
		t.Helper()
		if err := seedKeys(t.Context(), records, k); err != nil {
			t.Fatal(err)
		}
	}
	seed(first)
	end := time.Unix(1_800_000_000, 0).UTC()
	if _, err := records.RevokeAPIKey(t.Context(), auth.HashKey(first.Write), end); err != nil {
		t.Fatal(err)
	}
	seed(first)
	if k, err := records.APIKey(t.Context(), auth.HashKey(first.Write)); err != nil || !k.RevokedAt.Equal(end) {
		t.Errorf("the next start makes of the revoked key %+v, %v", k, err)
	}
	second := newSecrets().APIKeys
	seed(second)
	if k, err := records.APIKey(t.Context(), auth.HashKey(second.Write)); err != nil || k.Scope != "write" {
		t.Errorf("after the secrets were made anew: %+v, %v", k, err)
	}
}
