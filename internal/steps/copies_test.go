package steps_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// copying lets the artifacts copy from the results. A copy may fail.
type copying struct {
	blob.Bucket
	world  *world
	copies *atomic.Int32
	fail   error
}

func (c copying) CopyPart(ctx context.Context, key, id string, n int, from blob.CopySource) (blob.UploadedPart, error) {
	if c.fail != nil {
		return blob.UploadedPart{}, c.fail
	}
	c.copies.Add(1)
	return c.world.artifacts.CopyPart(ctx, key, id, n, from)
}

// largeRuns are three parts of some 7 MiB and a small one.
func largeRuns() []run {
	large := func(id string) string { return strings.Repeat(lines(id, 999, 999), 900) }
	return []run{
		{"run_b", time.Hour, export.RunCompleted, []string{large("run_b"), lines("run_b", 1, 4), large("run_b")}},
		{"run_a", 2 * time.Hour, export.RunCompleted, []string{large("run_a")}},
	}
}

// TestPartsAreCopied: what a part of an NDJSON file and one part of results have in common is copied by the store; a store
// that doesn't copy, or holds other results by now, changes nothing but the way.
func TestPartsAreCopied(t *testing.T) {
	for name, c := range map[string]struct {
		fail    error
		archive func() []run
		atLeast int32
	}{
		"strict results":               {nil, largeRuns, 5},
		"a store that refuses to copy": {fault.New(fault.Invalid, "not_here", "Not here."), largeRuns, 0},
		"results that changed since":   {fault.New(fault.Conflict, "source_changed", "It is another one."), largeRuns, 0},
		"results with bad records": {nil, func() []run {
			runs := largeRuns()
			runs[0].parts[1] += "[]\n"
			return runs
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var copies atomic.Int32
				s := scenario{request: withFormats(export.NDJSON, export.JSON), large: true, archive: c.archive(), around: func(w *world, b blob.Bucket) blob.Bucket {
					return copying{b, w, &copies, c.fail}
				}}
				if name == "results with bad records" {
					s.rejects = 1
				}
				w, e := play(t, s)
				w.checkEnd(e)
				if n := copies.Load(); n < c.atLeast {
					t.Errorf("%d parts were copied, want at least %d", n, c.atLeast)
				}
			})
		})
	}
}
