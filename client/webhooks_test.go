package client_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/videovector/exports/client"
)

const webhookJSON = `{"webhook_id":"wh_1","name":"n","url":"https://e.com","events":["export.ready"],"index_ids":null,"status":"active","failure_count":2,
	"last_failure_at":null,"last_success_at":"2026-03-02T09:30:00.000Z","created_at":null,"updated_at":null,"metadata":{"a":1.50},"new":1}`

const deliveryJSON = `{"delivery_id":"dlv_1","webhook_id":"wh_1","event_type":"export.ready","status":"retrying","attempts":2,"last_attempt_at":null,
	"next_retry_at":"2026-03-02T09:30:00.000Z","response_status_code":null,"response_body":null,"error_message":"no","created_at":null,"completed_at":null,"payload":null,"event_id":"evt_1"}`

// TestWebhookRequests holds what each method sends against the contract.
func TestWebhookRequests(t *testing.T) {
	for _, c := range []struct {
		name, method, path, body, reply string
		call                            func(ctx context.Context, c *client.Client) (any, error)
	}{
		{"create", "POST", "/webhooks", `{"name":"n","url":"https://e.com","events":["export.ready"],"index_ids":["idx"],"metadata":{"a":1.50}}`, strings.Replace(webhookJSON, `"new":1`, `"secret":"whsec_1"`, 1),
			func(ctx context.Context, c *client.Client) (any, error) {
				w, err := c.Webhooks.Create(ctx, client.CreateWebhookParams{Name: "n", URL: "https://e.com", Events: []string{"export.ready"}, IndexIDs: []string{"idx"}, Metadata: json.RawMessage(`{"a":1.50}`)})
				if err == nil && (w.Secret != "whsec_1" || strings.Contains(fmt.Sprintf("%v %+v", w.Secret, w.Secret), "whsec")) {
					err = errors.New("the secret is missing, or is printed")
				}
				return w, err
			}},
		{"list", "GET", "/webhooks", "", "[" + webhookJSON + "]", func(ctx context.Context, c *client.Client) (any, error) { return c.Webhooks.List(ctx) }},
		{"events", "GET", "/webhooks/events", "", `["export.failed","export.ready"]`, func(ctx context.Context, c *client.Client) (any, error) { return c.Webhooks.Events(ctx) }},
		{"retrieve", "GET", "/webhooks/wh_1", "", webhookJSON, func(ctx context.Context, c *client.Client) (any, error) {
			w, err := c.Webhooks.Retrieve(ctx, "wh_1")
			if err == nil && (w.ID != "wh_1" || w.FailureCount != 2 || w.IndexIDs != nil || w.LastSuccessAt.IsZero() || !w.LastFailureAt.IsZero() || string(w.Metadata) != `{"a":1.50}` || !strings.Contains(string(w.RawJSON()), `"new":1`)) {
				err = fmt.Errorf("%+v", w)
			}
			return w, err
		}},
		{"update", "PATCH", "/webhooks/wh_1", `{"name":"N","index_ids":[],"status":"paused"}`, webhookJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Webhooks.Update(ctx, "wh_1", client.UpdateWebhookParams{Name: new("N"), IndexIDs: new([]string{}), Status: new("paused")})
		}},
		{"delete", "DELETE", "/webhooks/wh_1", "", `{"message":"gone"}`, func(ctx context.Context, c *client.Client) (any, error) { return nil, c.Webhooks.Delete(ctx, "wh_1") }},
		{"rotate", "POST", "/webhooks/wh_1/rotate-secret", "", `{"webhook_id":"wh_1","new_secret":"whsec_2"}`, func(ctx context.Context, c *client.Client) (any, error) {
			secret, err := c.Webhooks.RotateSecret(ctx, "wh_1")
			if err == nil && secret != "whsec_2" {
				err = errors.New("another secret")
			}
			return secret, err
		}},
		{"test", "POST", "/webhooks/wh_1/test", "", `{"success":false,"status_code":null,"error":"no"}`, func(ctx context.Context, c *client.Client) (any, error) { return c.Webhooks.Test(ctx, "wh_1") }},
		{"deliveries", "GET", "/webhooks/wh_1/deliveries?limit=5&status=failed", "", "[" + deliveryJSON + "]", func(ctx context.Context, c *client.Client) (any, error) {
			return c.Webhooks.Deliveries(ctx, "wh_1", client.ListDeliveriesParams{Status: "failed", Limit: 5})
		}},
		{"delivery", "GET", "/webhooks/deliveries/dlv_1", "", deliveryJSON, func(ctx context.Context, c *client.Client) (any, error) {
			d, err := c.Webhooks.Delivery(ctx, "dlv_1")
			if err == nil && (d.ID != "dlv_1" || d.Attempts != 2 || d.NextRetryAt.IsZero() || d.ErrorMessage != "no" || d.EventID != "evt_1") {
				err = fmt.Errorf("%+v", d)
			}
			return d, err
		}},
		{"retry", "POST", "/webhooks/deliveries/dlv_1/retry", "", deliveryJSON, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Webhooks.RetryDelivery(ctx, "dlv_1")
		}},
	} {
		s := serve(t, sends(200, c.reply))
		cl, _ := connect(t, s)
		if _, err := c.call(t.Context(), cl); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := s.requests()[0]
		path := strings.TrimPrefix(got.path, "/api/v2")
		if got.method != c.method || path != c.path || strings.TrimSpace(got.body) != c.body || (got.header.Get("Idempotency-Key") != "") != (c.method == "POST" || c.method == "PATCH") {
			t.Errorf("%s: %s %s %s, want %s %s %s", c.name, got.method, path, got.body, c.method, c.path, c.body)
		}
	}
}

// sign is what the API sends with the body.
func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestVerifyWebhook(t *testing.T) {
	const body = `{"id":"evt_1","event":"export.ready","data":{"export_id":"exp_1","status":"completed"},"created_at":"2026-03-02T09:30:00.000Z","api_version":"2024-01"}`
	const signed = "sha256=4b5afa55163b75f9ab9f20f0d5557a5cb2b5b8c0e5f0ce4e1f9d5cb5d9a4d1f4"
	header := func(signature string) http.Header { return http.Header{"X-Webhook-Signature": {signature}} }
	good := header(sign("whsec_1", body))
	e, err := client.VerifyWebhook("whsec_1", good, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	x, err := e.Export()
	if err != nil || e.ID != "evt_1" || e.Event != client.EventExportReady || x.ID != "exp_1" || e.CreatedAt.IsZero() {
		t.Errorf("%+v, %+v, %v", e, x, err)
	}
	for name, c := range map[string]struct {
		secret client.Secret
		header http.Header
		body   string
	}{
		"another secret":     {"whsec_2", good, body},
		"no secret":          {"", header(sign("", body)), body},
		"another body":       {"whsec_1", good, body + " "},
		"no signature":       {"whsec_1", http.Header{}, body},
		"another algorithm":  {"whsec_1", header("sha1=" + signed[7:]), body},
		"half a signature":   {"whsec_1", header(good.Get("X-Webhook-Signature")[:40]), body},
		"what is no hex":     {"whsec_1", header("sha256=zz"), body},
		"another signature":  {"whsec_1", header(signed), body},
		"nothing but prefix": {"whsec_1", header("sha256="), body},
	} {
		if _, err := client.VerifyWebhook(c.secret, c.header, []byte(c.body)); !errors.Is(err, client.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := client.VerifyWebhook("whsec_1", header(sign("whsec_1", "{")), []byte("{")); err == nil {
		t.Error("a signed body that is no JSON was taken")
	}
	if _, err := (&client.Event{Event: "webhook.test"}).Export(); err == nil {
		t.Error("a test is about an export")
	}
}
