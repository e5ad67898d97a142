// Package steps is the work of the state machine, one file per task. A step loads the export's record, makes sure
// that its generation still owns the export, does its part, and writes the record under the fence of what it read.
// Every step may run twice, in part or as a whole, at the same time or later: objects have fixed keys and are written
// conditionally or identically, and a repeated transition changes nothing.
package steps

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Job names the work of one execution: an export and the generation that the execution was started for.
type Job struct {
	AccountID  string `json:"account_id"`
	ExportID   string `json:"export_id"`
	Generation int    `json:"generation"`
	// Execution is the name of the execution that calls, and Retries how often its task was called before. Both are for
	// logs and metrics: no step acts on them. A call that tells no execution is taken for the generation's.
	Execution string `json:"execution,omitempty"`
	Retries   int    `json:"retries,omitempty"`

	fresh int // the export's FreshGeneration, once its record is read
}

// of is the job with what the export's record says of its places.
func (j Job) of(e export.Export) Job {
	j.fresh = e.FreshGeneration
	return j
}

// Attrs implements stepfn.Subject.
func (j Job) Attrs() []slog.Attr {
	return append(about(j.ExportID, j.Generation, j.Execution), slog.Int("attempt", j.Retries+1))
}

// Retried implements stepfn.Subject.
func (j Job) Retried() bool { return j.Retries > 0 }

// about is the export and its execution in logs.
func about(exportID string, generation int, execution string) []slog.Attr {
	return []slog.Attr{
		slog.String("export_id", exportID), slog.Int("generation", generation),
		slog.String("execution", cmp.Or(execution, export.ExecutionName(exportID, generation))),
	}
}

// Account is whose work the job is.
func (j Job) Account() string { return j.AccountID }

// Done is the output of steps that have nothing to tell the state machine.
type Done struct{}

// Exports is what every step needs of the record store.
type Exports interface {
	Export(ctx context.Context, account, id string) (export.Export, error)
	SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error)
}

// Clock tells the time.
type Clock func() time.Time

var errSuperseded = fault.New(fault.Superseded, "superseded", "Another execution owns this export now.")

// find reads the job's export. One that was deleted is superseded.
func find(ctx context.Context, records Exports, job Job) (export.Export, error) {
	e, err := records.Export(ctx, job.AccountID, job.ExportID)
	if errors.Is(err, store.ErrExportDeleted) {
		return e, errSuperseded
	}
	return e, err
}

// load reads the job's export and makes sure that it is open and still the job's generation.
func load(ctx context.Context, records Exports, job Job) (export.Export, error) {
	e, err := find(ctx, records, job)
	if err != nil {
		return e, err
	}
	if e.Generation != job.Generation || !e.Open() {
		return e, errSuperseded
	}
	return e, nil
}

// save writes the successor of e.
func save(ctx context.Context, records Exports, e, next export.Export) (export.Export, error) {
	return records.SaveExport(ctx, next, e.Fence())
}

// enter loads the job's export and records that a step has begun, which extends the lease.
func enter(ctx context.Context, records Exports, job Job, phase export.Phase, now time.Time) (export.Export, error) {
	return begin(ctx, records, job, func(e export.Export) export.Export { return e.Enter(phase, export.Lease, now) })
}

// begin is enter for steps whose beginning says more than the phase.
func begin(ctx context.Context, records Exports, job Job, next func(export.Export) export.Export) (export.Export, error) {
	e, err := load(ctx, records, job)
	if err != nil {
		return e, err
	}
	return save(ctx, records, e, next(e))
}

// abortUploads drops every open upload of the export's files and work files. It is called once nobody needs one any more:
// the files are committed, or the export was cancelled or deleted. What a crash just then leaves open is the sweeper's. A
// retry that begins at this very moment may lose its uploads, and with them an attempt.
func abortUploads(ctx context.Context, artifacts blob.Uploader, job Job) error {
	return abortSome(ctx, artifacts, places(job), func(blob.Upload) bool { return true })
}

// abortSome drops the uploads below the prefixes that are wanted gone. One that can't be dropped, since a part is being
// written just now, keeps no other from it.
func abortSome(ctx context.Context, artifacts blob.Uploader, prefixes []string, which func(blob.Upload) bool) error {
	var failed error
	for _, prefix := range prefixes {
		open, err := artifacts.Uploads(ctx, prefix)
		if err != nil {
			return err
		}
		for _, u := range open {
			if which(u) {
				failed = cmp.Or(failed, artifacts.AbortUpload(ctx, u.Key, u.ID))
			}
		}
	}
	return failed
}

// openInput opens an input. Results that the catalogue names and the bucket doesn't have are a permanent failure.
func openInput(ctx context.Context, results blob.Reader, in artifact.Input) (io.ReadCloser, blob.Info, error) {
	body, info, err := results.Open(ctx, in.Key, 0, -1)
	if fault.Is(err, fault.NotFound) {
		err = fault.Wrap(err, fault.Invalid, "results_missing", "Results of run "+in.RunID+" are no longer in storage.")
	}
	return body, info, err
}
