package webhook

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// SendRecords is what sending needs of the record store.
type SendRecords interface {
	Webhook(ctx context.Context, account, id string) (store.Webhook, error)
	SaveWebhook(ctx context.Context, next store.Webhook, revision int64) (store.Webhook, error)
	Delivery(ctx context.Context, account, id string) (store.Delivery, error)
	SaveDelivery(ctx context.Context, next store.Delivery, revision int64) (store.Delivery, error)
}

// Sender makes attempts at deliveries. An attempt is written down before it is made, so no two are made at once, and its
// outcome after it; a process that dies in between leaves a delivery that is due again, with the same ids and bytes.
type Sender struct {
	Records SendRecords
	Sealer  seal.Sealer
	Client  *http.Client
	Metrics *metrics.Recorder
	Clock   func() time.Time
	Log     *slog.Logger
	// FirstRetry is the pause after a first attempt, and Patience how long a receiver may take; 0 means the package's.
	FirstRetry, Patience time.Duration
	// Jitter is a random number from 0 to 1; nil means one of its own.
	Jitter func() float64
}

// Send makes one attempt if the delivery is due, and says how long the receiver took. A delivery that somebody else has at work,
// or that is gone, is left alone.
func (s Sender) Send(ctx context.Context, ref store.DeliveryRef) (took time.Duration, err error) {
	d, err := s.Records.Delivery(ctx, ref.AccountID, ref.DeliveryID)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil || d.DueAt.IsZero() || d.DueAt.After(s.Clock()) {
		return 0, err
	}
	w, err := s.Records.Webhook(ctx, d.AccountID, d.WebhookID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return 0, err
	}
	if next, ok := s.withoutAttempt(d, w, err == nil); ok {
		if _, err = s.Records.SaveDelivery(ctx, next, d.Revision); err != nil || next.Status != Failed {
			return 0, unlessOvertaken(err)
		}
		return 0, s.gaveUp(ctx, d.Attempts, w)
	}
	secrets, err := seal.OpenSecrets(ctx, s.Sealer, seal.Context{AccountID: w.AccountID, WebhookID: w.ID}, w.Secret)
	if err != nil {
		return 0, errors.Join(err, s.putOff(ctx, d))
	}
	d, err = s.Records.SaveDelivery(ctx, begin(d, s.Clock()), d.Revision)
	if err != nil {
		return 0, unlessOvertaken(err)
	}
	failpoint.Here("event.sending")
	posted := s.Clock()
	o := Post(ctx, s.Client, w, secrets[SecretName], Message{d.ID, d.EventID, d.EventType, d.Body}, cmp.Or(s.Patience, Patience))
	took = s.Clock().Sub(posted)
	failpoint.Here("event.sent")
	return took, s.note(ctx, d, w, o)
}

// withoutAttempt is what becomes of a delivery that none is to be made at now; ok is false if one is.
func (s Sender) withoutAttempt(d store.Delivery, w store.Webhook, exists bool) (next store.Delivery, ok bool) {
	now := s.Clock()
	late := now.After(d.GiveUpAt)
	switch {
	case !exists:
		return end(d, "The webhook was deleted.", now), true
	case w.Status == Disabled:
		return end(d, "The webhook is disabled.", now), true
	case w.Status == Paused && late:
		return end(d, "The webhook was paused.", now), true
	case w.Status == Paused:
		return postpone(d, now.Add(pausedWait)), true
	case d.Status == Processing && d.LastAttemptAt.After(d.GiveUpAt): // the last attempt's process died
		return end(d, "The last attempt's outcome isn't known.", now), true
	}
	return d, false
}

// putOff lets a delivery whose secret can't be opened wait, so that it is in nobody's way, and ends it once it is late.
func (s Sender) putOff(ctx context.Context, d store.Delivery) error {
	now := s.Clock()
	next := postpone(d, now.Add(s.pause(d.Attempts+1)))
	if now.After(d.GiveUpAt) {
		next = end(d, "The webhook's secret could not be used. Rotate it.", now)
		s.Metrics.EventFailed(ctx)
	}
	_, err := s.Records.SaveDelivery(ctx, next, d.Revision)
	return unlessOvertaken(err)
}

// gaveUp counts a delivery that ended without a last attempt, against its webhook too if it was tried before.
func (s Sender) gaveUp(ctx context.Context, attempts int, w store.Webhook) error {
	s.Metrics.EventFailed(ctx)
	if attempts == 0 || w.ID == "" {
		return nil
	}
	return s.noteWebhook(ctx, w, func(w store.Webhook) store.Webhook { return after(w, Failed, false, s.Clock()) })
}

// unlessOvertaken: who writes first has the delivery.
func unlessOvertaken(err error) error {
	if err != nil && fault.As(err).Code == "concurrent_write" {
		return nil
	}
	return err
}

// note writes the attempt's outcome down.
func (s Sender) note(ctx context.Context, d store.Delivery, w store.Webhook, o Outcome) error {
	now := s.Clock()
	next := d
	next.ResponseStatus, next.ResponseBody = o.Status, o.Body
	retry := now.Add(s.pause(d.Attempts))
	gone := o.Gone() && !s.hasMoved(ctx, w)
	switch {
	case o.Error == "":
		next = end(next, "", now)
	case gone || retry.After(d.GiveUpAt):
		next = end(next, o.Error, now)
	default:
		next = postpone(next, retry)
		next.ErrorMessage = o.Error
	}
	_, err := s.Records.SaveDelivery(ctx, next, d.Revision)
	failpoint.Here("event.noted")
	if err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "attempt made", "webhook_id", d.WebhookID, "event_type", d.EventType, "attempt", d.Attempts, "delivery_status", next.Status, "response_status", o.Status)
	switch next.Status {
	case Delivered:
		s.Metrics.EventDelivered(ctx)
	case Failed:
		s.Metrics.EventFailed(ctx)
	default:
		s.Metrics.EventRetried(ctx)
	}
	return s.noteWebhook(ctx, w, func(w store.Webhook) store.Webhook { return after(w, next.Status, gone, now) })
}

// hasMoved reports whether the webhook has another address by now, or may have: what its old one says for good is not for this
// one.
func (s Sender) hasMoved(ctx context.Context, w store.Webhook) bool {
	now, err := s.Records.Webhook(ctx, w.AccountID, w.ID)
	return err == nil && now.URL != w.URL || err != nil && !fault.Is(err, fault.NotFound)
}

// pause is how long to wait after the n-th attempt: doubling.
func (s Sender) pause(n int) time.Duration {
	return s.spread(min(cmp.Or(s.FirstRetry, FirstRetry)<<min(n-1, 16), lastRetry))
}

// spread makes d up to a fifth more or less, so that what failed together doesn't come together again.
func (s Sender) spread(d time.Duration) time.Duration {
	jitter := s.Jitter
	if jitter == nil {
		jitter = rand.Float64
	}
	return time.Duration(float64(d) * (0.8 + 0.4*jitter()))
}

// statsEvery is how often a webhook's times are written while nothing else changes: they are for people.
const statsEvery = time.Minute

// after is the webhook after an attempt at a delivery that left it in the state.
func after(w store.Webhook, status string, gone bool, now time.Time) store.Webhook {
	now = export.Stamp(now)
	if status == Delivered {
		if w.FailureCount > 0 || now.Sub(w.LastSuccessAt) > statsEvery {
			w.FailureCount, w.LastSuccessAt = 0, now
		}
		return w
	}
	if status == Failed || now.Sub(w.LastFailureAt) > statsEvery {
		w.LastFailureAt = now
	}
	if status == Failed {
		w.FailureCount++
	}
	if w.Status == Active && (gone || w.FailureCount >= DisableAfter) {
		w.Status = Disabled
	}
	return w
}

// noteTries is how often the webhook is read again when somebody else has written it meanwhile.
const noteTries = 5

// noteWebhook changes the webhook as it is by now. One that is gone, or has another address since, needs nothing: what its old
// one did says nothing of it.
func (s Sender) noteWebhook(ctx context.Context, w store.Webhook, change func(store.Webhook) store.Webhook) error {
	for try := 1; ; try++ {
		next := change(w)
		if next.FailureCount == w.FailureCount && next.LastFailureAt.Equal(w.LastFailureAt) && next.LastSuccessAt.Equal(w.LastSuccessAt) && next.Status == w.Status {
			return nil
		}
		_, err := s.Records.SaveWebhook(ctx, next, w.Revision)
		switch {
		case err == nil:
			if next.Status != w.Status {
				s.Log.WarnContext(ctx, "webhook disabled", "webhook_id", w.ID, "failure_count", next.FailureCount)
			}
			return nil
		case fault.Is(err, fault.NotFound):
			return nil
		case fault.As(err).Code != "concurrent_write" || try == noteTries:
			return err
		}
		url := w.URL
		if w, err = s.Records.Webhook(ctx, w.AccountID, w.ID); fault.Is(err, fault.NotFound) || err == nil && w.URL != url {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
