package simulation_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// records is the record store behind the schedule. Every write is held against the rules of the life cycle.
type records struct {
	store.Store
	w   *world
	due []store.Ref // the latest answer, for an index that lags

	dueAdmissions []string // likewise
}

func (r *records) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (store.Idempotency, bool, error) {
	type reply struct {
		rec     store.Idempotency
		created bool
	}
	v, err := call(ctx, r.w, op{part: "records", method: "CreateExport", what: e.ID}, func(ctx context.Context) (reply, error) {
		before := r.w.admission()
		rec, created, err := r.Store.CreateExport(ctx, e, idem, place)
		if err == nil && created {
			r.w.judgePlace(before, e)
		}
		return reply{rec, created}, err
	})
	return v.rec, v.created, err
}

func (r *records) Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	return call(ctx, r.w, op{part: "records", method: "Idempotency"}, func(ctx context.Context) (store.Idempotency, error) {
		return r.Store.Idempotency(ctx, key, now)
	})
}

func (r *records) Export(ctx context.Context, account, id string) (export.Export, error) {
	return call(ctx, r.w, op{part: "records", method: "Export", what: id}, func(ctx context.Context) (export.Export, error) {
		return r.Store.Export(ctx, account, id)
	})
}

func (r *records) AnyExport(ctx context.Context, account, id string) (export.Export, error) {
	return call(ctx, r.w, op{part: "records", method: "AnyExport", what: id}, func(ctx context.Context) (export.Export, error) {
		return r.Store.AnyExport(ctx, account, id)
	})
}

func (r *records) SaveExport(ctx context.Context, next export.Export, f export.Fence) (export.Export, error) {
	p := processOf(ctx)
	p.saves++
	return call(ctx, r.w, op{part: "records", method: "SaveExport", what: change(next)}, func(ctx context.Context) (export.Export, error) {
		before, err := r.Store.Export(ctx, next.AccountID, next.ID)
		if err != nil {
			return before, err
		}
		saved, err := r.Store.SaveExport(ctx, next, f)
		if err == nil {
			r.w.judge(p, before, saved)
			r.w.pipe(saved)
		}
		return saved, err
	})
}

// change says what a write makes of the record.
func change(next export.Export) string {
	switch {
	case !next.Open():
		return "end"
	case next.QueueStatus == export.QueueQueued && next.DueAt.Equal(next.UpdatedAt.Add(export.StartGrace)):
		return "admit"
	case next.QueueStatus == export.QueueQueued:
		return "requeue"
	case next.Progress.Phase == export.PhasePlanning:
		return "claim"
	}
	return string(next.Progress.Phase)
}

func (r *records) Index(ctx context.Context, account, id string) (export.Index, error) {
	return call(ctx, r.w, op{part: "records", method: "Index", what: id}, func(ctx context.Context) (export.Index, error) {
		return r.Store.Index(ctx, account, id)
	})
}

func (r *records) Run(ctx context.Context, account, id string) (export.Run, error) {
	return call(ctx, r.w, op{part: "records", method: "Run", what: id}, func(ctx context.Context) (export.Run, error) {
		return r.Store.Run(ctx, account, id)
	})
}

func (r *records) RunsOfIndex(ctx context.Context, account, id string) ([]export.Run, error) {
	return call(ctx, r.w, op{part: "records", method: "RunsOfIndex", what: id}, func(ctx context.Context) ([]export.Run, error) {
		return r.Store.RunsOfIndex(ctx, account, id)
	})
}

func (r *records) Parts(ctx context.Context, account, run string) ([]export.Part, error) {
	return call(ctx, r.w, op{part: "records", method: "Parts", what: run}, func(ctx context.Context) ([]export.Part, error) {
		return r.Store.Parts(ctx, account, run)
	})
}

func (r *records) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	return call(ctx, r.w, op{part: "records", method: "Connector", what: id}, func(ctx context.Context) (store.Connector, error) {
		return r.Store.Connector(ctx, account, id)
	})
}

// DueExports may be answered with what was due the last time.
func (r *records) DueExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	due, err := call(ctx, r.w, op{part: "records", method: "DueExports"}, func(ctx context.Context) ([]store.Ref, error) {
		return r.Store.DueExports(ctx, now, limit)
	})
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if errors.Is(err, errStale) {
		return r.due, nil
	}
	if err == nil {
		r.due = due
	}
	return due, err
}

func (r *records) OpenExports(ctx context.Context) (store.Open, error) {
	return call(ctx, r.w, op{part: "records", method: "OpenExports"}, r.Store.OpenExports)
}

// bucket is a bucket behind the schedule. What stands below artifacts/ stands for good, and is whole; a plan is frozen, and
// so is the list of a generation's uploads.
type bucket struct {
	*memblob.Bucket
	w *world
}

// op is a call about a key. What chance has made of it, an id of Step Functions, the schedule must not see.
func (b bucket) op(method, key string) op {
	if folder, file, ok := strings.Cut(key, "/map/"); ok {
		key = folder + "/map/" + file[strings.LastIndex(file, "/")+1:]
	}
	return op{part: b.Name(), method: method, what: key}
}

func (b bucket) Head(ctx context.Context, key string) (blob.Info, error) {
	return call(ctx, b.w, b.op("Head", key), func(ctx context.Context) (blob.Info, error) { return b.Bucket.Head(ctx, key) })
}

// Open gives half a body when it is to break off.
func (b bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, blob.Info, error) {
	type reply struct {
		body io.ReadCloser
		info blob.Info
	}
	v, err := call(ctx, b.w, b.op("Open", key), func(ctx context.Context) (reply, error) {
		body, info, err := b.Bucket.Open(ctx, key, offset, length)
		return reply{body, info}, err
	})
	if errors.Is(err, errBroken) {
		return io.NopCloser(io.MultiReader(io.LimitReader(v.body, v.info.Bytes/2), iotest.ErrReader(err))), v.info, nil
	}
	return v.body, v.info, err
}

func (b bucket) Put(ctx context.Context, key string, content []byte, o blob.PutOptions) (blob.Info, error) {
	content = bytes.Clone(content)
	return call(ctx, b.w, b.op("Put", key), func(ctx context.Context) (blob.Info, error) {
		return b.appear(key, func() (blob.Info, error) { return b.Bucket.Put(ctx, key, content, o) })
	})
}

func (b bucket) Presign(ctx context.Context, key, filename string, ttl time.Duration) (string, time.Time, error) {
	type reply struct {
		url     string
		expires time.Time
	}
	v, err := call(ctx, b.w, b.op("Presign", key), func(ctx context.Context) (reply, error) {
		url, expires, err := b.Bucket.Presign(ctx, key, filename, ttl)
		return reply{url, expires}, err
	})
	return v.url, v.expires, err
}

func (b bucket) CreateUpload(ctx context.Context, key string, o blob.PutOptions) (string, error) {
	return call(ctx, b.w, b.op("CreateUpload", key), func(ctx context.Context) (string, error) { return b.Bucket.CreateUpload(ctx, key, o) })
}

func (b bucket) UploadPart(ctx context.Context, key, id string, n int, body io.ReadSeeker, size int64) (blob.UploadedPart, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return blob.UploadedPart{}, err
	}
	o := b.op("UploadPart", key)
	o.number = n
	return call(ctx, b.w, o, func(ctx context.Context) (blob.UploadedPart, error) {
		return b.Bucket.UploadPart(ctx, key, id, n, bytes.NewReader(content), size)
	})
}

func (b bucket) Parts(ctx context.Context, key, id string, first, limit int) ([]blob.Part, error) {
	return call(ctx, b.w, b.op("Parts", key), func(ctx context.Context) ([]blob.Part, error) { return b.Bucket.Parts(ctx, key, id, first, limit) })
}

func (b bucket) CompleteUpload(ctx context.Context, key, id string, parts []blob.UploadedPart, ifAbsent bool) (blob.Info, error) {
	return call(ctx, b.w, b.op("CompleteUpload", key), func(ctx context.Context) (blob.Info, error) {
		return b.appear(key, func() (blob.Info, error) { return b.Bucket.CompleteUpload(ctx, key, id, parts, ifAbsent) })
	})
}

func (b bucket) AbortUpload(ctx context.Context, key, id string) error {
	_, err := call(ctx, b.w, b.op("AbortUpload", key+" "+id), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, b.Bucket.AbortUpload(ctx, key, id)
	})
	return err
}

func (b bucket) Uploads(ctx context.Context, prefix string) ([]blob.Upload, error) {
	return call(ctx, b.w, b.op("Uploads", prefix), func(ctx context.Context) ([]blob.Upload, error) { return b.Bucket.Uploads(ctx, prefix) })
}

// appear makes a write, and complains if it replaced what stands for good, or if a manifest appeared before its files.
func (b bucket) appear(key string, write func() (blob.Info, error)) (blob.Info, error) {
	_, stood := b.Content(key)
	info, err := write()
	if err != nil {
		return info, err
	}
	b.w.tellResumed(key, b.Content)
	if stood && (strings.HasPrefix(key, "artifacts/") || strings.HasSuffix(key, "/plan-2.json") || strings.HasSuffix(key, "/uploads.json")) {
		b.w.violated("%s was replaced", key)
	}
	if strings.HasPrefix(key, "artifacts/") && strings.HasSuffix(key, manifestSuffix) && !b.w.gone(key) {
		b.w.checkFiles(key, b.Content)
	}
	return info, nil
}

// customer is the customer's storage behind the schedule.
type customer struct {
	*memconn.Target
	w *world
}

// OpenTarget implements connector.Opener.
func (c customer) OpenTarget(ctx context.Context, _ store.Connector) (connector.Target, error) {
	return call(ctx, c.w, op{part: "customer", method: "OpenTarget"}, func(context.Context) (connector.Target, error) { return c, nil })
}

// Create implements connector.Target.
func (c customer) Create(ctx context.Context, o connector.Object) error {
	_, err := call(ctx, c.w, op{part: "customer", method: "Create", what: o.Key}, func(ctx context.Context) (struct{}, error) {
		_, stood := c.Objects()[o.Key]
		err := c.Target.Create(ctx, o)
		if err == nil && stood {
			c.w.violated("%s was replaced at the destination", o.Key)
		}
		if err == nil && strings.HasSuffix(o.Key, manifestSuffix) {
			c.w.checkFiles(o.Key, c.content)
		}
		return struct{}{}, err
	})
	return err
}

func (c customer) content(key string) ([]byte, bool) {
	content, ok := c.Objects()[key]
	return content, ok
}

// Open implements connector.Target.
func (c customer) Open(ctx context.Context, key string) (io.ReadCloser, connector.Info, error) {
	type reply struct {
		body io.ReadCloser
		info connector.Info
	}
	v, err := call(ctx, c.w, op{part: "customer", method: "Open", what: key}, func(ctx context.Context) (reply, error) {
		body, info, err := c.Target.Open(ctx, key)
		return reply{body, info}, err
	})
	return v.body, v.info, err
}

// Remove implements connector.Target. No step removes.
func (c customer) Remove(ctx context.Context, key string) error { return c.Target.Remove(ctx, key) }

// List implements connector.Target. No step lists.
func (c customer) List(ctx context.Context, q connector.ListQuery) iter.Seq2[connector.File, error] {
	return c.Target.List(ctx, q)
}

// states is the API of Step Functions behind the schedule.
type states struct{ w *world }

// StartExecution implements sfnexec.Client.
func (s states) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	return call(ctx, s.w, op{part: "executions", method: "StartExecution", what: *in.Name}, func(ctx context.Context) (*sfn.StartExecutionOutput, error) {
		return s.w.startExecution(ctx, *in.Name, *in.Input)
	})
}

// shelf is where Step Functions reads a Map's items, and writes its results.
type shelf struct{ w *world }

// Get implements asl.Objects.
func (s shelf) Get(ctx context.Context, _, key string) (io.ReadCloser, error) {
	ctx = context.WithValue(ctx, processKey{}, s.w.outside("the Map of "+key))
	return call(ctx, s.w, op{part: "map", method: "Get", what: key}, func(ctx context.Context) (io.ReadCloser, error) {
		body, _, err := s.w.artifacts.Open(ctx, key, 0, -1)
		return body, err
	})
}

// Put implements asl.Objects. The key holds an id that chance has made, which the schedule must not see.
func (s shelf) Put(ctx context.Context, _, key string, content []byte) error {
	folder, _, _ := strings.Cut(key, "/map/")
	ctx = context.WithValue(ctx, processKey{}, s.w.outside("the Map of "+folder))
	_, err := call(ctx, s.w, op{part: "map", method: "Put", what: key[strings.LastIndex(key, "/")+1:]}, func(ctx context.Context) (blob.Info, error) {
		return s.w.artifacts.Put(ctx, key, content, blob.PutOptions{})
	})
	return err
}
