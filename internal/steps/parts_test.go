package steps_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing/iotest"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// records is a record store behind a gremlin. It holds every write against the rules of the life cycle.
type records struct {
	store.Store
	*gremlin

	watch sync.Mutex
	saves []error  // of SaveExport, in the store's own words
	swept int      // those of them that no generation's worker tried: the sweeper's
	ends  int      // writes that ended the export
	told  int      // those whose writer heard that they were done
	wrong []string // rules that a write broke
}

func (r *records) Export(ctx context.Context, account, id string) (e export.Export, err error) {
	err = r.do("records.Export", func() error { e, err = r.Store.Export(ctx, account, id); return err })
	return e, err
}

func (r *records) AnyExport(ctx context.Context, account, id string) (e export.Export, err error) {
	err = r.do("records.AnyExport", func() error { e, err = r.Store.AnyExport(ctx, account, id); return err })
	return e, err
}

func (r *records) SaveExport(ctx context.Context, next export.Export, f export.Fence) (saved export.Export, err error) {
	err = r.do("records.SaveExport", func() error { saved, err = r.save(ctx, next, f); return err })
	if err == nil && !saved.Open() {
		r.watch.Lock()
		defer r.watch.Unlock()
		r.told++
	}
	return saved, err
}

func (r *records) save(ctx context.Context, next export.Export, f export.Fence) (export.Export, error) {
	r.watch.Lock()
	defer r.watch.Unlock()
	before, err := r.Store.Export(ctx, next.AccountID, next.ID)
	if errors.Is(err, store.ErrExportDeleted) { // the write is refused
		return r.Store.SaveExport(ctx, next, f)
	}
	if err != nil {
		return before, err
	}
	saved, err := r.Store.SaveExport(ctx, next, f)
	r.saves = append(r.saves, err)
	if err == nil {
		r.judge(before, saved)
	}
	switch worker, ok := ctx.Value(generationOf{}).(int); {
	case !ok:
		r.swept++
	case err == nil && worker != before.Generation:
		r.complain("a worker of generation %d wrote to the export in generation %d", worker, before.Generation)
	}
	return saved, err
}

// generationOf is the context's key of the generation that a worker was called for.
type generationOf struct{}

// complain notes a rule that was broken; the caller holds the lock.
func (r *records) complain(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// judge holds one write against the rules.
func (r *records) judge(before, after export.Export) {
	complain := r.complain
	if !export.CanMove(before.Status, after.Status) {
		complain("the export moved from %s to %s", before.Status, after.Status)
	}
	if after.Generation < before.Generation || after.Generation > before.Generation+1 || after.Revision != before.Revision+1 {
		complain("a write led from generation %d, revision %d to %d, %d", before.Generation, before.Revision, after.Generation, after.Revision)
	}
	if retried := after.RetriedGeneration > before.RetriedGeneration; !retried && !after.Deleted() && after.Attempts < before.Attempts || after.Attempts > after.MaxAttempts {
		complain("attempts went from %d to %d of %d", before.Attempts, after.Attempts, after.MaxAttempts)
	}
	if !after.Deleted() && after.Open() != (after.EventMark == "") || after.Open() == after.DueAt.IsZero() && !after.Cancelled() && !after.Deleted() {
		complain("a %s export has the event mark %q and is due at %s", after.Status, after.EventMark, after.DueAt)
	}
	if before.Open() && !after.Open() {
		r.ends++
	}
}

func (r *records) Run(ctx context.Context, account, id string) (run export.Run, err error) {
	err = r.do("records.Run "+id, func() error { run, err = r.Store.Run(ctx, account, id); return err })
	return run, err
}

func (r *records) RunsOfIndex(ctx context.Context, account, id string) (runs []export.Run, err error) {
	err = r.do("records.RunsOfIndex", func() error { runs, err = r.Store.RunsOfIndex(ctx, account, id); return err })
	return runs, err
}

func (r *records) Parts(ctx context.Context, account, run string) (parts []export.Part, err error) {
	err = r.do("records.Parts "+run, func() error { parts, err = r.Store.Parts(ctx, account, run); return err })
	return parts, err
}

func (r *records) Connector(ctx context.Context, account, id string) (c store.Connector, err error) {
	err = r.do("records.Connector", func() error { c, err = r.Store.Connector(ctx, account, id); return err })
	return c, err
}

func (r *records) NoteShard(ctx context.Context, account, id string, generation int, n export.ShardNote) error {
	return r.do("records.NoteShard", func() error { return r.Store.NoteShard(ctx, account, id, generation, n) })
}

func (r *records) DueExports(ctx context.Context, now time.Time, limit int) (due []store.Ref, err error) {
	err = r.do("records.DueExports", func() error { due, err = r.Store.DueExports(ctx, now, limit); return err })
	return due, err
}

func (r *records) SaveExportOnce(ctx context.Context, next export.Export, f export.Fence, i *store.Idempotency, place *admission.Account) (saved export.Export, rec store.Idempotency, done bool, err error) {
	err = r.do("records.SaveExportOnce", func() error {
		r.watch.Lock()
		defer r.watch.Unlock()
		before, _ := r.Store.Export(ctx, next.AccountID, next.ID) // one that isn't there is refused below
		if saved, rec, done, err = r.Store.SaveExportOnce(ctx, next, f, i, place); done {
			r.judge(before, saved)
		}
		return err
	})
	return saved, rec, done, err
}

func (r *records) Admission(ctx context.Context, account string) (a admission.Account, err error) {
	err = r.do("records.Admission", func() error { a, err = r.Store.Admission(ctx, account); return err })
	return a, err
}

func (r *records) SaveAdmission(ctx context.Context, next admission.Account) (saved admission.Account, err error) {
	err = r.do("records.SaveAdmission", func() error { saved, err = r.Store.SaveAdmission(ctx, next); return err })
	return saved, err
}

func (r *records) DueAdmissions(ctx context.Context, now time.Time, limit int) (due []string, err error) {
	err = r.do("records.DueAdmissions", func() error { due, err = r.Store.DueAdmissions(ctx, now, limit); return err })
	return due, err
}

func (r *records) ClosingExports(ctx context.Context, now time.Time, limit int) (due []store.Ref, err error) {
	err = r.do("records.ClosingExports", func() error { due, err = r.Store.ClosingExports(ctx, now, limit); return err })
	return due, err
}

func (r *records) RemoveExport(ctx context.Context, account, id string) error {
	return r.do("records.RemoveExport", func() error { return r.Store.RemoveExport(ctx, account, id) })
}

func (r *records) OpenExports(ctx context.Context) (open store.Open, err error) {
	err = r.do("records.OpenExports", func() error { open, err = r.Store.OpenExports(ctx); return err })
	return open, err
}

// bucket is a bucket behind a gremlin. What stands for good is never replaced.
type bucket struct {
	*memblob.Bucket
	*gremlin
	watch *records
}

// keep complains of a write that replaces what stands for good.
func (b bucket) keep(key string, write func() error) error {
	_, stood := b.Content(key)
	err := write()
	if stood && err == nil && !strings.HasPrefix(key, "work/") {
		b.watch.watch.Lock()
		defer b.watch.watch.Unlock()
		b.watch.complain("%s was replaced", key)
	}
	return err
}

func (b bucket) named(method, key string) string { return b.Name() + "." + method + " " + key }

func (b bucket) Head(ctx context.Context, key string) (info blob.Info, err error) {
	err = b.do(b.named("Head", key), func() error { info, err = b.Bucket.Head(ctx, key); return err })
	return info, err
}

// Open gives half a body when it is to break off.
func (b bucket) Open(ctx context.Context, key string, offset, length int64) (body io.ReadCloser, info blob.Info, err error) {
	err = b.do(b.named("Open", key), func() error { body, info, err = b.Bucket.Open(ctx, key, offset, length); return err })
	if errors.Is(err, errBroken) {
		return io.NopCloser(io.MultiReader(io.LimitReader(body, info.Bytes/2), iotest.ErrReader(err))), info, nil
	}
	return body, info, err
}

func (b bucket) Put(ctx context.Context, key string, content []byte, o blob.PutOptions) (info blob.Info, err error) {
	err = b.do(b.named("Put", key), func() error {
		return b.keep(key, func() error { info, err = b.Bucket.Put(ctx, key, content, o); return err })
	})
	return info, err
}

func (b bucket) List(ctx context.Context, prefix, after string, limit int) (all []blob.Info, err error) {
	err = b.do(b.named("List", prefix), func() error { all, err = b.Bucket.List(ctx, prefix, after, limit); return err })
	return all, err
}

func (b bucket) Delete(ctx context.Context, key string) error {
	return b.do(b.named("Delete", key), func() error { return b.Bucket.Delete(ctx, key) })
}

func (b bucket) Presign(ctx context.Context, key, filename string, ttl time.Duration) (url string, expires time.Time, err error) {
	err = b.do(b.named("Presign", key), func() error { url, expires, err = b.Bucket.Presign(ctx, key, filename, ttl); return err })
	return url, expires, err
}

func (b bucket) CreateUpload(ctx context.Context, key string, o blob.PutOptions) (id string, err error) {
	err = b.do(b.named("CreateUpload", key), func() error { id, err = b.Bucket.CreateUpload(ctx, key, o); return err })
	return id, err
}

func (b bucket) UploadPart(ctx context.Context, key, id string, n int, body io.ReadSeeker, size int64) (p blob.UploadedPart, err error) {
	name := b.named("UploadPart", fmt.Sprint(n))
	err = b.do(name, func() error { p, err = b.Bucket.UploadPart(ctx, key, id, n, body, size); return err })
	return p, err
}

func (b bucket) Parts(ctx context.Context, key, id string, first, limit int) (held []blob.Part, err error) {
	err = b.do(b.named("Parts", key), func() error { held, err = b.Bucket.Parts(ctx, key, id, first, limit); return err })
	return held, err
}

func (b bucket) CompleteUpload(ctx context.Context, key, id string, parts []blob.UploadedPart, ifAbsent bool) (info blob.Info, err error) {
	err = b.do(b.named("CompleteUpload", key), func() error {
		return b.keep(key, func() error { info, err = b.Bucket.CompleteUpload(ctx, key, id, parts, ifAbsent); return err })
	})
	return info, err
}

func (b bucket) AbortUpload(ctx context.Context, key, id string) error {
	return b.do(b.named("AbortUpload", id), func() error { return b.Bucket.AbortUpload(ctx, key, id) })
}

func (b bucket) Uploads(ctx context.Context, prefix string) (open []blob.Upload, err error) {
	err = b.do(b.named("Uploads", prefix), func() error { open, err = b.Bucket.Uploads(ctx, prefix); return err })
	return open, err
}
