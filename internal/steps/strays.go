package steps

import (
	"context"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// strayMinute is the minute of each hour in which the sweeper looks for stray uploads: two listings an hour cost nothing,
// and what stays open until then costs next to nothing.
const strayMinute = 0

// dropStrays drops the uploads that nobody needs any more: of exports that are gone, and of those that have ended, but for
// what a retry of a failed one would go on with. Nobody else comes back to them: not even when a request to open one arrives
// after the end, or its caller sleeps until then. At most sweepBatch exports are looked at, others in each hour; the rest
// have their turn later, and by the bucket's own rule after a day.
func (s Sweep) dropStrays(ctx context.Context) error {
	known := map[store.Ref]export.Export{}
	for _, prefix := range []string{"work/", "artifacts/"} {
		open, err := s.Artifacts.Uploads(ctx, prefix)
		if err != nil {
			return err
		}
		first := len(open) * s.Clock().Hour() / 24
		for _, u := range slices.Concat(open[first:], open[:first]) {
			ref, ok := ownerOf(u.Key)
			if _, seen := known[ref]; !ok || !seen && len(known) == sweepBatch {
				continue
			}
			if known[ref], err = s.owner(ctx, ref, known); err != nil {
				return err
			}
			if needed(known[ref], u.Key, s.Clock()) {
				continue
			}
			if err := s.Artifacts.AbortUpload(ctx, u.Key, u.ID); err != nil {
				return err
			}
		}
	}
	return nil
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
