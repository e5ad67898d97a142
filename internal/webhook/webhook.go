// Package webhook tells customers' addresses that exports have ended: which events there are and what they hold, how they
// are signed, and how a delivery lives until it has arrived or is given up. What is sent is written down first, byte for
// byte, under an id that event and webhook determine; it is sent at least once, in no promised order, and every repetition
// carries the same ids and the same bytes.
package webhook

import (
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// Events are the names that a webhook can subscribe to, in order.
var Events = []string{export.EventFailed, export.EventReady}

// EventTest is what a test sends; nobody subscribes to it.
const EventTest = "webhook.test"

// States of a webhook.
const (
	Active   = "active"
	Paused   = "paused"   // by its owner: what ends meanwhile is not told, what is under way waits
	Disabled = "disabled" // by the service, after DisableAfter deliveries in a row that were given up, or a reply of 410
)

// States of a delivery.
const (
	Pending    = "pending"    // no attempt yet
	Processing = "processing" // an attempt is under way
	Retrying   = "retrying"   // an attempt failed, another is to come
	Delivered  = "delivered"
	Failed     = "failed" // given up
)

// Times and limits of deliveries.
const (
	// Patience is how long a receiver may take, from dialing to the end of its reply.
	Patience = 10 * time.Second
	// lease is how long an attempt may be silent before another one is made: longer than Patience by far.
	lease = time.Minute
	// FirstRetry is the pause after the first attempt, doubling up to lastRetry.
	FirstRetry = time.Minute
	lastRetry  = 2 * time.Hour
	// GiveUpAfter is how long a delivery is tried.
	GiveUpAfter = 24 * time.Hour
	// pausedWait is how often a delivery looks whether its webhook is still paused.
	pausedWait = 5 * time.Minute
	// KeepFor is how long a delivery can be looked at.
	KeepFor = 30 * 24 * time.Hour
	// DisableAfter is how many deliveries in a row are given up before the webhook is disabled.
	DisableAfter = 10
	// staleAfter is when an end is so long past that it isn't told any more: beyond the day for which a pipe tries.
	staleAfter = 48 * time.Hour
	// maxResponse is how much of a receiver's reply is kept, in bytes.
	maxResponse = 1 << 10
)

// subscribes reports whether the webhook is to be told of the event, which is about the index ("" for none) and happened
// at the time. One that was made later isn't: an old change may be told again.
func subscribes(w store.Webhook, event, index string, at time.Time) bool {
	return w.Status == Active && slices.Contains(w.Events, event) && !w.CreatedAt.After(at) &&
		(len(w.IndexIDs) == 0 || index != "" && slices.Contains(w.IndexIDs, index))
}

// DeliveryID is the id of the delivery of an event to a webhook.
func DeliveryID(webhookID, eventID string) string {
	return store.DeliveryPrefix(webhookID) + strings.TrimPrefix(eventID, "evt_")
}

// newDelivery is due at once.
func newDelivery(w store.Webhook, e Event, body []byte, now time.Time) store.Delivery {
	now = export.Stamp(now)
	return store.Delivery{
		ID: DeliveryID(w.ID, e.ID), AccountID: w.AccountID, WebhookID: w.ID, EventID: e.ID, EventType: e.Event,
		Status: Pending, Body: body, CreatedAt: now, DueAt: now, GiveUpAt: now.Add(GiveUpAfter), ExpiresAt: now.Add(KeepFor),
	}
}

// Again is the delivery with another day of attempts before it, the first one at once.
func Again(d store.Delivery, now time.Time) store.Delivery {
	now = export.Stamp(now)
	d.Status, d.DueAt, d.GiveUpAt, d.ExpiresAt, d.CompletedAt = Pending, now, now.Add(GiveUpAfter), now.Add(KeepFor), time.Time{}
	return d
}

// begin is the start of an attempt. If its process dies, the delivery is due again after the lease.
func begin(d store.Delivery, now time.Time) store.Delivery {
	now = export.Stamp(now)
	d.Attempts++
	d.Status, d.LastAttemptAt, d.DueAt = Processing, now, now.Add(lease)
	return d
}

// postpone leaves the delivery to another attempt at the time.
func postpone(d store.Delivery, at time.Time) store.Delivery {
	d.Status, d.DueAt = Retrying, export.Stamp(at)
	return d
}

// end is the last of the delivery; a message says why it failed.
func end(d store.Delivery, message string, now time.Time) store.Delivery {
	d.Status, d.CompletedAt, d.DueAt = Delivered, export.Stamp(now), time.Time{}
	if d.ErrorMessage = message; message != "" {
		d.Status = Failed
	}
	return d
}
