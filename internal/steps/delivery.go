package steps

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// lookEvery is how often a delivery under way looks at the record at most.
const lookEvery = time.Second

// fencedTarget is the target of a delivery that ends when the export is no longer the job's: it was cancelled, say. No
// object begins then or is written over, and one that is being written breaks off.
type fencedTarget struct {
	connector.Target
	records Exports
	job     Job
	clock   Clock

	mu     sync.Mutex
	looked time.Time
}

func fenced(records Exports, job Job, clock Clock, t connector.Target) connector.Target {
	return &fencedTarget{Target: t, records: records, job: job, clock: clock}
}

// Create implements connector.Target.
func (t *fencedTarget) Create(ctx context.Context, o connector.Object) error {
	if err := t.look(ctx, 0); err != nil {
		return err
	}
	return t.Target.Create(ctx, t.watched(o, lookEvery))
}

// Replace implements connector.Target. The last look comes before the one request that writes.
func (t *fencedTarget) Replace(ctx context.Context, o connector.Object, old connector.Info) error {
	return t.Target.Replace(ctx, t.watched(o, 0), old)
}

// watched is the object, whose content can be read as long as the export is the job's.
func (t *fencedTarget) watched(o connector.Object, every time.Duration) connector.Object {
	open := o.Open
	o.Open = func(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
		if err := t.look(ctx, every); err != nil {
			return nil, err
		}
		return open(ctx, offset, length)
	}
	return o
}

// look fails if the export is no longer the job's. That the record can't be read just now ends no delivery.
func (t *fencedTarget) look(ctx context.Context, every time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.clock(); now.Sub(t.looked) >= every {
		t.looked = now
		if _, err := load(ctx, t.records, t.job); fault.Is(err, fault.Superseded) {
			return err
		}
	}
	return nil
}

// clearAway drops what an earlier call for a cancelled export has left open at the destination. It is best effort: the
// export has ended, and the store drops such things by itself some day.
func (s Deliver) clearAway(ctx context.Context, job Job) {
	e, err := s.Records.Export(ctx, job.AccountID, job.ExportID)
	if err != nil || !e.Cancelled() || e.Artifact == nil || !e.ToConnector() {
		return
	}
	target, err := s.target(ctx, e)
	if err != nil {
		return
	}
	leaver, ok := target.(connector.Abandoner)
	if !ok {
		return
	}
	d, err := s.delivery(ctx, e)
	if err != nil {
		return
	}
	for _, o := range append(d.Files, d.Manifest) {
		if leaver.Abandon(ctx, o.Key) != nil {
			return
		}
	}
}
