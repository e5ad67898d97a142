package simulation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

const webhookID = "hook_1"

// plainly is a sealer that hides nothing: there is nobody to hide anything from.
type plainly struct{}

// Seal implements seal.Sealer.
func (plainly) Seal(_ context.Context, _ seal.Context, plain []byte) ([]byte, error) {
	return plain, nil
}

// Open implements seal.Sealer.
func (plainly) Open(_ context.Context, _ seal.Context, sealed []byte) ([]byte, error) {
	return sealed, nil
}

// subscribe brings a webhook in that is told of every end.
func (w *world) subscribe(ctx context.Context) error {
	secret, err := seal.SealSecrets(ctx, plainly{}, seal.Context{AccountID: account, WebhookID: webhookID}, map[string]seal.Secret{
		webhook.SecretName: seal.NewSecret("whsec_simulated"),
	})
	if err != nil {
		return err
	}
	_, _, err = w.memory.CreateWebhook(ctx, store.Webhook{
		ID: webhookID, AccountID: account, URL: "https://receiver.example/events", Events: webhook.Events, Status: webhook.Active,
		Secret: secret, CreatedAt: time.Now().Add(-time.Hour),
	}, nil)
	return err
}

// pipe tells of a write that ended an export, out of the write itself, as the pipe out of the table's stream does: at least
// once, and again as long as send-events has not said that it took it.
func (w *world) pipe(saved export.Export) {
	item, ok := changes.OfExport(saved)
	if !ok {
		return
	}
	item.ID = "1"
	payload, err := json.Marshal([]changes.Item{item})
	if err != nil {
		panic("an item always encodes: " + err.Error())
	}
	ctx := context.WithValue(context.Background(), processKey{}, w.outside("the pipe of "+saved.ID))
	name := "send-events of " + saved.ID + " " + saved.EventMark
	w.piped.Add(1)
	go func() {
		defer w.piped.Add(-1)
		for wait := time.Second; !w.over(); wait *= 2 {
			taken, err := call(ctx, w, op{part: "pipe", method: "Deliver", what: name}, func(ctx context.Context) (bool, error) {
				r, err := w.run(ctx, w.spawn(name, "send-events", job{}), payload)
				var out changes.Result
				return err == nil && r.FunctionError == "" && json.Unmarshal(r.Payload, &out) == nil && len(out.Failures) == 0, nil
			})
			if taken && err == nil {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.taken[webhook.EventID(saved.ID, saved.Generation, saved.EventMark)] = true
				return
			}
			time.Sleep(wait)
		}
	}()
}

// sendDue calls send-events as its schedule does.
func (w *world) sendDue(now time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	name := "send-events at " + now.UTC().Format("15:04:05")
	_, _ = w.run(ctx, w.spawn(name, "send-events", job{}), event("Scheduled Event", map[string]any{})) // the schedule comes again
}

// undelivered reports whether any delivery is still to be made. It is asked each minute, and asks no store.
func (w *world) undelivered() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.deliveries) > 0
}

// delivery notes whether a delivery is still to be made.
func (w *world) delivery(d store.Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deliveries[d.ID] = true; d.DueAt.IsZero() {
		delete(w.deliveries, d.ID)
	}
}

// receiver is the customer's address behind the schedule.
type receiver struct{ w *world }

// RoundTrip implements http.RoundTripper: it takes every event, but while it is throttled, which it says with 503.
func (r receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	id := q.Header.Get("Idempotency-Key")
	reply, err := call(q.Context(), r.w, op{part: "receiver", method: "Post", what: id}, func(context.Context) (*http.Response, error) {
		r.w.take(id, q.Header.Get("X-Event-Type"), body)
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: q}, nil
	})
	if errors.Is(err, errBusy) {
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody, Request: q}, nil
	}
	return reply, err
}

// take notes an event under its id, once it is seen that the state which it tells of is there, and that a repetition is one.
func (w *world) take(id, kind string, body []byte) {
	var told struct {
		ID   string `json:"id"`
		Data struct {
			ExportID string `json:"export_id"`
			Status   string `json:"status"`
			Outcome  string `json:"outcome"`
			Error    string `json:"error_message"`
			At       string `json:"completed_at"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &told); err != nil || told.ID != id {
		w.violated("the event %s holds %s", id, body)
		return
	}
	export := told.Data.ExportID
	status := map[string]string{"export.ready": "completed", "export.failed": "failed"}[kind]
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Contains(w.ends[export], id) || told.Data.Status != status {
		w.violations = append(w.violations, fmt.Sprintf("%s tells of %s as %s, which ended as %v", id, export, told.Data.Status, w.ends[export]))
	}
	if how := [3]string{told.Data.Outcome, told.Data.Error, told.Data.At}; how != w.how[id] {
		w.violations = append(w.violations, fmt.Sprintf("%s tells of the end %q, which was %q", id, how, w.how[id]))
	}
	if w.told[export] == nil {
		w.told[export] = map[string][]byte{}
	}
	if before, ok := w.told[export][id]; ok && !bytes.Equal(before, body) {
		w.violations = append(w.violations, id+" came again with another content")
	}
	w.told[export][id] = body
}

// checkEvents: of every end one event tells, however often it came.
func (w *world) checkEvents(e export.Export) {
	if told := slices.Sorted(maps.Keys(w.told[e.ID])); !slices.Equal(told, slices.Sorted(slices.Values(w.ends[e.ID]))) {
		w.violated("%s ended as %v, and these events tell: %v", e.ID, w.ends[e.ID], told)
	}
}

// removed notes, when the sweeper removes an export's record, which of its ends the pipe had brought to send-events: of
// those events tell, and of others none may.
func (w *world) removed(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.due[id]; ok {
		return // a repetition
	}
	w.due[id] = []string{}
	for _, event := range w.ends[id] {
		if w.taken[event] {
			w.due[id] = append(w.due[id], event)
		}
	}
}

// checkDeletedEvents: of the ends of an export that was deleted events tell, unless the pipe came after the sweeper.
func (w *world) checkDeletedEvents() {
	for id, due := range w.due {
		for _, event := range due {
			if _, ok := w.told[id][event]; !ok {
				w.violated("%s was deleted after its end, of which no %s tells", id, event)
			}
		}
	}
}

func (r *records) Webhook(ctx context.Context, account, id string) (store.Webhook, error) {
	return call(ctx, r.w, op{part: "records", method: "Webhook", what: id}, func(ctx context.Context) (store.Webhook, error) {
		return r.Store.Webhook(ctx, account, id)
	})
}

func (r *records) ListWebhooks(ctx context.Context, account string) ([]store.Webhook, error) {
	return call(ctx, r.w, op{part: "records", method: "ListWebhooks"}, func(ctx context.Context) ([]store.Webhook, error) {
		return r.Store.ListWebhooks(ctx, account)
	})
}

func (r *records) SaveWebhook(ctx context.Context, next store.Webhook, revision int64) (store.Webhook, error) {
	return call(ctx, r.w, op{part: "records", method: "SaveWebhook", what: next.ID}, func(ctx context.Context) (store.Webhook, error) {
		return r.Store.SaveWebhook(ctx, next, revision)
	})
}

func (r *records) CreateDelivery(ctx context.Context, d store.Delivery) (bool, error) {
	return call(ctx, r.w, op{part: "records", method: "CreateDelivery", what: d.ID}, func(ctx context.Context) (bool, error) {
		created, err := r.Store.CreateDelivery(ctx, d)
		if created && err == nil {
			r.w.delivery(d)
		}
		return created, err
	})
}

func (r *records) Delivery(ctx context.Context, account, id string) (store.Delivery, error) {
	return call(ctx, r.w, op{part: "records", method: "Delivery", what: id}, func(ctx context.Context) (store.Delivery, error) {
		return r.Store.Delivery(ctx, account, id)
	})
}

func (r *records) SaveDelivery(ctx context.Context, next store.Delivery, revision int64) (store.Delivery, error) {
	return call(ctx, r.w, op{part: "records", method: "SaveDelivery", what: next.Status + " " + next.ID}, func(ctx context.Context) (store.Delivery, error) {
		saved, err := r.Store.SaveDelivery(ctx, next, revision)
		if err == nil {
			r.w.delivery(saved)
		}
		return saved, err
	})
}

func (r *records) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]store.DeliveryRef, error) {
	return call(ctx, r.w, op{part: "records", method: "DueDeliveries"}, func(ctx context.Context) ([]store.DeliveryRef, error) {
		return r.Store.DueDeliveries(ctx, now, limit)
	})
}
