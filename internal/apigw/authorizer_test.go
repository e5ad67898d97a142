package apigw

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

const methodARN = "arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/api/GET/v2/exports"

var key = "sk_live_" + strings.Repeat("0a", 24)

// keys knows one key; with err it fails on every question.
type keys struct{ err error }

func (k keys) APIKey(_ context.Context, hash string) (store.APIKey, error) {
	if k.err != nil {
		return store.APIKey{}, k.err
	}
	if hash != auth.HashKey(key) {
		return store.APIKey{}, fault.New(fault.NotFound, "api_key_not_found", "")
	}
	return store.APIKey{Hash: hash, KeyID: "key_1", AccountID: "acct_1", UserID: "user_1", Scope: "write"}, nil
}

func ask(h map[string]string, arn string) events.APIGatewayCustomAuthorizerRequestTypeRequest {
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{Type: "REQUEST", MethodArn: arn, Headers: h}
}

func TestAuthorizerAllowsTheWholeStage(t *testing.T) {
	got, err := Authorizer(auth.NewAuthenticator(keys{}, time.Now), discard)(t.Context(), ask(map[string]string{"x-api-key": key}, methodARN))
	want := events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: "key_1",
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{{
			Action: []string{"execute-api:Invoke"}, Effect: "Allow",
			Resource: []string{"arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/api/*"},
		}}},
		Context: map[string]any{"account_id": "acct_1", "user_id": "user_1", "key_id": "key_1", "scope": "write"},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestAuthorizerRefuses(t *testing.T) {
	good := map[string]string{"X-API-Key": key}
	for name, c := range map[string]struct {
		header map[string]string
		arn    string
		store  error
		want   string
		logged bool
	}{
		"no key":       {nil, methodARN, nil, "Unauthorized", false},
		"unknown key":  {map[string]string{"X-API-Key": strings.Replace(key, "0a", "0b", 1)}, methodARN, nil, "Unauthorized", false},
		"broken store": {good, methodARN, fault.Wrap(errors.New("no route"), fault.Unavailable, "store_unavailable", ""), "the key could not be checked", true},
		"no ARN":       {good, "", nil, "the key could not be checked", true},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			authorize := Authorizer(auth.NewAuthenticator(keys{c.store}, time.Now), slog.New(slog.NewJSONHandler(&log, nil)))
			_, err := authorize(t.Context(), ask(c.header, c.arn))
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if (log.Len() > 0) != c.logged || strings.Contains(log.String(), key) {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}
