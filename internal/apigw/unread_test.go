package apigw

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// TestUnreadableEventsAreLogged: once, with whose request it was, and with nothing of what could not be read.
func TestUnreadableEventsAreLogged(t *testing.T) {
	const body = "canary canary canary"
	ev := events.APIGatewayProxyRequest{
		HTTPMethod: "POST", Path: "/v2/exports/index/idx", Body: body, IsBase64Encoded: true,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "req-1", Authorizer: map[string]any{
			"account_id": "acct", "user_id": "user", "key_id": "key_1", "scope": "write",
		}},
	}
	unasked := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was asked") })
	for name, send := range map[string]func(*slog.Logger) (status int, reply string){
		"buffered": func(log *slog.Logger) (int, string) {
			out, err := Handler(unasked, log)(t.Context(), ev)
			if err != nil {
				t.Fatal(err)
			}
			return out.StatusCode, out.Body
		},
		"streamed": func(log *slog.Logger) (int, string) {
			out, err := StreamHandler(unasked, log)(t.Context(), ev)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(out.Body)
			if err != nil {
				t.Fatal(err)
			}
			return out.StatusCode, string(raw)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			status, reply := send(slog.New(slog.NewJSONHandler(&out, nil)))
			if status != http.StatusBadRequest || !strings.Contains(reply, `"request_id":"req-1"`) {
				t.Errorf("answered %d %s", status, reply)
			}
			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("not one line: %q", out.String())
			}
			for name, want := range map[string]any{
				"msg": "request answered", "method": "POST", "status": 400.0, "request_id": "req-1", "code": "bad_request", "account_id": "acct", "key_id": "key_1",
			} {
				if line[name] != want {
					t.Errorf("%s is %v, want %v", name, line[name], want)
				}
			}
			if strings.Contains(out.String(), "canary") {
				t.Errorf("the line holds the body: %s", out.String())
			}
		})
	}
}
