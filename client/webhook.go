package client

import (
	"encoding/json"
	"time"
)

// The values of Webhook.Events.
const (
	EventExportReady  = "export.ready"
	EventExportFailed = "export.failed"
)

// Webhook is an https address that the API tells of the ends of exports. What is null there is the zero value here.
type Webhook struct {
	ID            string          `json:"webhook_id"`
	Name          string          `json:"name"`
	URL           string          `json:"url"`
	Events        []string        `json:"events"`
	IndexIDs      []string        `json:"index_ids"`     // nil is every index
	Status        string          `json:"status"`        // active, paused or disabled
	FailureCount  int             `json:"failure_count"` // deliveries in a row that were given up
	LastFailureAt time.Time       `json:"last_failure_at,omitzero"`
	LastSuccessAt time.Time       `json:"last_success_at,omitzero"`
	CreatedAt     time.Time       `json:"created_at,omitzero"`
	UpdatedAt     time.Time       `json:"updated_at,omitzero"`
	Metadata      json.RawMessage `json:"metadata"`
	// Secret is what VerifyWebhook needs. Only Create gives it, and RotateSecret a new one.
	Secret Secret `json:"secret,omitempty"`

	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (w *Webhook) UnmarshalJSON(raw []byte) error {
	type plain Webhook
	if err := json.Unmarshal(raw, (*plain)(w)); err != nil {
		return err
	}
	w.raw = append(json.RawMessage(nil), raw...)
	return nil
}

// RawJSON is the webhook as the API sent it, with what this package doesn't know; what Create gives holds the secret.
func (w *Webhook) RawJSON() json.RawMessage { return w.raw }

// CreateWebhookParams are what a webhook is made of.
type CreateWebhookParams struct {
	Name     string   `json:"name"` // 1 to 100 characters
	URL      string   `json:"url"`  // https
	Events   []string `json:"events"`
	IndexIDs []string `json:"index_ids,omitempty"` // none is every index
	// Metadata is a JSON object of at most 4,096 bytes that comes with every event.
	Metadata json.RawMessage `json:"metadata,omitempty"`

	// IdempotencyKey lets a repeated call find what the first one made; "" mints one for this call and its retries.
	IdempotencyKey string `json:"-"`
}

// UpdateWebhookParams are what may change; nil leaves it as it is. Empty IndexIDs are every index.
type UpdateWebhookParams struct {
	Name     *string         `json:"name,omitempty"`
	URL      *string         `json:"url,omitempty"`
	Events   *[]string       `json:"events,omitempty"`
	IndexIDs *[]string       `json:"index_ids,omitempty"`
	Status   *string         `json:"status,omitempty"` // active or paused
	Metadata json.RawMessage `json:"metadata,omitempty"`
}

// WebhookTest is what came of a test.
type WebhookTest struct {
	Success    bool   `json:"success"`
	StatusCode int    `json:"status_code"` // of the receiver's answer; 0 for none
	Error      string `json:"error"`
}

// Delivery is one event on its way to one webhook.
type Delivery struct {
	ID                 string    `json:"delivery_id"`
	WebhookID          string    `json:"webhook_id"`
	EventID            string    `json:"event_id"`
	EventType          string    `json:"event_type"`
	Status             string    `json:"status"` // pending, processing, retrying, delivered or failed
	Attempts           int       `json:"attempts"`
	LastAttemptAt      time.Time `json:"last_attempt_at,omitzero"`
	NextRetryAt        time.Time `json:"next_retry_at,omitzero"`
	ResponseStatusCode int       `json:"response_status_code"` // 0 for none
	ResponseBody       string    `json:"response_body"`
	ErrorMessage       string    `json:"error_message"`
	CreatedAt          time.Time `json:"created_at,omitzero"`
	CompletedAt        time.Time `json:"completed_at,omitzero"`
	// Payload is what is sent. Listings leave it out.
	Payload json.RawMessage `json:"payload"`

	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Delivery) UnmarshalJSON(raw []byte) error {
	type plain Delivery
	if err := json.Unmarshal(raw, (*plain)(d)); err != nil {
		return err
	}
	d.raw = append(json.RawMessage(nil), raw...)
	return nil
}

// RawJSON is the delivery as the API sent it, with what this package doesn't know.
func (d *Delivery) RawJSON() json.RawMessage { return d.raw }

// ListDeliveriesParams select deliveries. The zero value is the 50 of the newest exports, in any state.
type ListDeliveriesParams struct {
	Status string
	Limit  int // from 1 to 100; 0 leaves it to the API
}
