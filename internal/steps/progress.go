package steps

import (
	"context"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

const (
	// progressEvery is how often an export's record is written for its progress at most.
	progressEvery = time.Second
	// noteEvery is how often a shard notes how far it is. 40 shards at once make 20 writes a second, each of an item of
	// its own.
	noteEvery = 2 * time.Second
)

// progress writes how far a step is into the export's record, at most once a second. A write that only lost a race is
// left out, and the next one starts from what then stands in the record; losing the export ends the step.
type progress struct {
	records Exports
	clock   Clock
	job     Job

	turn   chan struct{} // held by who writes
	export export.Export
	stale  bool // the latest write failed, so the record may not be p.export any more
	ended  bool
	last   time.Time
}

// newProgress is of a step that has just written e.
func newProgress(records Exports, clock Clock, job Job, e export.Export) *progress {
	return &progress{records: records, clock: clock, job: job, export: e, last: clock(), turn: make(chan struct{}, 1)}
}

// note writes what next makes of the record, unless something was written within the second, or is being written. It fails
// with fault.Superseded alone.
func (p *progress) note(ctx context.Context, next func(e export.Export, now time.Time) export.Export) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	default:
		return nil
	}
	now := p.clock()
	if p.ended || now.Sub(p.last) < progressEvery {
		return nil
	}
	p.last = now
	err := p.write(ctx, next, now)
	p.stale = err != nil
	if fault.Is(err, fault.Superseded) {
		return err
	}
	return nil
}

func (p *progress) write(ctx context.Context, next func(e export.Export, now time.Time) export.Export, now time.Time) error {
	if p.stale {
		e, err := load(ctx, p.records, p.job)
		if err != nil {
			return err
		}
		p.export = e
		if now.Sub(e.UpdatedAt) < progressEvery { // a twin of this step tells of itself, too
			return nil
		}
	}
	saved, err := save(ctx, p.records, p.export, next(p.export, now))
	if err == nil {
		p.export = saved
	}
	return err
}

// end gives the record that the step's own write is to follow, once what is being written is; no progress is written any
// more.
func (p *progress) end(ctx context.Context) (export.Export, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return export.Export{}, ctx.Err()
	}
	p.ended = true
	if p.stale {
		return load(ctx, p.records, p.job)
	}
	return p.export, nil
}

// shardNotes notes how far a shard is. A note that can't be written is left out: nothing but the picture lacks it.
type shardNotes struct {
	records PackageRecords
	clock   Clock
	job     Job
	shard   int
	latest  export.ShardNote
	unsaid  bool // the latest has not been written
	last    time.Time
}

// note hears of every block of records.
func (n *shardNotes) note(ctx context.Context) artifact.Progress {
	n.last = n.clock()
	return func(records, read int64) error {
		now := n.clock()
		n.latest, n.unsaid = export.ShardNote{Shard: n.shard, Records: records, Bytes: read, At: export.Stamp(now)}, true
		if now.Sub(n.last) >= noteEvery {
			n.last = now
			n.end(ctx)
		}
		return nil
	}
}

// end writes what has not been written.
func (n *shardNotes) end(ctx context.Context) {
	if n.unsaid {
		_ = n.records.NoteShard(ctx, n.job.AccountID, n.job.ExportID, n.job.Generation, n.latest)
		n.unsaid = false
	}
}
