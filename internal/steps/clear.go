package steps

import (
	"context"
	"errors"
	"log/slog"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/store"
)

// clearTime is how long clearing up after one export takes at most: what has been removed until then is gone, and the next
// sweep goes on.
const clearTime = partTime / 4

// clear clears up after exports that were cancelled or deleted, once every worker of theirs is gone, as far as there is time
// for it. The failure of one export is logged and doesn't keep it from the others; that one is due again at the next sweep.
func (s Sweep) clear(ctx context.Context, out *SweepOut) error {
	due, err := s.Records.ClosingExports(ctx, s.Clock(), sweepBatch)
	for ; len(due) > 0 && ctx.Err() == nil; due = due[1:] {
		ref := due[0]
		out.Examined++
		var done bool
		err := inTime(ctx, clearTime, func(ctx context.Context) (err error) { done, err = s.clearOne(ctx, ref); return err })
		switch {
		case err != nil:
			out.Skipped++
			s.Log.ErrorContext(logattr.With(ctx, slog.String("export_id", ref.ExportID)), "clearing up failed", "error", err.Error())
		case done:
			out.Cleared++
		default:
			out.Skipped++
		}
	}
	return err
}

// clearOne drops a cancelled export's uploads; of a deleted one everything goes, the record last.
func (s Sweep) clearOne(ctx context.Context, ref store.Ref) (done bool, err error) {
	purger := Purger{s.Artifacts}
	e, err := s.Records.Export(ctx, ref.AccountID, ref.ExportID)
	switch {
	case errors.Is(err, store.ErrExportDeleted):
		if err := purger.Purge(ctx, ref.AccountID, ref.ExportID); err != nil {
			return false, err
		}
		failpoint.Here("sweep.purged")
		return true, s.Records.RemoveExport(ctx, ref.AccountID, ref.ExportID)
	case errors.Is(err, store.ErrExportNotFound):
		return false, nil // removed by a twin
	case err != nil:
		return false, err
	case !e.Closing() || !s.isDue(e):
		return false, nil // retried, say
	}
	if err := purger.Abort(ctx, ref.AccountID, ref.ExportID); err != nil {
		return false, err
	}
	failpoint.Here("sweep.aborted")
	_, err = s.Records.SaveExport(ctx, e.ClearedUp(), e.FenceIn(export.StatusCompleted, export.StatusFailed))
	return err == nil, err
}
