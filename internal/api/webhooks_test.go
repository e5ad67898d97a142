package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/apigw"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

// hooks is the function of webhooks. A test reaches only addresses of host "works".
func (w *world) hooks() apigw.Buffered {
	log := slog.New(slog.NewJSONHandler(&w.log, nil))
	next := func(prefix string) string { w.ids++; return fmt.Sprintf("%s_%d", prefix, w.ids) }
	return apigw.Handler(api.ManageWebhook(api.HookConfig{
		Webhooks: gate{w.store, &w.storeErr}, Sealer: sealer{w}, Keys: w.keyring, Clock: func() time.Time { return w.now }, Log: log,
		NewID: func(time.Time) string { return next("wh") }, NewEventID: func(time.Time) string { return next("evt") },
		NewSecret: func() seal.Secret {
			s := next("whsec_0123456789abcdef0123456789abcdef")
			w.secrets = append(w.secrets, s)
			return seal.NewSecret(s)
		},
		Post: func(_ context.Context, h store.Webhook, secret seal.Secret, m webhook.Message) webhook.Outcome {
			w.posted = append(w.posted, m)
			if secret.Reveal() != w.secrets[len(w.secrets)-1] || webhook.Sign(secret, m.Body) == "" {
				w.t.Errorf("the test is signed with another secret")
			}
			if strings.HasPrefix(h.URL, "https://works") {
				return webhook.Outcome{Status: 204}
			}
			return webhook.Outcome{Status: 500, Error: "The receiver answered with status 500."}
		},
	}), log)
}

func (g gate) CreateWebhook(ctx context.Context, h store.Webhook, idem *store.Idempotency) (store.Idempotency, bool, error) {
	if *g.err != nil {
		return store.Idempotency{}, false, *g.err
	}
	return g.Store.CreateWebhook(ctx, h, idem)
}

func (g gate) Webhook(ctx context.Context, account, id string) (store.Webhook, error) {
	return pass(g, func() (store.Webhook, error) { return g.Store.Webhook(ctx, account, id) })
}

func (g gate) ListWebhooks(ctx context.Context, account string) ([]store.Webhook, error) {
	return pass(g, func() ([]store.Webhook, error) { return g.Store.ListWebhooks(ctx, account) })
}

func (g gate) Delivery(ctx context.Context, account, id string) (store.Delivery, error) {
	return pass(g, func() (store.Delivery, error) { return g.Store.Delivery(ctx, account, id) })
}

// hookWith is a good create request with the field replaced by a JSON value.
func hookWith(field, value string) string {
	fields := map[string]string{"name": `"n"`, "url": `"https://works.example.com/in"`, "events": `["export.ready"]`}
	fields[field] = value
	var members []string
	for name, v := range fields {
		members = append(members, fmt.Sprintf("%q:%s", name, v))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// hookCall sends a request about webhooks with the admin key.
func (w *world) hookCall(method, path, body string, headers ...string) (status int, reply string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "https://api.example.com/api/v2/webhooks"+path, nil)
	w.must(err)
	r.Header.Set("X-API-Key", keys["admin"])
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res := w.send(r, []byte(body))
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(raw)
}

func TestWebhookLimits(t *testing.T) {
	ids := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("%q", fmt.Sprintf("idx_%d", i)))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	for name, c := range map[string]struct {
		field, value string
		ok           bool
	}{
		"a name of 100 characters":  {"name", quoted(strings.Repeat("漢", 100)), true},
		"a name of 101":             {"name", quoted(strings.Repeat("a", 101)), false},
		"no name":                   {"name", `""`, false},
		"http":                      {"url", `"http://example.com"`, false},
		"no scheme":                 {"url", `"example.com"`, false},
		"no host":                   {"url", `"https:///x"`, false},
		"opaque":                    {"url", `"https:example.com"`, false},
		"a user":                    {"url", `"https://user:pw@example.com"`, false},
		"a fragment":                {"url", `"https://example.com/#x"`, false},
		"an empty fragment":         {"url", `"https://example.com/#"`, false},
		"a blank in the address":    {"url", `"https://example.com/a b"`, false},
		"a line in the address":     {"url", `"https://example.com/\r\nX: y"`, false},
		"an address of 2,048":       {"url", quoted("https://e.com/" + strings.Repeat("a", 2048-14)), true},
		"an address of 2,049":       {"url", quoted("https://e.com/" + strings.Repeat("a", 2049-14)), false},
		"no events":                 {"events", `[]`, false},
		"an event of others":        {"events", `["export.ready","prompt_run.completed"]`, false},
		"the event of tests":        {"events", `["webhook.test"]`, false},
		"events that are a string":  {"events", `"export.ready"`, false},
		"100 indexes":               {"index_ids", ids(100), true},
		"101 indexes":               {"index_ids", ids(101), false},
		"an impossible index":       {"index_ids", `["a#b"]`, false},
		"no index":                  {"index_ids", `[]`, true},
		"metadata of 4,096":         {"metadata", `{ "a":` + quoted(strings.Repeat("a", 4096-8)) + `  }`, true},
		"metadata of 4,097":         {"metadata", `{"a":` + quoted(strings.Repeat("a", 4097-8)) + `}`, false},
		"metadata that is a list":   {"metadata", `["a"]`, false},
		"metadata that is a string": {"metadata", `"a"`, false},
		"empty metadata":            {"metadata", `{}`, true},
		"a status":                  {"status", `"paused"`, false},
		"a secret of one's own":     {"secret", `"whsec"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			status, reply := w.hookCall("POST", "", hookWith(c.field, c.value))
			if c.ok != (status == 201) || !c.ok && (status != 422 || !strings.Contains(reply, `"`+c.field+`"`)) {
				t.Errorf("%d %s", status, reply)
			}
			all, err := w.store.ListWebhooks(t.Context(), "acct")
			if w.must(err); (len(all) == 1) != c.ok {
				t.Errorf("%d webhooks", len(all))
			}
		})
	}
}

// TestMetadataRoundTrips as it was written, but for blanks.
func TestMetadataRoundTrips(t *testing.T) {
	w := newWorld(t)
	const metadata = `{"z":1.50,"a":[null,true,{"é":"<&> \u2028"}],"big":123456789012345678901234567890}`
	_, reply := w.hookCall("POST", "", hookWith("metadata", metadata))
	var made struct {
		ID       string          `json:"webhook_id"`
		Metadata json.RawMessage `json:"metadata"`
	}
	w.must(json.Unmarshal([]byte(reply), &made))
	_, shown := w.hookCall("GET", "/"+made.ID, "")
	for _, text := range []string{reply, shown} {
		var got struct {
			Metadata json.RawMessage `json:"metadata"`
		}
		w.must(json.Unmarshal([]byte(text), &got))
		if !bytes.Equal(plain(t, got.Metadata), plain(t, []byte(metadata))) || !strings.Contains(text, "1.50") || !strings.Contains(text, "123456789012345678901234567890") {
			t.Errorf("%s", text)
		}
	}
}

func plain(t *testing.T, text []byte) []byte {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestWebhooksOfAnAccount are twenty at most.
func TestWebhooksOfAnAccount(t *testing.T) {
	w := newWorld(t)
	for n := range 21 {
		status, reply := w.hookCall("POST", "", hookWith("name", fmt.Sprintf("%q", fmt.Sprint(n))))
		if want := map[bool]int{true: 201, false: 422}[n < 20]; status != want || n == 20 && code(t, reply) != "webhook_limit_reached" {
			t.Errorf("webhook %d: %d %s", n, status, reply)
		}
	}
}

// TestWebhookReplay: a reply that was lost, secret included, is had again under its key, whatever became of the webhook;
// the record store never holds it in clear.
func TestWebhookReplay(t *testing.T) {
	w := newWorld(t)
	body := hookWith("metadata", `{"a":1,"b":2}`)
	_, first := w.hookCall("POST", "", body, "Idempotency-Key", "k1")
	_, again := w.hookCall("POST", "", hookWith("metadata", `{"b":2, "a":1}`), "Idempotency-Key", "k1")
	if first != again || len(w.secrets) != 1 || !strings.Contains(first, w.secrets[0]) {
		t.Errorf("first %s, then %s", first, again)
	}
	status, reply := w.hookCall("POST", "", hookWith("name", `"another"`), "Idempotency-Key", "k1")
	if status != 422 || code(t, reply) != "idempotency_request_mismatch" || strings.Contains(reply, w.secrets[0]) {
		t.Errorf("another request: %d %s", status, reply)
	}
	var made struct {
		ID string `json:"webhook_id"`
	}
	w.must(json.Unmarshal([]byte(first), &made))
	w.hookCall("POST", "/"+made.ID+"/rotate-secret", "")
	w.hookCall("DELETE", "/"+made.ID, "")
	if _, again := w.hookCall("POST", "", body, "Idempotency-Key", "k1"); first != again {
		t.Errorf("after its end: %s", again)
	}
	if all, err := w.store.ListWebhooks(t.Context(), "acct"); err != nil || len(all) != 0 {
		t.Errorf("%d webhooks, %v", len(all), err)
	}
	for _, secret := range w.secrets {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds a secret: %s", w.log.String())
		}
	}
}

// TestEventOfAnExport: an event tells what the API shows, and no link, at every end.
func TestEventOfAnExport(t *testing.T) {
	w := newWorld(t)
	r, err := http.NewRequestWithContext(t.Context(), "POST", "https://api.example.com/api/v2/exports/index/idx", nil)
	w.must(err)
	r.Header.Set("X-API-Key", keys["admin"])
	w.send(r, nil)
	w.complete("exp_1")
	e, err := w.store.Export(t.Context(), "acct", "exp_1")
	w.must(err)
	text, err := api.ExportObject(e, w.now)
	w.must(err)
	if strings.Contains(string(text), "storage.example.com") || strings.Contains(string(text), "link=") {
		t.Errorf("the event holds a link: %s", text)
	}
	r, err = http.NewRequestWithContext(t.Context(), "GET", "https://api.example.com/api/v2/exports/exp_1", nil)
	w.must(err)
	r.Header.Set("X-API-Key", keys["admin"])
	var shown, told map[string]any
	w.must(json.NewDecoder(w.send(r, nil).Body).Decode(&shown))
	w.must(json.Unmarshal(text, &told))
	if shown["presigned_url"] == nil {
		t.Error("the API shows no link: the test shows nothing")
	}
	shown["presigned_url"], shown["presigned_url_expires_at"] = nil, nil
	if diff := cmp.Diff(shown, told); diff != "" {
		t.Errorf("the event (-API +event):\n%s", diff)
	}
}

// putDeliveries puts a delivery into each state there.
func (w *world) putDeliveries(webhookID string) {
	w.t.Helper()
	for n, status := range []string{webhook.Pending, webhook.Processing, webhook.Retrying, webhook.Delivered, webhook.Failed} {
		event := webhook.EventID(fmt.Sprintf("exp_%d", n), 1, export.EventReady)
		d := store.Delivery{
			ID: webhook.DeliveryID(webhookID, event), AccountID: "acct", WebhookID: webhookID, EventID: event, EventType: export.EventReady,
			Status: status, Attempts: n, Body: fmt.Appendf(nil, `{"id":%q,"n":1.0}`, event), CreatedAt: t0, GiveUpAt: t0.Add(time.Hour), ExpiresAt: t0.Add(24 * time.Hour),
		}
		if n > 0 {
			d.LastAttemptAt, d.ResponseStatus, d.ResponseBody, d.ErrorMessage = t0, 500, "no", "The receiver answered with status 500."
		}
		if n < 3 {
			d.DueAt = t0.Add(time.Minute)
		} else {
			d.CompletedAt = t0
		}
		_, err := w.store.CreateDelivery(w.t.Context(), d)
		w.must(err)
	}
}
