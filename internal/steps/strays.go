package steps

import (
	"context"
	"strings"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// strayMinute is the minute of each hour in which the sweeper looks for stray uploads: two listings an hour cost nothing,
// and what stays open until then costs next to nothing.
const strayMinute = 0

// dropStrays drops the uploads of exports that have ended, or are gone. An ended export has none that anybody needs, and
// nobody comes back to it: not even when a request to open one arrives after the end, or its caller sleeps until then. At
// most sweepBatch exports are looked at; the rest have their turn an hour later, and the bucket's own rule a day later.
func (s Sweep) dropStrays(ctx context.Context) error {
	over := map[store.Ref]bool{}
	for _, prefix := range []string{"work/", "artifacts/"} {
		open, err := s.Artifacts.Uploads(ctx, prefix)
		if err != nil {
			return err
		}
		for _, u := range open {
			ref, ok := ownerOf(u.Key)
			if _, seen := over[ref]; !ok || !seen && len(over) == sweepBatch {
				continue
			}
			if over[ref], err = s.over(ctx, ref, over); err != nil {
				return err
			}
			if !over[ref] {
				continue
			}
			if err := s.Artifacts.AbortUpload(ctx, u.Key, u.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// over reports whether the export has ended, or is gone. What is known is not asked again.
func (s Sweep) over(ctx context.Context, ref store.Ref, known map[store.Ref]bool) (bool, error) {
	if over, ok := known[ref]; ok {
		return over, nil
	}
	e, err := s.Records.Export(ctx, ref.AccountID, ref.ExportID)
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	return !e.Open(), err
}

// ownerOf is the export that a key of the artifacts bucket belongs to.
func ownerOf(key string) (store.Ref, bool) {
	parts := strings.SplitN(key, "/", 4)
	if len(parts) < 4 {
		return store.Ref{}, false
	}
	return store.Ref{AccountID: parts[1], ExportID: parts[2]}, true
}
