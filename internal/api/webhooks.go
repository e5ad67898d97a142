package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

// Webhooks is what managing webhooks needs of the record store.
type Webhooks interface {
	Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error)
	CreateWebhook(ctx context.Context, w store.Webhook, idem *store.Idempotency) (store.Idempotency, bool, error)
	Webhook(ctx context.Context, account, id string) (store.Webhook, error)
	ListWebhooks(ctx context.Context, account string) ([]store.Webhook, error)
	SaveWebhook(ctx context.Context, next store.Webhook, revision int64) (store.Webhook, error)
	DeleteWebhook(ctx context.Context, account, id string) error
	Delivery(ctx context.Context, account, id string) (store.Delivery, error)
	ListDeliveries(ctx context.Context, account, webhookID string, q store.DeliveryQuery) ([]store.Delivery, error)
	SaveDelivery(ctx context.Context, next store.Delivery, revision int64) (store.Delivery, error)
}

// HookConfig is what ManageWebhook works with.
type HookConfig struct {
	Webhooks Webhooks
	Sealer   seal.Sealer
	// Post sends a test.
	Post func(ctx context.Context, w store.Webhook, secret seal.Secret, m webhook.Message) webhook.Outcome
	Keys *auth.Keyring
	// NewID mints the id of a webhook, and NewEventID that of a test, made at the time; NewSecret a signing secret.
	NewID, NewEventID func(time.Time) string
	NewSecret         func() seal.Secret
	Clock             func() time.Time
	Log               *slog.Logger
}

// ManageWebhook serves everything about webhooks and their deliveries.
func ManageWebhook(c HookConfig) http.Handler {
	s := hooks{c}
	return newEdge(c.Log, c.Clock,
		route{"POST", "/api/v2/webhooks", s.create},
		route{"GET", "/api/v2/webhooks", s.list},
		route{"GET", "/api/v2/webhooks/events", s.events},
		route{"GET", "/api/v2/webhooks/{id}", s.retrieve},
		route{"PATCH", "/api/v2/webhooks/{id}", s.change},
		route{"DELETE", "/api/v2/webhooks/{id}", s.remove},
		// For http.ServeMux neither of /webhooks/deliveries/{id} and /webhooks/{id}/deliveries leads; for the gateway the
		// first does.
		route{"GET", "/api/v2/webhooks/{id}/{part}", s.below(map[string]action{"deliveries": s.deliveries}, s.delivery)},
		route{"POST", "/api/v2/webhooks/{id}/{part}", s.below(map[string]action{"rotate-secret": s.rotate, "test": s.test}, nil)},
		route{"POST", "/api/v2/webhooks/deliveries/{id}/retry", s.retry},
	)
}

type hooks struct{ HookConfig }

// below picks the action by the path's last part, or the one of a delivery.
func (s hooks) below(parts map[string]action, delivery action) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.PathValue("id") == "deliveries" {
			if delivery == nil {
				return noRoute(w, r)
			}
			return delivery(w, r)
		}
		do, ok := parts[r.PathValue("part")]
		if !ok {
			return noRoute(w, r)
		}
		return do(w, r)
	}
}

func (s hooks) list(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeRead)
	if err != nil {
		return err
	}
	all, err := s.Webhooks.ListWebhooks(r.Context(), p.AccountID)
	if err != nil {
		return err
	}
	views := make([]webhookView, len(all))
	for i, h := range all {
		views[i] = viewWebhook(h)
	}
	return reply(w, http.StatusOK, views)
}

// events are the names that a webhook can subscribe to.
func (s hooks) events(w http.ResponseWriter, r *http.Request) error {
	if _, err := caller(r, auth.ScopeRead); err != nil {
		return err
	}
	return reply(w, http.StatusOK, webhook.Events)
}

func (s hooks) retrieve(w http.ResponseWriter, r *http.Request) error {
	h, err := s.load(r, auth.ScopeRead)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, viewWebhook(h))
}

// load gives the webhook that the path names, to a caller who has the scope.
func (s hooks) load(r *http.Request, need auth.Scope) (store.Webhook, error) {
	p, err := caller(r, need)
	if err != nil {
		return store.Webhook{}, err
	}
	return s.find(r.Context(), p.AccountID, r.PathValue("id"))
}

// find is the account's webhook; another account's answers as an unknown one does.
func (s hooks) find(ctx context.Context, account, id string) (store.Webhook, error) {
	h, err := known(ctx, s.Webhooks.Webhook, account, id)
	if fault.Is(err, fault.NotFound) {
		return h, store.ErrWebhookNotFound
	}
	if err == nil {
		note(ctx, slog.String("webhook_id", h.ID))
	}
	return h, err
}

// remove answers 404 from the second time on.
func (s hooks) remove(w http.ResponseWriter, r *http.Request) error {
	h, err := s.load(r, auth.ScopeAdmin)
	if err != nil {
		return err
	}
	if err := s.Webhooks.DeleteWebhook(r.Context(), h.AccountID, h.ID); err != nil {
		return err
	}
	return reply(w, http.StatusOK, removedView{"The webhook was deleted."})
}

// rotatedView is the reply to a rotation.
type rotatedView struct {
	WebhookID string `json:"webhook_id"`
	NewSecret string `json:"new_secret"`
}

// rotate replaces the secret at once: whatever is sent from now on is signed with the new one, repetitions included.
func (s hooks) rotate(w http.ResponseWriter, r *http.Request) error {
	h, err := s.load(r, auth.ScopeWrite)
	if err != nil {
		return err
	}
	secret := s.NewSecret()
	next := h
	if next.Secret, err = s.sealed(r.Context(), h, secret); err != nil {
		return err
	}
	next.UpdatedAt = export.Stamp(s.Clock())
	if _, err := s.Webhooks.SaveWebhook(r.Context(), next, h.Revision); err != nil {
		return err
	}
	return reply(w, http.StatusOK, rotatedView{h.ID, secret.Reveal()})
}

// bindingOf is what the webhook's secrets are bound to.
func bindingOf(h store.Webhook) seal.Context {
	return seal.Context{AccountID: h.AccountID, WebhookID: h.ID}
}

func (s hooks) sealed(ctx context.Context, h store.Webhook, secret seal.Secret) ([]byte, error) {
	return seal.SealSecrets(ctx, s.Sealer, bindingOf(h), seal.Secrets{webhook.SecretName: secret})
}

// testedView is the result of a test.
type testedView struct {
	Success    bool    `json:"success"`
	StatusCode *int    `json:"status_code"`
	Error      *string `json:"error"`
}

// test sends an event that tells of nothing, once, and waits for the answer. Nothing is noted.
func (s hooks) test(w http.ResponseWriter, r *http.Request) error {
	h, err := s.load(r, auth.ScopeWrite)
	if err != nil {
		return err
	}
	secrets, err := seal.OpenSecrets(r.Context(), s.Sealer, bindingOf(h), h.Secret)
	if err != nil {
		return err
	}
	now := s.Clock()
	e, body, err := webhook.Test(s.NewEventID(now), h, now)
	if err != nil {
		return err
	}
	o := s.Post(r.Context(), h, secrets[webhook.SecretName], webhook.Message{
		DeliveryID: webhook.DeliveryID(h.ID, e.ID), EventID: e.ID, EventType: e.Event, Body: body,
	})
	return reply(w, http.StatusOK, testedView{o.Error == "", answered(o.Status), given(o.Error)})
}

// answered is a status, nil for none.
func answered(status int) *int {
	if status == 0 {
		return nil
	}
	return &status
}
