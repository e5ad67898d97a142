package steps

import (
	"context"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/metrics"
)

// Finish writes the completed state, with its event mark, in one write.
type Finish struct {
	Records Exports
	Metrics *metrics.Recorder
	Clock   Clock
}

// Handle completes the export. Completing what this generation has completed is success.
func (s Finish) Handle(ctx context.Context, job Job) (Done, error) {
	e, err := find(ctx, s.Records, job)
	if err != nil {
		return Done{}, err
	}
	if e.Generation != job.Generation || e.Status == export.StatusFailed {
		return Done{}, errSuperseded
	}
	if e.Status == export.StatusCompleted {
		return Done{}, nil
	}
	if e.Artifact == nil || (e.ToConnector() && e.Receipt == nil) {
		return Done{}, fault.New(fault.Internal, "export_incomplete", "The export lacks its document or its delivery.")
	}
	failpoint.Here("finish.ending")
	e, err = save(ctx, s.Records, e, e.Complete(s.Clock()))
	failpoint.Here("finish.ended")
	if err == nil {
		s.Metrics.Completed(ctx, e)
	}
	return Done{}, err
}
