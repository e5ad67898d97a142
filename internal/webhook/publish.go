package webhook

import (
	"context"
	"slices"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// PublishRecords is what publishing needs of the record store.
type PublishRecords interface {
	AnyExport(ctx context.Context, account, id string) (export.Export, error)
	Run(ctx context.Context, account, id string) (export.Run, error)
	ListWebhooks(ctx context.Context, account string) ([]store.Webhook, error)
	CreateDelivery(ctx context.Context, d store.Delivery) (created bool, err error)
}

// Publisher makes an event of a change, and a delivery of the event for every webhook that is to be told.
type Publisher struct {
	Records PublishRecords
	// Object is the export as the API shows it, without links.
	Object func(e export.Export, now time.Time) ([]byte, error)
	Clock  func() time.Time
}

// Publish writes the deliveries down and names them. It may be called again: what is there stays as it is.
func (p Publisher) Publish(ctx context.Context, c changes.Export) ([]store.DeliveryRef, error) {
	hooks, err := p.Records.ListWebhooks(ctx, c.AccountID)
	if err != nil || len(hooks) == 0 {
		return nil, err
	}
	stored, err := p.Records.AnyExport(ctx, c.AccountID, c.ExportID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil // deleted since, and cleared away
	}
	if err != nil {
		return nil, err
	}
	if stored.Request.Type == "" {
		return nil, nil // deleted by a release that left no more than ids
	}
	now := p.Clock()
	e, at := asEnded(stored, c.Generation, c.Mark)
	if at.IsZero() {
		at = now
	}
	if now.Sub(at) > staleAfter {
		return nil, nil
	}
	index, err := p.index(ctx, e, hooks)
	if err != nil {
		return nil, err
	}
	hooks = slices.DeleteFunc(hooks, func(w store.Webhook) bool { return !subscribes(w, c.Mark, index, at) })
	if len(hooks) == 0 {
		return nil, nil
	}
	data, err := p.Object(e, now)
	if err != nil {
		return nil, err
	}
	return p.write(ctx, hooks, newEvent(EventID(c.ExportID, c.Generation, c.Mark), c.Mark, data, at), now)
}

func (p Publisher) write(ctx context.Context, hooks []store.Webhook, e Event, now time.Time) (refs []store.DeliveryRef, err error) {
	for _, w := range hooks {
		body, err := e.body(w)
		if err != nil {
			return nil, err
		}
		d := newDelivery(w, e, body, now)
		failpoint.Here("event.publishing")
		if _, err := p.Records.CreateDelivery(ctx, d); err != nil {
			return nil, err
		}
		failpoint.Here("event.published")
		refs = append(refs, store.DeliveryRef{AccountID: d.AccountID, DeliveryID: d.ID})
	}
	return refs, nil
}

// index is the index that the export is about, "" for none. A run's is looked up only if some webhook asks.
func (p Publisher) index(ctx context.Context, e export.Export, hooks []store.Webhook) (string, error) {
	if e.Request.Type == export.TypeIndex {
		return e.Request.TargetID, nil
	}
	if !slices.ContainsFunc(hooks, func(w store.Webhook) bool { return len(w.IndexIDs) > 0 }) {
		return "", nil
	}
	run, err := p.Records.Run(ctx, e.AccountID, e.Request.TargetID)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return run.IndexID, err
}
