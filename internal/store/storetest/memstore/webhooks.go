package memstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/store"
)

// CreateWebhook implements store.Webhooks.
func (s *Store) CreateWebhook(ctx context.Context, w store.Webhook, idem *store.Idempotency) (store.Idempotency, bool, error) {
	return s.create(ctx, w.ID, idem, func() error {
		k := key{w.AccountID, w.ID}
		if s.webhooks[k] != nil {
			return store.ErrWebhookExists
		}
		return s.webhooks.put(k, w)
	})
}

// Webhook implements store.Webhooks.
func (s *Store) Webhook(ctx context.Context, account, id string) (store.Webhook, error) {
	return read(ctx, s, s.webhooks, key{account, id}, store.ErrWebhookNotFound)
}

// ListWebhooks implements store.Webhooks.
func (s *Store) ListWebhooks(ctx context.Context, account string) (found []store.Webhook, err error) {
	err = s.do(ctx, func() error {
		all, err := s.webhooks.all()
		for _, w := range all {
			if w.Secret = nil; w.AccountID == account {
				found = append(found, w)
			}
		}
		slices.SortFunc(found, func(a, b store.Webhook) int { return strings.Compare(b.ID, a.ID) })
		return err
	})
	return found, err
}

// SaveWebhook implements store.Webhooks.
func (s *Store) SaveWebhook(ctx context.Context, next store.Webhook, revision int64) (store.Webhook, error) {
	next.Revision = revision + 1
	err := s.do(ctx, func() error {
		k := key{next.AccountID, next.ID}
		stored, err := s.webhooks.get(k, store.ErrWebhookNotFound)
		if err != nil {
			return err
		}
		if stored.Revision != revision {
			return store.Overtaken("webhook")
		}
		return s.webhooks.put(k, next)
	})
	if err != nil {
		return store.Webhook{}, err
	}
	return next, nil
}

// DeleteWebhook implements store.Webhooks.
func (s *Store) DeleteWebhook(ctx context.Context, account, id string) error {
	return s.do(ctx, func() error {
		if s.webhooks[key{account, id}] == nil {
			return store.ErrWebhookNotFound
		}
		delete(s.webhooks, key{account, id})
		return nil
	})
}

// CreateDelivery implements store.Deliveries.
func (s *Store) CreateDelivery(ctx context.Context, d store.Delivery) (created bool, err error) {
	err = s.do(ctx, func() error {
		k := key{d.AccountID, d.ID}
		if s.deliveries[k] != nil {
			return nil
		}
		created = true
		return s.deliveries.put(k, d)
	})
	return created, err
}

// Delivery implements store.Deliveries.
func (s *Store) Delivery(ctx context.Context, account, id string) (store.Delivery, error) {
	return read(ctx, s, s.deliveries, key{account, id}, store.ErrDeliveryNotFound)
}

// ListDeliveries implements store.Deliveries.
func (s *Store) ListDeliveries(ctx context.Context, account, webhookID string, q store.DeliveryQuery) (found []store.Delivery, err error) {
	err = s.do(ctx, func() error {
		all, err := s.deliveries.all()
		for _, d := range all {
			if d.Body = nil; d.AccountID == account && d.WebhookID == webhookID && (q.Status == "" || q.Status == d.Status) {
				found = append(found, d)
			}
		}
		slices.SortFunc(found, func(a, b store.Delivery) int { return strings.Compare(b.ID, a.ID) })
		found = found[:min(q.Limit, len(found))]
		return err
	})
	return found, err
}

// SaveDelivery implements store.Deliveries.
func (s *Store) SaveDelivery(ctx context.Context, next store.Delivery, revision int64) (store.Delivery, error) {
	next.Revision = revision + 1
	err := s.do(ctx, func() error {
		k := key{next.AccountID, next.ID}
		stored, err := s.deliveries.get(k, store.ErrDeliveryNotFound)
		if err != nil {
			return err
		}
		if stored.Revision != revision {
			return store.Overtaken("delivery")
		}
		return s.deliveries.put(k, next)
	})
	if err != nil {
		return store.Delivery{}, err
	}
	return next, nil
}

// DueDeliveries implements store.Deliveries.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, limit int) (refs []store.DeliveryRef, err error) {
	err = s.do(ctx, func() error {
		all, err := s.deliveries.all()
		all = slices.DeleteFunc(all, func(d store.Delivery) bool { return d.DueAt.IsZero() || d.DueAt.After(now) })
		slices.SortFunc(all, func(a, b store.Delivery) int {
			return cmp.Or(a.DueAt.Compare(b.DueAt), strings.Compare(a.AccountID, b.AccountID), strings.Compare(a.ID, b.ID))
		})
		for _, d := range all {
			refs = append(refs, store.DeliveryRef{AccountID: d.AccountID, DeliveryID: d.ID})
		}
		refs = store.InTurns(refs, store.DeliveryRef.Owner, limit)
		return err
	})
	return refs, err
}
