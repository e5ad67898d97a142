package steps

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// DeliverRecords is what delivering needs of the record store.
type DeliverRecords interface {
	Exports
	AnyExport(ctx context.Context, account, id string) (export.Export, error)
	Connector(ctx context.Context, account, id string) (store.Connector, error)
}

// Deliver copies document and manifest to the export's connector. Of an automation's export it then swaps the pointer
// to the latest delivery.
type Deliver struct {
	Records    DeliverRecords
	Artifacts  blob.Reader
	Connectors connector.Opener
	Clock      Clock
}

// Handle delivers unless the record already holds a receipt. What is at the destination and equal counts as
// delivered; what differs is never overwritten.
func (s Deliver) Handle(ctx context.Context, job Job) (Done, error) {
	e, err := begin(ctx, s.Records, job, func(e export.Export) export.Export { return e.Delivering(s.Clock()) })
	if fault.Is(err, fault.Superseded) {
		s.clearAway(ctx, job)
	}
	if err != nil {
		return Done{}, err
	}
	if e.Receipt != nil {
		return Done{}, nil
	}
	if e.Artifact == nil || e.Request.Destination == nil {
		return Done{}, fault.New(fault.Internal, "nothing_to_deliver", "The export has no document or no destination.")
	}
	target, err := s.target(ctx, e)
	if err != nil {
		return Done{}, err
	}
	delivery, err := s.delivery(ctx, e)
	if err != nil {
		return Done{}, err
	}
	p := newProgress(s.Records, s.Clock, job, e)
	receipt, err := deliver(ctx, p, fenced(s.Records, job, s.Clock, target), delivery)
	if err != nil {
		return Done{}, located(err, target, delivery)
	}
	failpoint.Here("deliver.delivered")
	if receipt.LatestURI, err = s.point(ctx, fenced(s.Records, job, s.Clock, target), e, delivery); err != nil {
		return Done{}, located(err, target, delivery)
	}
	if e, err = p.end(ctx); err != nil {
		return Done{}, err
	}
	failpoint.Here("deliver.pointed")
	receipt.DeliveredAt = export.Stamp(s.Clock())
	_, err = save(ctx, s.Records, e, e.Delivered(receipt, s.Clock()))
	failpoint.Here("deliver.receipted")
	return Done{}, err
}

// deliver tells how far it is, and ends when the export is lost.
func deliver(ctx context.Context, p *progress, t connector.Target, d connector.Delivery) (export.Receipt, error) {
	m := newMeter(ctx, p)
	defer m.end(nil)
	for i, o := range d.Files {
		d.Files[i] = m.sent(o)
	}
	receipt, err := connector.Deliver(m.ctx, m.readBack(t), d)
	return receipt, m.failure(err)
}

// located says of a destination's failure that may pass where the destination is, and what its owner can do: after the last
// attempt it is all that the export's owner reads. What the owner must mend says so itself.
func located(err error, t connector.Target, d connector.Delivery) error {
	f := fault.As(err)
	if f.Permanent() || !strings.HasPrefix(f.Code, "destination_") {
		return err
	}
	said := *f
	said.Message += " It was to take " + t.URI(d.Files[0].Key) + ". Test the connector; once it works, retry the export."
	return &said
}

// target opens the connector as it is now: it may have been changed or removed since the export was created.
func (s Deliver) target(ctx context.Context, e export.Export) (connector.Target, error) {
	c, err := s.Records.Connector(ctx, e.AccountID, e.Request.Destination.ConnectorID)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.Scopes, "export") {
		return nil, fault.New(fault.Invalid, "connector_scope_missing", "The connector no longer has the export scope.")
	}
	return s.Connectors.OpenTarget(ctx, c)
}

// delivery describes the objects, as the manifest lists them.
func (s Deliver) delivery(ctx context.Context, e export.Export) (connector.Delivery, error) {
	m, raw, err := readManifest(ctx, s.Artifacts, e.Artifact.ManifestKey)
	if err != nil {
		return connector.Delivery{}, lostWork(err)
	}
	prefix := export.JoinPath(e.Request.Destination.BasePath, e.Request.Destination.Subpath)
	d := connector.Delivery{Manifest: s.object(e.Artifact.ManifestKey, connector.Object{
		Key: export.JoinPath(prefix, export.ManifestName(e.ID)), Bytes: int64(len(raw)), SHA256: e.Artifact.ManifestSHA256, ContentType: "application/json",
	})}
	for _, f := range m.Files {
		if f.SHA256 == "" {
			return d, fault.Newf(fault.Invalid, "file_too_large_to_deliver", "%s is beyond the 32 GiB that are delivered in one file. Export fewer runs at once, or as csv or parquet.", f.Name)
		}
		d.Files = append(d.Files, s.object(e.Artifact.KeyOf(f.Name), connector.Object{
			Key: export.JoinPath(prefix, f.Name), Bytes: f.Bytes, SHA256: f.SHA256, ContentType: artifact.ContentType(f.Format, f.Compression),
		}))
	}
	return d, nil
}

// object gives the content of what stands at the key.
func (s Deliver) object(from string, o connector.Object) connector.Object {
	o.Open = func(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
		body, _, err := s.Artifacts.Open(ctx, from, offset, length)
		return body, lostWork(err)
	}
	return o
}
