package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

const maxDeliveries = 100

// deliveryStates are what a listing can be filtered by.
var deliveryStates = []string{webhook.Pending, webhook.Processing, webhook.Delivered, webhook.Failed, webhook.Retrying}

func (s hooks) deliveries(w http.ResponseWriter, r *http.Request) error {
	h, err := s.load(r, auth.ScopeRead)
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault.Wrap(err, fault.Malformed, "bad_request", "The query string could not be read.")
	}
	q, err := parseDeliveryQuery(values)
	if err != nil {
		return err
	}
	all, err := s.Webhooks.ListDeliveries(r.Context(), h.AccountID, h.ID, q)
	if err != nil {
		return err
	}
	views := make([]deliveryView, len(all))
	for i, d := range all {
		views[i] = viewDelivery(d)
	}
	return reply(w, http.StatusOK, views)
}

func parseDeliveryQuery(values url.Values) (store.DeliveryQuery, error) {
	f := newFields()
	for _, name := range []string{"limit", "status"} {
		f.must(len(values[name]) <= 1, name, "must be given once")
	}
	q := store.DeliveryQuery{Limit: defaultLimit, Status: values.Get("status")}
	if values.Has("limit") {
		n, err := strconv.Atoi(values.Get("limit"))
		f.must(err == nil && n >= 1 && n <= maxDeliveries && strconv.Itoa(n) == values.Get("limit"), "limit", "must be a whole number from 1 to 100")
		q.Limit = n
	}
	if values.Has("status") {
		f.must(slices.Contains(deliveryStates, q.Status), "status", "must be one of "+strings.Join(deliveryStates, ", "))
	}
	return q, f.err()
}

// findDelivery is the account's delivery; another account's answers as an unknown one does.
func (s hooks) findDelivery(ctx context.Context, account, id string) (store.Delivery, error) {
	d, err := known(ctx, s.Webhooks.Delivery, account, id)
	if fault.Is(err, fault.NotFound) {
		return d, store.ErrDeliveryNotFound
	}
	if err == nil {
		note(ctx, slog.String("delivery_id", d.ID))
	}
	return d, err
}

func (s hooks) delivery(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeRead)
	if err != nil {
		return err
	}
	d, err := s.findDelivery(r.Context(), p.AccountID, r.PathValue("part"))
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewDelivery(d))
}

// retry gives a delivery that was given up, or that waits, another day of attempts, the first one within a minute. One
// that is on its way already is left as it is.
func (s hooks) retry(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeWrite)
	if err != nil {
		return err
	}
	d, err := s.findDelivery(r.Context(), p.AccountID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if d.Status == webhook.Delivered {
		return fault.New(fault.Conflict, "delivery_not_retryable", "The event was delivered. There is nothing to try again.")
	}
	h, err := s.find(r.Context(), p.AccountID, d.WebhookID)
	if err != nil {
		return err
	}
	if h.Status == webhook.Disabled {
		return fault.New(fault.Conflict, "webhook_disabled", "The webhook is disabled. Make it active first.")
	}
	if d.Status == webhook.Failed || d.Status == webhook.Retrying {
		if d, err = s.Webhooks.SaveDelivery(r.Context(), webhook.Again(d, s.Clock()), d.Revision); err != nil {
			return err
		}
	}
	return reply(w, http.StatusOK, viewDelivery(d))
}
