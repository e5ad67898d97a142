package api

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// webhookView is the webhook object on the wire. All fields are always there; the secret is none of them.
type webhookView struct {
	WebhookID     string         `json:"webhook_id"`
	Name          string         `json:"name"`
	URL           string         `json:"url"`
	Events        []string       `json:"events"`
	IndexIDs      *[]string      `json:"index_ids"` // null: of every index
	Status        string         `json:"status"`
	FailureCount  int            `json:"failure_count"`
	LastFailureAt *string        `json:"last_failure_at"`
	LastSuccessAt *string        `json:"last_success_at"`
	CreatedAt     *string        `json:"created_at"`
	UpdatedAt     *string        `json:"updated_at"`
	Metadata      jsontext.Value `json:"metadata"`
}

// createdHookView is the only reply beside a rotation's that shows the secret.
type createdHookView struct {
	webhookView
	Secret string `json:"secret"`
}

func viewWebhook(h store.Webhook) webhookView {
	v := webhookView{
		WebhookID: h.ID, Name: h.Name, URL: h.URL, Events: h.Events, Status: h.Status, FailureCount: h.FailureCount,
		LastFailureAt: stamp(h.LastFailureAt), LastSuccessAt: stamp(h.LastSuccessAt), CreatedAt: stamp(h.CreatedAt), UpdatedAt: stamp(h.UpdatedAt),
		Metadata: orNull(h.Metadata),
	}
	if len(h.IndexIDs) > 0 {
		v.IndexIDs = &h.IndexIDs
	}
	return v
}

// orNull is a JSON text, null for none.
func orNull(text string) jsontext.Value {
	if text == "" {
		return jsontext.Value("null")
	}
	return jsontext.Value(text)
}

// deliveryView is a delivery on the wire. The payload is what is sent, and shown of one delivery only.
type deliveryView struct {
	DeliveryID         string         `json:"delivery_id"`
	WebhookID          string         `json:"webhook_id"`
	EventType          string         `json:"event_type"`
	Status             string         `json:"status"`
	Attempts           int            `json:"attempts"`
	LastAttemptAt      *string        `json:"last_attempt_at"`
	NextRetryAt        *string        `json:"next_retry_at"`
	ResponseStatusCode *int           `json:"response_status_code"`
	ResponseBody       *string        `json:"response_body"`
	ErrorMessage       *string        `json:"error_message"`
	CreatedAt          *string        `json:"created_at"`
	CompletedAt        *string        `json:"completed_at"`
	Payload            jsontext.Value `json:"payload"`

	EventID string `json:"event_id"`
}

func viewDelivery(d store.Delivery) deliveryView {
	return deliveryView{
		DeliveryID: d.ID, WebhookID: d.WebhookID, EventType: d.EventType, Status: d.Status, Attempts: d.Attempts,
		LastAttemptAt: stamp(d.LastAttemptAt), NextRetryAt: stamp(d.DueAt), ResponseStatusCode: answered(d.ResponseStatus),
		ResponseBody: given(d.ResponseBody), ErrorMessage: given(d.ErrorMessage), CreatedAt: stamp(d.CreatedAt), CompletedAt: stamp(d.CompletedAt),
		Payload: orNull(string(d.Body)), EventID: d.EventID,
	}
}

// ExportObject is the export as the API shows it at the time, but for its links: what an event tells of it.
func ExportObject(e export.Export, now time.Time) ([]byte, error) { return encodeReply(view(e, now)) }
