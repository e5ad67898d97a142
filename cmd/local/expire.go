package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
)

const (
	// expireEvery is how often objects are looked through. A deployed bucket does so once a day.
	expireEvery = time.Hour
	// workLife is how long work files stay after an export's end, as a deployed bucket keeps them.
	workLife = 3 * 24 * time.Hour
	// expirePage is how many objects are listed at once.
	expirePage = 1000
)

// expiry is what the lifecycle of a deployed artifacts bucket does, which an S3 in a folder has not: it removes files that
// nobody is given any more, and work files that nobody needs. It goes by the records, so it removes nothing of an export
// that is open, and no artifact before it has expired.
type expiry struct {
	records interface {
		Export(ctx context.Context, account, id string) (export.Export, error)
	}
	artifacts blob.Bucket
	clock     func() time.Time
}

// run looks through all objects once.
func (x expiry) run(ctx context.Context) (removed int, err error) {
	for _, prefix := range []string{"artifacts/", "work/"} {
		n, err := x.below(ctx, prefix)
		if removed += n; err != nil {
			return removed, err
		}
	}
	return removed, nil
}

func (x expiry) below(ctx context.Context, prefix string) (removed int, err error) {
	folder, over := "", false
	for after := ""; ; {
		page, err := x.artifacts.List(ctx, prefix, after, expirePage)
		if err != nil {
			return removed, err
		}
		for _, o := range page {
			after = o.Key
			if f := folderOf(o.Key); f != folder {
				if over, err = x.over(ctx, f); err != nil {
					return removed, err
				}
				folder = f
			}
			if !over {
				continue
			}
			if err := x.artifacts.Delete(ctx, o.Key); err != nil {
				return removed, err
			}
			removed++
		}
		if len(page) < expirePage {
			return removed, nil
		}
	}
}

// folderOf is the part of a key that an export has to itself: artifacts/ACCOUNT/EXPORT or work/ACCOUNT/EXPORT; "" for
// what isn't below one.
func folderOf(key string) string {
	parts := strings.SplitN(key, "/", 4)
	if len(parts) < 4 {
		return ""
	}
	return strings.Join(parts[:3], "/")
}

// over reports whether nobody needs what is in the folder. That of an export without a record is nobody's.
func (x expiry) over(ctx context.Context, folder string) (bool, error) {
	parts := strings.Split(folder, "/")
	if len(parts) != 3 {
		return false, nil
	}
	e, err := x.records.Export(ctx, parts[1], parts[2])
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	if err != nil || e.Open() {
		return false, err
	}
	now := x.clock()
	switch {
	case parts[0] == "work":
		return !now.Before(e.CompletedAt.Add(workLife)), nil
	case e.Status == export.StatusCompleted:
		return e.Expired(now), nil
	}
	return !now.Before(e.CompletedAt.Add(e.Request.Life())), nil // a failed export's files are good for another attempt
}

// expireRegularly is the bucket's lifecycle.
func (s *stack) expireRegularly(ctx context.Context) {
	x := expiry{records: s.records, artifacts: s.bucket(artifactsBucket), clock: failpoint.Clock()}
	for tick := time.NewTicker(expireEvery); ; {
		removed, err := x.run(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.ErrorContext(ctx, "expired files could not be removed", "error", err.Error())
		case removed > 0:
			s.log.InfoContext(ctx, "expired files removed", slog.Int("objects", removed))
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}
