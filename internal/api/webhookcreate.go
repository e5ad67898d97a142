package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

func (s hooks) create(w http.ResponseWriter, r *http.Request) error {
	who, err := caller(r, auth.ScopeWrite)
	if err != nil {
		return err
	}
	f, err := readFields(w, r, webhookFields)
	if err != nil {
		return err
	}
	o, err := parseWebhook(f)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r.Header.Values("Idempotency-Key"))
	if err != nil {
		return err
	}
	m, err := s.place(r.Context(), who.AccountID, o, key)
	if err != nil {
		return err
	}
	note(r.Context(), slog.String("webhook_id", m.id))
	m.answer(w, "/api/v2/webhooks/"+m.id)
	return nil
}

// place makes the webhook and its idempotency record in one transaction. The first reply, which holds the secret, is kept
// with the record under seal: who lost it gets it again, whatever becomes of the webhook.
func (s hooks) place(ctx context.Context, account string, o webhookOrder, key string) (made, error) {
	now := s.Clock()
	memo := memo(s.Keys, account, o, key, now)
	if memo != nil {
		first, err := s.Webhooks.Idempotency(ctx, memo.IdempotencyKey, now)
		if err == nil {
			return s.again(ctx, first, o)
		}
		if !fault.Is(err, fault.NotFound) {
			return made{}, err
		}
	}
	if err := s.room(ctx, account); err != nil {
		return made{}, err
	}
	h, body, err := s.draw(ctx, account, o, now)
	if err != nil {
		return made{}, err
	}
	if memo != nil {
		memo.ResourceID = h.ID
		if memo.Reply, err = s.Sealer.Seal(ctx, bindingOf(h), body); err != nil {
			return made{}, err
		}
	}
	first, created, err := s.Webhooks.CreateWebhook(ctx, h, memo)
	if err != nil {
		return made{}, err
	}
	if !created {
		return s.again(ctx, first, o)
	}
	return made{id: h.ID, reply: body}, nil
}

// again answers a repeated order from the record of the first one.
func (s hooks) again(ctx context.Context, first store.Idempotency, o webhookOrder) (made, error) {
	if err := sameRequest(s.Keys, first, o); err != nil {
		return made{}, err
	}
	body, err := s.Sealer.Open(ctx, bindingOf(store.Webhook{ID: first.ResourceID, AccountID: first.AccountID}), first.Reply)
	return made{first.ResourceID, body, true}, err
}

// room refuses an account that has its share. Requests at the same moment may make a few more.
func (s hooks) room(ctx context.Context, account string) error {
	all, err := s.Webhooks.ListWebhooks(ctx, account)
	if err == nil && len(all) >= maxWebhooks {
		return fault.Newf(fault.Invalid, "webhook_limit_reached", "An account has at most %d webhooks. Delete one that isn't needed.", maxWebhooks)
	}
	return err
}

// draw adds what the service adds, and gives the reply with the secret in it.
func (s hooks) draw(ctx context.Context, account string, o webhookOrder, now time.Time) (store.Webhook, []byte, error) {
	h := o.Webhook
	h.ID, h.AccountID, h.CreatedAt, h.UpdatedAt = s.NewID(now), account, export.Stamp(now), export.Stamp(now)
	secret := s.NewSecret()
	body, err := encodeReply(createdHookView{viewWebhook(h), secret.Reveal()})
	if err != nil {
		return h, nil, err
	}
	h.Secret, err = s.sealed(ctx, h, secret)
	return h, body, err
}

// change replaces what the request gives. A field means what it means in a create, [] included; null gives nothing, and a
// change that gives nothing writes nothing. Whoever makes a disabled webhook active again starts counting anew.
func (s hooks) change(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeWrite)
	if err != nil {
		return err
	}
	f, err := readFields(w, r, hookChangeFields)
	if err != nil {
		return err
	}
	h, err := s.find(r.Context(), p.AccountID, r.PathValue("id"))
	if err != nil {
		return err
	}
	next, err := changedHook(h, f)
	if err != nil {
		return err
	}
	if f.anyGiven() {
		next.UpdatedAt = export.Stamp(s.Clock())
		if next, err = s.Webhooks.SaveWebhook(r.Context(), next, h.Revision); err != nil {
			return err
		}
	}
	return reply(w, http.StatusOK, viewWebhook(next))
}

// changedHook is the webhook as the fields make it.
func changedHook(h store.Webhook, f *fields) (store.Webhook, error) {
	next := h
	applyWebhook(f, &next, func(name string) bool { return f.given[name] })
	if f.given["status"] {
		next.Status = f.text("status")
		f.must(next.Status == webhook.Active || next.Status == webhook.Paused, "status", `must be "active" or "paused"`)
		if h.Status == webhook.Disabled && next.Status == webhook.Active {
			next.FailureCount = 0
		}
	}
	return next, f.err()
}
