package dynamostore_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/dynamostore"
)

func TestKeyCallsWhoseReplyIsLostSucceed(t *testing.T) {
	old := store.APIKey{Hash: "aa", KeyID: "key_1", AccountID: "acct", Scope: "read", CreatedAt: t0}
	next := store.APIKey{Hash: "bb", KeyID: "key_2", AccountID: "acct", Scope: "read", CreatedAt: t0}
	for name, call := range map[string]func(*dynamostore.Store) error{
		"create": func(s *dynamostore.Store) error { return s.CreateAPIKey(t.Context(), next) },
		"revoke": func(s *dynamostore.Store) error { _, err := s.RevokeAPIKey(t.Context(), old.Hash, t0); return err },
		"replace": func(s *dynamostore.Store) error {
			_, err := s.ReplaceAPIKey(t.Context(), old.Hash, store.Replacement{Next: next, End: t0.Add(time.Hour), Now: t0})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lossy{operation: "TransactWriteItems"}
			s := l.open(t)
			if err := s.CreateAPIKey(t.Context(), old); err != nil {
				t.Fatal(err)
			}
			l.lose.Store(1)
			if err := call(s); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			l.check(t, 1)
		})
	}
}

// TestKeysWrittenByHand: items as the handbook once had them written and revoked, without what later leads to a key.
func TestKeysWrittenByHand(t *testing.T) {
	client, tableName := table(t)
	s := dynamostore.New(client, tableName)
	text := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	byHand := func(hash string, more map[string]types.AttributeValue) {
		i := map[string]types.AttributeValue{"pk": text("KEY#" + hash), "sk": text("KEY"), "hash": text(hash), "account_id": text("acct"), "scope": text("read")}
		for name, v := range more {
			i[name] = v
		}
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName), Item: i}); err != nil {
			t.Fatal(err)
		}
	}
	byHand("aa", map[string]types.AttributeValue{"key_id": text("key_a")})
	byHand("bb", map[string]types.AttributeValue{"key_id": text("key_b"), "revoked_at": text("2026-05-02T12:00:00.000Z")})
	byHand("cc", nil) // of no id: nothing can name it
	for _, want := range []int{2, 0} {
		if got, err := s.AdoptAPIKeys(t.Context()); err != nil || got != want {
			t.Errorf("AdoptAPIKeys = %d, %v; want %d", got, err, want)
		}
	}
	end := time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)
	listed, err := s.ListAPIKeys(t.Context(), "acct")
	want := []store.APIKey{
		{Hash: "bb", KeyID: "key_b", AccountID: "acct", Scope: "read", RevokedAt: end}, {Hash: "aa", KeyID: "key_a", AccountID: "acct", Scope: "read"},
	}
	if diff := cmp.Diff(want, listed); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	k, err := s.RevokeAPIKey(t.Context(), "bb", t0) // whatever way its end was spelt
	if err != nil || !k.RevokedAt.Equal(t0) {
		t.Errorf("revoked at %s, %v", k.RevokedAt, err)
	}
}
