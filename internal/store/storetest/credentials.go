package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

func testAPIKeys(t *testing.T, s store.Store) {
	k := filled[store.APIKey](t)
	k.Hash = strings.Repeat("ab", 32)
	live := store.APIKey{Hash: strings.Repeat("cd", 32), AccountID: account, Scope: "read"}
	for _, want := range []store.APIKey{k, live} {
		if err := s.PutAPIKey(t.Context(), want); err != nil {
			t.Fatalf("PutAPIKey: %v", err)
		}
		got, err := s.APIKey(t.Context(), want.Hash)
		if err != nil {
			t.Fatalf("APIKey: %v", err)
		}
		equal(t, "API key", got, want)
	}
	live.RevokedAt = t0.Add(time.Hour)
	if err := s.PutAPIKey(t.Context(), live); err != nil {
		t.Fatalf("PutAPIKey: %v", err)
	}
	if got, err := s.APIKey(t.Context(), live.Hash); err != nil || !got.RevokedAt.Equal(live.RevokedAt) {
		t.Errorf("revoked key = revoked %s, %v", got.RevokedAt, err)
	}
	_, err := s.APIKey(t.Context(), strings.Repeat("ef", 32))
	refused(t, "an unknown key", err, fault.NotFound, "api_key_not_found")
	_, err = s.APIKey(t.Context(), "")
	refused(t, "the empty hash", err, fault.NotFound, "api_key_not_found")
}
