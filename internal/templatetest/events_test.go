package templatetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// webhooks takes one through its life: it hears of an end at once, of another one at the third attempt, and of none when
// every attempt fails.
func webhooks(w *world) {
	call := func(method, path, body string, want int) []byte {
		return w.http("manage-webhook", method, "/v2/webhooks"+path, body, want)
	}
	const body = `{"name":"n","url":"https://example.com","events":["export.ready","export.failed"],"index_ids":["idx"]}`
	first := call("POST", "", body, 201)
	if again := call("POST", "", body, 201); !bytes.Equal(first, again) {
		w.t.Errorf("the first reply is %s, again it is %s", first, again)
	}
	var made struct {
		ID string `json:"webhook_id"`
	}
	w.must(json.Unmarshal(first, &made))
	call("GET", "", "", 200)
	call("GET", "/events", "", 200)
	call("GET", "/"+made.ID, "", 200)
	call("PATCH", "/"+made.ID, `{"name":"another"}`, 200)
	call("POST", "/"+made.ID+"/test", "", 200)
	call("POST", "/"+made.ID+"/rotate-secret", "", 200)

	for n, answers := range [][]int{nil, {500, 503}, slices.Repeat([]int{500}, 40)} {
		w.answers = answers
		w.end(fmt.Sprintf("exp_ends_%d", n))
		w.schedule(len(answers))
		w.answers = nil
	}
	var listed []struct {
		ID     string `json:"delivery_id"`
		Status string
	}
	w.must(json.Unmarshal(call("GET", "/"+made.ID+"/deliveries", "", 200), &listed))
	if len(listed) == 0 {
		w.t.Fatal("no deliveries")
	}
	call("GET", "/deliveries/"+listed[0].ID, "", 200)
	for _, d := range listed {
		if d.Status == "failed" {
			call("POST", "/deliveries/"+d.ID+"/retry", "", 200)
		}
	}
	call("DELETE", "/"+made.ID, "", 200)
	call("DELETE", "/"+made.ID, "", 404)
}

// end makes an export of a run fail for good and tells of it, as the pipe does.
func (w *world) end(id string) {
	w.t.Helper()
	e := export.New(id, "acct", "user", export.Request{Type: export.TypePromptRun, TargetID: "run_1"}, w.now)
	_, _, err := w.store.CreateExport(w.t.Context(), e, nil, nil)
	w.must(err)
	ended, err := w.store.SaveExport(w.t.Context(), e.Fail(export.Failure{Message: "no", Permanent: true}, w.now), e.Fence())
	w.must(err)
	item, _ := changes.OfExport(ended)
	item.ID = "1"
	raw, err := w.call("send-events", []changes.Item{item})
	w.must(err)
	if string(raw) != `{"batchItemFailures":[]}` {
		w.t.Errorf("the pipe is answered %s", raw)
	}
}

// schedule calls the sender of events so often, every hundred minutes.
func (w *world) schedule(times int) {
	for range times {
		w.now = w.now.Add(100 * time.Minute)
		w.step("send-events", map[string]any{"detail-type": "Scheduled Event"})
	}
}

// receiver answers events as the world says.
func (w *world) receiver() *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		status := 200
		if len(w.answers) > 0 {
			status, w.answers = w.answers[0], w.answers[1:]
		}
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}, Request: r}, nil
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// sealing notes what a function asks of KMS under the part that it has it from.
func (w *world) sealing(folder string, note func(part string) func(context.Context, string)) func(context.Context, string) {
	if slices.Contains(needs(w.t, folder), "Webhooks") {
		return note("Webhooks")
	}
	return note("Connectors")
}

func (r records) CreateWebhook(ctx context.Context, h store.Webhook, idem *store.Idempotency) (store.Idempotency, bool, error) {
	r.note(ctx, "CreateWebhook")
	return r.Store.CreateWebhook(ctx, h, idem)
}

func (r records) Webhook(ctx context.Context, account, id string) (store.Webhook, error) {
	r.note(ctx, "Webhook")
	return r.Store.Webhook(ctx, account, id)
}

func (r records) ListWebhooks(ctx context.Context, account string) ([]store.Webhook, error) {
	r.note(ctx, "ListWebhooks")
	return r.Store.ListWebhooks(ctx, account)
}

func (r records) SaveWebhook(ctx context.Context, next store.Webhook, revision int64) (store.Webhook, error) {
	r.note(ctx, "SaveWebhook")
	return r.Store.SaveWebhook(ctx, next, revision)
}

func (r records) DeleteWebhook(ctx context.Context, account, id string) error {
	r.note(ctx, "DeleteWebhook")
	return r.Store.DeleteWebhook(ctx, account, id)
}

func (r records) CreateDelivery(ctx context.Context, d store.Delivery) (bool, error) {
	r.note(ctx, "CreateDelivery")
	return r.Store.CreateDelivery(ctx, d)
}

func (r records) Delivery(ctx context.Context, account, id string) (store.Delivery, error) {
	r.note(ctx, "Delivery")
	return r.Store.Delivery(ctx, account, id)
}

func (r records) ListDeliveries(ctx context.Context, account, webhookID string, q store.DeliveryQuery) ([]store.Delivery, error) {
	r.note(ctx, "ListDeliveries")
	return r.Store.ListDeliveries(ctx, account, webhookID, q)
}

func (r records) SaveDelivery(ctx context.Context, next store.Delivery, revision int64) (store.Delivery, error) {
	r.note(ctx, "SaveDelivery")
	return r.Store.SaveDelivery(ctx, next, revision)
}

func (r records) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]store.DeliveryRef, error) {
	r.note(ctx, "DueDeliveries")
	return r.Store.DueDeliveries(ctx, now, limit)
}
