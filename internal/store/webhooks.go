package store

import (
	"context"
	"time"

	"github.com/videovector/exports/internal/fault"
)

// Webhook is an address that a customer wants to be told at. Secret is sealed: only internal/seal opens it.
type Webhook struct {
	ID            string
	AccountID     string
	Name          string
	URL           string
	Events        []string // names, sorted
	IndexIDs      []string // only of these indexes; empty means of every one, and of none
	Status        string   // active, paused or disabled
	FailureCount  int      // deliveries in a row that were given up
	LastFailureAt time.Time
	LastSuccessAt time.Time
	Metadata      string // a JSON object as the customer wrote it; "" for none
	Secret        []byte // what signs
	CreatedAt     time.Time
	UpdatedAt     time.Time // of the owner's latest change
	Revision      int64     // grows with every save
}

// Webhooks keeps webhooks, with the promises of Connectors.
type Webhooks interface {
	// CreateWebhook writes the webhook and, if idem is not nil, its idempotency record in one transaction, with the
	// promises of CreateExport.
	CreateWebhook(ctx context.Context, w Webhook, idem *Idempotency) (rec Idempotency, created bool, err error)
	Webhook(ctx context.Context, account, id string) (Webhook, error)
	// ListWebhooks gives every webhook of the account, without its Secret, the highest id first.
	ListWebhooks(ctx context.Context, account string) ([]Webhook, error)
	// SaveWebhook replaces the webhook if the stored one is of the revision, and returns it with its new one. Another
	// revision fails with fault.Unavailable: read it and try again. One that was deleted meanwhile is fault.NotFound.
	SaveWebhook(ctx context.Context, next Webhook, revision int64) (Webhook, error)
	// DeleteWebhook removes the webhook; its deliveries stay until their time is up. Absence is fault.NotFound, as after
	// an earlier removal; the repetition of a call whose reply was lost inside the store is success.
	DeleteWebhook(ctx context.Context, account, id string) error
}

// Delivery is one event on its way to one webhook.
type Delivery struct {
	ID             string
	AccountID      string
	WebhookID      string
	EventID        string
	EventType      string
	Status         string // pending, processing, retrying, delivered or failed
	Attempts       int
	Body           []byte // what is sent, byte for byte
	ResponseStatus int    // of the latest reply; 0 for none
	ResponseBody   string // its beginning
	ErrorMessage   string // of the latest attempt that failed
	CreatedAt      time.Time
	LastAttemptAt  time.Time
	CompletedAt    time.Time // delivered or failed
	DueAt          time.Time // of the next attempt; zero once there is none
	GiveUpAt       time.Time // no attempt begins after it
	ExpiresAt      time.Time // when the record may go
	Revision       int64     // grows with every save
}

// DeliveryRef names a delivery.
type DeliveryRef struct {
	AccountID  string
	DeliveryID string
}

// Owner is the account.
func (r DeliveryRef) Owner() string { return r.AccountID }

// DeliveryQuery selects deliveries of a webhook. An empty Status matches every one.
type DeliveryQuery struct {
	Status string
	Limit  int // 1 to 100
}

// Deliveries keeps deliveries.
type Deliveries interface {
	// CreateDelivery writes the delivery unless there is one of its id; created tells which. It clears nothing away: what
	// has expired goes some time later, by itself.
	CreateDelivery(ctx context.Context, d Delivery) (created bool, err error)
	Delivery(ctx context.Context, account, id string) (Delivery, error)
	// ListDeliveries gives deliveries of the webhook without their bodies, the highest id first. With a Status it may
	// give fewer than there are, if they stand far behind others.
	ListDeliveries(ctx context.Context, account, webhookID string, q DeliveryQuery) ([]Delivery, error)
	// SaveDelivery replaces the delivery if the stored one is of the revision, with the promises of SaveWebhook. A lost
	// reply may make it fail with fault.Unavailable although it was done.
	SaveDelivery(ctx context.Context, next Delivery, revision int64) (Delivery, error)
	// DueDeliveries lists deliveries whose DueAt is not after now; accounts take turns, as InTurns says. It may lag behind
	// writes, so its reader loads a record before acting on it.
	DueDeliveries(ctx context.Context, now time.Time, limit int) ([]DeliveryRef, error)
}

// DeliveryPrefix is what the ids of a webhook's deliveries begin with.
func DeliveryPrefix(webhookID string) string { return "dlv_" + suffix(webhookID) + "_" }

// suffix is an id without its own prefix.
func suffix(id string) string {
	for n, r := range id {
		if r == '_' {
			return id[n+1:]
		}
	}
	return id
}

// Failures of webhooks and deliveries.
var (
	ErrWebhookNotFound  = fault.New(fault.NotFound, "webhook_not_found", "There is no such webhook.")
	ErrWebhookExists    = fault.New(fault.Conflict, "webhook_exists", "There is a webhook with this id already.")
	ErrDeliveryNotFound = fault.New(fault.NotFound, "delivery_not_found", "There is no such delivery.")
)
