package steps

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/store"
)

// strayMinute is the minute of each hour in which the sweeper looks for stray uploads: two listings an hour cost nothing,
// and what stays open until then costs next to nothing.
const strayMinute = 0

// dropStrays drops the uploads that nobody needs any more: of exports that are gone, and of those that have ended, but for
// what a retry of a failed one would go on with. Nobody else comes back to them: not even when a request to open one arrives
// after the end, or its caller sleeps until then. Trouble with one is logged and doesn't keep it from the others.
func (s Sweep) dropStrays(ctx context.Context) {
	for _, prefix := range []string{"work/", "artifacts/"} {
		err := inTime(ctx, partTime/2, func(ctx context.Context) error { return s.dropStraysBelow(ctx, prefix) })
		if err != nil {
			s.Log.ErrorContext(ctx, "stray uploads could not be listed", "error", err.Error())
		}
	}
}

// dropStraysBelow looks at sweepBatch exports at most, others in each hour; the rest have their turn later, and by the
// bucket's own rule after a day.
func (s Sweep) dropStraysBelow(ctx context.Context, prefix string) error {
	open, err := s.Artifacts.Uploads(ctx, prefix)
	if err != nil {
		return err
	}
	known := map[store.Ref]export.Export{}
	first := len(open) * s.Clock().Hour() / 24
	for _, u := range slices.Concat(open[first:], open[:first]) {
		ref, ok := ownerOf(u.Key)
		if _, seen := known[ref]; !ok || !seen && len(known) == sweepBatch {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.dropStray(ctx, ref, u, known); err != nil {
			s.Log.ErrorContext(logattr.With(ctx, slog.String("export_id", ref.ExportID)), "a stray upload could not be dropped", "error", err.Error())
		}
	}
	return nil
}

// dropStray drops the upload if the export doesn't need it.
func (s Sweep) dropStray(ctx context.Context, ref store.Ref, u blob.Upload, known map[store.Ref]export.Export) (err error) {
	if known[ref], err = s.owner(ctx, ref, known); err != nil {
		delete(known, ref)
		return err
	}
	if needed(known[ref], u.Key, s.Clock()) {
		return nil
	}
	return s.Artifacts.AbortUpload(ctx, u.Key, u.ID)
}

// owner is the export's record; one that is gone counts as failed, with nothing to go on with. What is known is not asked
// again.
func (s Sweep) owner(ctx context.Context, ref store.Ref, known map[store.Ref]export.Export) (export.Export, error) {
	if e, ok := known[ref]; ok {
		return e, nil
	}
	e, err := s.Records.Export(ctx, ref.AccountID, ref.ExportID)
	if fault.Is(err, fault.NotFound) {
		return export.Export{Status: export.StatusFailed}, nil
	}
	return e, err
}

// ownerOf is the export that a key of the artifacts bucket belongs to.
func ownerOf(key string) (store.Ref, bool) {
	parts := strings.SplitN(key, "/", 4)
	if len(parts) < 4 {
		return store.Ref{}, false
	}
	return store.Ref{AccountID: parts[1], ExportID: parts[2]}, true
}
