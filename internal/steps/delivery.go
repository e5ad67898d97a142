package steps

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/export"
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

// clearAway drops what an earlier call for a cancelled or deleted export has left open at the destination. It is best effort: the
// export has ended, and the store drops such things by itself some day.
func (s Deliver) clearAway(ctx context.Context, job Job) {
	e, err := s.Records.AnyExport(ctx, job.AccountID, job.ExportID)
	if err != nil || !e.Cancelled() && !e.Deleted() || e.Artifact == nil || !e.ToConnector() {
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
	prefix := export.JoinPath(e.Request.Destination.BasePath, e.Request.Destination.Subpath)
	for _, name := range append(fileNames(e), export.ManifestName(e.ID)) {
		if leaver.Abandon(ctx, export.JoinPath(prefix, name)) != nil {
			return
		}
	}
}

// fileNames are the names of the export's files, out of its record: of a deleted one the manifest may be gone.
func fileNames(e export.Export) (names []string) {
	if len(e.Artifact.Files) == 0 {
		return []string{e.Artifact.FirstFile()}
	}
	for _, f := range e.Artifact.Files {
		if !f.Folder() {
			names = append(names, f.Name)
			continue
		}
		extension := artifact.Extension(f.Format, e.Request.Compression.Of(f.Format))
		for n := range f.Parts {
			names = append(names, export.PartName(f.Name, n, extension))
		}
	}
	return names
}
