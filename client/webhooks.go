package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// WebhooksService keeps webhooks, and shows what became of their events.
type WebhooksService struct{ caller *caller }

// Create makes a webhook. Keep its Secret: it isn't shown again.
func (s *WebhooksService) Create(ctx context.Context, p CreateWebhookParams) (*Webhook, error) {
	r, err := post("/webhooks", p, p.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	return s.webhook(ctx, r)
}

// webhook makes the call and reads the webhook that it gives.
func (s *WebhooksService) webhook(ctx context.Context, r request) (*Webhook, error) {
	var w Webhook
	rep, err := s.caller.fetch(ctx, r, &w)
	if err != nil {
		return nil, err
	}
	if w.ID == "" {
		return nil, rep.unexpected()
	}
	return &w, nil
}

// List gives every webhook of the account.
func (s *WebhooksService) List(ctx context.Context) ([]*Webhook, error) {
	var all []*Webhook
	rep, err := s.caller.fetch(ctx, request{method: http.MethodGet, path: "/webhooks"}, &all)
	if err != nil {
		return nil, err
	}
	for _, w := range all {
		if w == nil {
			return nil, rep.unexpected()
		}
	}
	return all, nil
}

// Events gives the names that a webhook can subscribe to.
func (s *WebhooksService) Events(ctx context.Context) ([]string, error) {
	var names []string
	_, err := s.caller.fetch(ctx, request{method: http.MethodGet, path: "/webhooks/events"}, &names)
	return names, err
}

// Retrieve gives a webhook. An unknown one is an *Error with status 404.
func (s *WebhooksService) Retrieve(ctx context.Context, webhookID string) (*Webhook, error) {
	id, err := segment("webhook", webhookID)
	if err != nil {
		return nil, err
	}
	return s.webhook(ctx, request{method: http.MethodGet, path: "/webhooks" + id})
}

// Update changes a webhook and gives it as it is then.
func (s *WebhooksService) Update(ctx context.Context, webhookID string, p UpdateWebhookParams) (*Webhook, error) {
	id, err := segment("webhook", webhookID)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("client: the parameters can't be written as JSON: %w", err)
	}
	return s.webhook(ctx, request{
		method: http.MethodPatch, path: "/webhooks" + id, body: body, contentType: "application/json", idempotencyKey: mint(""),
	})
}

// Delete removes a webhook. When the reply to a first attempt was lost, a repeated one finds nothing: that counts as
// removed.
func (s *WebhooksService) Delete(ctx context.Context, webhookID string) error {
	id, err := segment("webhook", webhookID)
	if err != nil {
		return err
	}
	rep, err := s.caller.do(ctx, request{method: http.MethodDelete, path: "/webhooks" + id})
	var e *Error
	if errors.As(err, &e) && e.StatusCode == http.StatusNotFound && rep.lost {
		return nil
	}
	return err
}

// RotateSecret replaces the secret at once and gives the new one. What is under way is signed with it too, so a receiver
// takes both until it has the new one.
func (s *WebhooksService) RotateSecret(ctx context.Context, webhookID string) (Secret, error) {
	var rotated struct {
		NewSecret Secret `json:"new_secret"`
	}
	err := s.act(ctx, webhookID, "/rotate-secret", &rotated)
	return rotated.NewSecret, err
}

// Test sends the event webhook.test and waits for the answer. A receiver that fails is a result, not an error.
func (s *WebhooksService) Test(ctx context.Context, webhookID string) (*WebhookTest, error) {
	var result WebhookTest
	return &result, s.act(ctx, webhookID, "/test", &result)
}

// act posts to a webhook and reads the reply into v.
func (s *WebhooksService) act(ctx context.Context, webhookID, action string, v any) error {
	id, err := segment("webhook", webhookID)
	if err != nil {
		return err
	}
	r, err := post("/webhooks"+id+action, nil, "")
	if err != nil {
		return err
	}
	_, err = s.caller.fetch(ctx, r, v)
	return err
}

// Deliveries gives deliveries to the webhook, those of the newest exports first.
func (s *WebhooksService) Deliveries(ctx context.Context, webhookID string, p ListDeliveriesParams) ([]*Delivery, error) {
	id, err := segment("webhook", webhookID)
	if err != nil {
		return nil, err
	}
	q := url.Values{}
	if p.Limit != 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	if p.Status != "" {
		q.Set("status", p.Status)
	}
	var all []*Delivery
	rep, err := s.caller.fetch(ctx, request{method: http.MethodGet, path: "/webhooks" + id + "/deliveries", query: q}, &all)
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		if d == nil {
			return nil, rep.unexpected()
		}
	}
	return all, nil
}

// Delivery gives a delivery with its payload.
func (s *WebhooksService) Delivery(ctx context.Context, deliveryID string) (*Delivery, error) {
	id, err := segment("delivery", deliveryID)
	if err != nil {
		return nil, err
	}
	return s.delivery(ctx, request{method: http.MethodGet, path: "/webhooks/deliveries" + id})
}

// RetryDelivery gives a delivery that was given up another day of attempts.
func (s *WebhooksService) RetryDelivery(ctx context.Context, deliveryID string) (*Delivery, error) {
	id, err := segment("delivery", deliveryID)
	if err != nil {
		return nil, err
	}
	r, err := post("/webhooks/deliveries"+id+"/retry", nil, "")
	if err != nil {
		return nil, err
	}
	return s.delivery(ctx, r)
}

func (s *WebhooksService) delivery(ctx context.Context, r request) (*Delivery, error) {
	var d Delivery
	rep, err := s.caller.fetch(ctx, r, &d)
	if err != nil {
		return nil, err
	}
	if d.ID == "" {
		return nil, rep.unexpected()
	}
	return &d, nil
}
