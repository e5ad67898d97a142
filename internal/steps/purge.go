package steps

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
)

// listed is how many objects one listing asks for: S3 gives a thousand at most.
const listed = 1000

// objects lists everything under the prefix. It ends after the first failure.
func objects(ctx context.Context, from blob.Reader, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for after := ""; ; {
			page, err := from.List(ctx, prefix, after, listed)
			if err != nil {
				yield(blob.Info{}, err)
				return
			}
			for _, info := range page {
				if !yield(info, nil) {
					return
				}
				after = info.Key
			}
			if len(page) < listed {
				return
			}
		}
	}
}

// Purger removes what exports have in the artifacts bucket. It never touches what was delivered.
type Purger struct{ Artifacts blob.Bucket }

// Abort drops the export's open uploads, with the parts that they have.
func (p Purger) Abort(ctx context.Context, account, exportID string) error {
	return abortUploads(ctx, p.Artifacts, Job{AccountID: account, ExportID: exportID})
}

// Purge drops the export's open uploads and removes all of its objects. Manifests go first, so that what a call leaves that
// broke off is nobody's document. It may run again from any point.
func (p Purger) Purge(ctx context.Context, account, exportID string) error {
	job := Job{AccountID: account, ExportID: exportID}
	if err := abortUploads(ctx, p.Artifacts, job); err != nil {
		return err
	}
	var manifests, others []string
	for _, prefix := range places(job) {
		for info, err := range objects(ctx, p.Artifacts, prefix) {
			switch {
			case err != nil:
				return err
			case strings.HasSuffix(info.Key, "/"+export.ManifestName(exportID)):
				manifests = append(manifests, info.Key)
			default:
				others = append(others, info.Key)
			}
		}
	}
	if err := p.remove(ctx, manifests); err != nil {
		return err
	}
	failpoint.Here("delete.purging")
	return p.remove(ctx, others)
}

// removedAtOnce is how many removals are under way together: a table of many shards has thousands of files.
const removedAtOnce = 16

func (p Purger) remove(ctx context.Context, keys []string) error {
	for batch := range slices.Chunk(keys, removedAtOnce) {
		errs := make([]error, len(batch))
		var all sync.WaitGroup
		for i, key := range batch {
			all.Go(func() { errs[i] = p.Artifacts.Delete(ctx, key) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return nil
}
