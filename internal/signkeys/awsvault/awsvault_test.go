package awsvault_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/signkeys/awsvault"
)

// manager answers as Secrets Manager does, and remembers what it was asked.
type manager struct {
	status int
	reply  string
	asked  map[string]any
}

func (m *manager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.asked = map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&m.asked); err != nil {
		panic(err)
	}
	m.asked["call"] = strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "secretsmanager.")
	w.WriteHeader(m.status)
	fmt.Fprint(w, m.reply)
}

func start(t *testing.T, m *manager) awsvault.Vault {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	return awsvault.New(secretsmanager.New(secretsmanager.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), Retryer: aws.NopRetryer{},
	}), "arn:secret")
}

func TestCalls(t *testing.T) {
	m := &manager{status: http.StatusOK, reply: `{"SecretString":"value","VersionIdsToStages":{"v0":["AWSCURRENT"],"v1":["AWSPENDING"]}}`}
	v, ctx := start(t, m), t.Context()
	labels, err := v.Labels(ctx)
	if d := cmp.Diff(map[string][]string{"v0": {"AWSCURRENT"}, "v1": {"AWSPENDING"}}, labels); d != "" || err != nil {
		t.Errorf("labels: %v (-want +got):\n%s", err, d)
	}
	value, err := v.Value(ctx, "v1")
	if value != "value" || err != nil || cmp.Diff(map[string]any{"call": "GetSecretValue", "SecretId": "arn:secret", "VersionId": "v1"}, m.asked) != "" {
		t.Errorf("value %q, %v; asked %v", value, err, m.asked)
	}
	err = v.Put(ctx, "v1", "new")
	want := map[string]any{"call": "PutSecretValue", "SecretId": "arn:secret", "ClientRequestToken": "v1", "SecretString": "new", "VersionStages": []any{"AWSPENDING"}}
	if d := cmp.Diff(want, m.asked); d != "" || err != nil {
		t.Errorf("put: %v (-want +got):\n%s", err, d)
	}
	err = v.MakeCurrent(ctx, "v0", "v1")
	want = map[string]any{"call": "UpdateSecretVersionStage", "SecretId": "arn:secret", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": "v0", "MoveToVersionId": "v1"}
	if d := cmp.Diff(want, m.asked); d != "" || err != nil {
		t.Errorf("make current: %v (-want +got):\n%s", err, d)
	}
}

func TestFailures(t *testing.T) {
	for code, want := range map[string]fault.Kind{
		"ResourceNotFoundException": fault.NotFound, "ResourceExistsException": fault.Conflict, "ThrottlingException": fault.Throttled,
		"AccessDeniedException": fault.Internal, "InvalidRequestException": fault.Internal,
	} {
		v := start(t, &manager{status: http.StatusBadRequest, reply: `{"__type":"` + code + `","Message":"canary"}`})
		if err := v.Put(t.Context(), "v1", "the key itself"); !fault.Is(err, want) || strings.Contains(err.Error(), "the key itself") || strings.Contains(fault.As(err).Message, "canary") {
			t.Errorf("%s: %v", code, err)
		}
	}
	v := start(t, &manager{status: http.StatusInternalServerError, reply: `{"__type":"InternalServiceError"}`})
	if _, err := v.Value(t.Context(), "v1"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a failing service: %v", err)
	}
}
