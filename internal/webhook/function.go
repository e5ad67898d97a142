package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Function sends events. Two call it: the pipe, with a batch of exports that have ended, and a schedule, for what is due
// again.
type Function struct {
	Publisher Publisher
	Sender    Sender
	Due       Due
	Clock     func() time.Time
	Log       *slog.Logger
}

// Due is what the schedule needs of the record store.
type Due interface {
	DueDeliveries(ctx context.Context, now time.Time, limit int) ([]store.DeliveryRef, error)
}

// In is either call's event.
type In struct {
	batch    []changes.Item
	schedule bool
}

// UnmarshalJSON tells the two apart: a pipe sends an array.
func (in *In) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return json.Unmarshal(text, &in.batch)
	}
	var event struct {
		DetailType string `json:"detail-type"`
	}
	if err := json.Unmarshal(text, &event); err != nil {
		return err
	}
	in.schedule = event.DetailType == "Scheduled Event"
	return nil
}

// dueBatch is how many deliveries one call of the schedule takes; the rest is due a minute later.
const dueBatch = 400

// Handle writes the batch's deliveries down and then makes an attempt at each; a receiver that fails is no failure of the
// batch's, since the schedule comes back to it.
func (f Function) Handle(ctx context.Context, in In) (changes.Result, error) {
	if in.schedule {
		refs, err := f.Due.DueDeliveries(ctx, f.Clock(), dueBatch)
		f.Sender.SendAll(ctx, refs)
		if err == nil {
			f.Sender.Metrics.EventsRun(ctx)
		}
		return changes.Result{Failures: []changes.Failure{}}, err
	}
	if len(in.batch) == 0 {
		return changes.Result{}, fault.New(fault.Invalid, "event_unreadable", "The event is neither a batch of changes nor the schedule's.")
	}
	var refs []store.DeliveryRef
	out, err := changes.Subscriber{
		Export: func(ctx context.Context, c changes.Export) error {
			made, err := f.Publisher.Publish(ctx, c)
			refs = append(refs, made...)
			return err
		},
		Log: f.Log,
	}.Handle(ctx, in.batch)
	f.Sender.SendAll(ctx, refs)
	return out, err
}
