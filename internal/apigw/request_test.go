package apigw

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
)

// event is a request as API Gateway sends it.
const event = `{
  "resource": "/v2/exports/{export_id}", "path": "/v2/exports/exp_1", "httpMethod": "GET",
  "headers": {"Host": "api.example.com", "X-Tag": "last", "x-request-id": "forged"},
  "multiValueHeaders": {"Host": ["api.example.com"], "X-Tag": ["first", "last"], "x-request-id": ["forged"]},
  "queryStringParameters": {"limit": "2", "tag": "b"}, "multiValueQueryStringParameters": {"limit": ["2"], "tag": ["a", "b"]},
  "pathParameters": {"export_id": "exp_1"}, "stageVariables": null, "body": null, "isBase64Encoded": false,
  "requestContext": {
    "accountId": "123456789012", "apiId": "abcdef1234", "stage": "api", "requestId": "req-1",
    "path": "/api/v2/exports/exp_1", "resourcePath": "/v2/exports/{export_id}", "httpMethod": "GET", "protocol": "HTTP/1.1",
    "identity": {"sourceIp": "192.0.2.1", "userAgent": "test"},
    "authorizer": {"principalId": "key_1", "account_id": "acct_1", "user_id": "user_1", "key_id": "key_1", "scope": "read", "integrationLatency": 7}
  }
}`

func parse(t testing.TB, text string) events.APIGatewayProxyRequest {
	t.Helper()
	var ev events.APIGatewayProxyRequest
	if err := json.Unmarshal([]byte(text), &ev); err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestRequest(t *testing.T) {
	r, err := request(t.Context(), parse(t, event))
	if err != nil {
		t.Fatal(err)
	}
	type seen struct {
		Method, Path, Query, Host, Remote string
		Header                            http.Header
	}
	want := seen{"GET", "/api/v2/exports/exp_1", "limit=2&tag=a&tag=b", "api.example.com", "192.0.2.1",
		http.Header{"Host": {"api.example.com"}, "X-Tag": {"first", "last"}, "X-Request-Id": {"req-1"}}}
	got := seen{r.Method, r.URL.Path, r.URL.RawQuery, r.Host, r.RemoteAddr, r.Header}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("request (-want +got):\n%s", d)
	}
	p, _ := auth.PrincipalFrom(r.Context())
	if d := cmp.Diff(auth.Principal{AccountID: "acct_1", UserID: "user_1", KeyID: "key_1", Scope: auth.ScopeRead}, p); d != "" {
		t.Errorf("principal (-want +got):\n%s", d)
	}
}

func TestPathIsDecodedOnceAndHasItsStage(t *testing.T) {
	for path, want := range map[string]struct{ path, escaped string }{
		"/api/v2/exports":           {"/api/v2/exports", "/api/v2/exports"},
		"/v2/exports":               {"/api/v2/exports", "/api/v2/exports"},
		"/v2":                       {"/api/v2", "/api/v2"},
		"/v20/exports":              {"/v20/exports", "/v20/exports"},
		"/v2/exports/exp%5F1":       {"/api/v2/exports/exp_1", "/api/v2/exports/exp_1"},
		"/v2/exports/a%2Fdownload":  {"/api/v2/exports/a/download", "/api/v2/exports/a%2Fdownload"},
		"/v2/exports/a%252Fb":       {"/api/v2/exports/a%2Fb", "/api/v2/exports/a%252Fb"},
		"/v2/exports/100%":          {"/api/v2/exports/100%", "/api/v2/exports/100%25"},
		"/v2/exports/a b%2Fc":       {"/api/v2/exports/a b/c", "/api/v2/exports/a%20b%2Fc"},
		"/v2/exports/é":             {"/api/v2/exports/é", "/api/v2/exports/%C3%A9"},
		"":                          {"/", "/"},
		"/api/v2/exports/exp_1?a=b": {"/api/v2/exports/exp_1?a=b", "/api/v2/exports/exp_1%3Fa=b"},
	} {
		u := target(events.APIGatewayProxyRequest{Path: path})
		if u.Path != want.path || u.EscapedPath() != want.escaped {
			t.Errorf("%q becomes %q (%q), want %q (%q)", path, u.Path, u.EscapedPath(), want.path, want.escaped)
		}
	}
}

func TestRequestBody(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		base64  bool
		want    string
		refused bool
	}{
		"none":       {"", false, "", false},
		"text":       {`{"a":"é"}`, false, `{"a":"é"}`, false},
		"base64":     {"eyJhIjoxfQ==", true, `{"a":1}`, false},
		"not base64": {"{}", true, "", true},
	} {
		r, err := request(t.Context(), events.APIGatewayProxyRequest{HTTPMethod: "POST", Path: "/", Body: c.body, IsBase64Encoded: c.base64})
		got, _ := io.ReadAll(r.Body)
		if string(got) != c.want || (err != nil) != c.refused || r.ContentLength != int64(len(c.want)) {
			t.Errorf("%s: body %q of %d, error %v", name, got, r.ContentLength, err)
		}
	}
}

func TestNoPrincipalWithoutScopeAndAccount(t *testing.T) {
	for _, authorizer := range []map[string]any{
		nil,
		{"account_id": "acct_1"},
		{"scope": "read"},
		{"account_id": "acct_1", "scope": "owner"},
		{"account_id": 7.0, "scope": "read"},
	} {
		if p, ok := auth.PrincipalFrom(withPrincipal(t.Context(), authorizer)); ok {
			t.Errorf("%v gives %v", authorizer, p)
		}
	}
}

// TestPublicOriginOfTheStage: links begin with the stage's variable where the function has no origin of its own; one
// that is no origin is none, and then there are no links.
func TestPublicOriginOfTheStage(t *testing.T) {
	for variable, want := range map[string]string{
		"https://d111.cloudfront.net": "https://d111.cloudfront.net/api/v2/exports/exp_1/download?token=",
		"http://d111.cloudfront.net":  "", "${Distribution.DomainName}": "", "": "",
	} {
		ev := parse(t, event)
		ev.HTTPMethod, ev.Path = http.MethodPost, "/v2/exports/exp_1/download-url"
		ev.StageVariables = map[string]string{"public_origin": variable}
		ev.Headers, ev.MultiValueHeaders = map[string]string{"X-API-Key": key}, nil
		got, err := Handler(minter(t), slog.New(slog.DiscardHandler))(t.Context(), ev)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			if got.StatusCode != http.StatusInternalServerError || strings.Contains(got.Body, "token") {
				t.Errorf("%q: %d %s", variable, got.StatusCode, got.Body)
			}
			continue
		}
		if got.StatusCode != http.StatusOK || !strings.Contains(got.Body, `"download_url":"`+want) {
			t.Errorf("%q: %d %s", variable, got.StatusCode, got.Body)
		}
	}
}

// completed is a store of one export, which has its document.
type completed struct{ api.Exports }

func (completed) Export(_ context.Context, account, id string) (export.Export, error) {
	e := export.New(id, account, "user_1", export.Request{Type: export.TypeIndex, TargetID: "idx"}, time.Unix(1, 0))
	e = e.Claim(time.Unix(1, 0)).Packaged(export.Artifact{Key: "artifacts/a/e/e.json", Bytes: 1}, time.Unix(1, 0))
	return e.Complete(time.Unix(1, 0)), nil
}

func minter(t *testing.T) http.Handler {
	t.Helper()
	keys, err := auth.NewKeyring(auth.Keys{Current: make([]byte, auth.MinKeyBytes)})
	if err != nil {
		t.Fatal(err)
	}
	return api.ReadExport(api.ReadConfig{
		Exports: completed{}, Keys: keys, Clock: func() time.Time { return time.Unix(2, 0) }, Log: slog.New(slog.DiscardHandler),
	})
}
