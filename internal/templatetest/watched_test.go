package templatetest

import (
	"context"
	"io"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// records is the record store of one function.
type records struct {
	store.Store
	note func(ctx context.Context, method string)
}

func (r records) APIKey(ctx context.Context, hash string) (store.APIKey, error) {
	r.note(ctx, "APIKey")
	return r.Store.APIKey(ctx, hash)
}

func (r records) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (store.Idempotency, bool, error) {
	r.note(ctx, "CreateExport")
	return r.Store.CreateExport(ctx, e, idem, place)
}

func (r records) Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	r.note(ctx, "Idempotency")
	return r.Store.Idempotency(ctx, key, now)
}

func (r records) Export(ctx context.Context, account, id string) (export.Export, error) {
	r.note(ctx, "Export")
	return r.Store.Export(ctx, account, id)
}

func (r records) AnyExport(ctx context.Context, account, id string) (export.Export, error) {
	r.note(ctx, "AnyExport")
	return r.Store.AnyExport(ctx, account, id)
}

func (r records) SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error) {
	r.note(ctx, "SaveExport")
	return r.Store.SaveExport(ctx, next, fence)
}

func (r records) ListExports(ctx context.Context, account string, q store.ListQuery) (store.Page, error) {
	r.note(ctx, "ListExports")
	return r.Store.ListExports(ctx, account, q)
}

func (r records) SaveExportOnce(ctx context.Context, next export.Export, fence export.Fence, idem *store.Idempotency, place *admission.Account) (export.Export, store.Idempotency, bool, error) {
	r.note(ctx, "SaveExportOnce")
	return r.Store.SaveExportOnce(ctx, next, fence, idem, place)
}

func (r records) ClosingExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	r.note(ctx, "ClosingExports")
	return r.Store.ClosingExports(ctx, now, limit)
}

func (r records) RemoveExport(ctx context.Context, account, id string) error {
	r.note(ctx, "RemoveExport")
	return r.Store.RemoveExport(ctx, account, id)
}

func (r records) DueExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error) {
	r.note(ctx, "DueExports")
	return r.Store.DueExports(ctx, now, limit)
}

func (r records) OpenExports(ctx context.Context) (store.Open, error) {
	r.note(ctx, "OpenExports")
	return r.Store.OpenExports(ctx)
}

func (r records) Admission(ctx context.Context, account string) (admission.Account, error) {
	r.note(ctx, "Admission")
	return r.Store.Admission(ctx, account)
}

func (r records) SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error) {
	r.note(ctx, "SaveAdmission")
	return r.Store.SaveAdmission(ctx, next)
}

func (r records) DueAdmissions(ctx context.Context, now time.Time, limit int) ([]string, error) {
	r.note(ctx, "DueAdmissions")
	return r.Store.DueAdmissions(ctx, now, limit)
}

func (r records) NoteShard(ctx context.Context, account, id string, generation int, n export.ShardNote) error {
	r.note(ctx, "NoteShard")
	return r.Store.NoteShard(ctx, account, id, generation, n)
}

func (r records) ShardNotes(ctx context.Context, account, id string, generation int) ([]export.ShardNote, error) {
	r.note(ctx, "ShardNotes")
	return r.Store.ShardNotes(ctx, account, id, generation)
}

func (r records) Automation(ctx context.Context, account, indexID string) (export.Automation, error) {
	r.note(ctx, "Automation")
	return r.Store.Automation(ctx, account, indexID)
}

func (r records) SaveAutomation(ctx context.Context, next export.Automation, revision int64, noted *store.Ending) (export.Automation, error) {
	r.note(ctx, "SaveAutomation")
	return r.Store.SaveAutomation(ctx, next, revision, noted)
}

func (r records) Ending(ctx context.Context, account, indexID, runID string) (string, error) {
	r.note(ctx, "Ending")
	return r.Store.Ending(ctx, account, indexID, runID)
}

func (r records) DueAutomations(ctx context.Context, now time.Time, limit int) ([]store.AutomationRef, error) {
	r.note(ctx, "DueAutomations")
	return r.Store.DueAutomations(ctx, now, limit)
}

func (r records) Index(ctx context.Context, account, id string) (export.Index, error) {
	r.note(ctx, "Index")
	return r.Store.Index(ctx, account, id)
}

func (r records) Run(ctx context.Context, account, id string) (export.Run, error) {
	r.note(ctx, "Run")
	return r.Store.Run(ctx, account, id)
}

func (r records) RunsOfIndex(ctx context.Context, account, indexID string) ([]export.Run, error) {
	r.note(ctx, "RunsOfIndex")
	return r.Store.RunsOfIndex(ctx, account, indexID)
}

func (r records) Parts(ctx context.Context, account, runID string) ([]export.Part, error) {
	r.note(ctx, "Parts")
	return r.Store.Parts(ctx, account, runID)
}

func (r records) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	r.note(ctx, "Connector")
	return r.Store.Connector(ctx, account, id)
}

func (r records) CreateConnector(ctx context.Context, c store.Connector, idem *store.Idempotency) (store.Idempotency, bool, error) {
	r.note(ctx, "CreateConnector")
	return r.Store.CreateConnector(ctx, c, idem)
}

func (r records) ListConnectors(ctx context.Context, account string) ([]store.Connector, error) {
	r.note(ctx, "ListConnectors")
	return r.Store.ListConnectors(ctx, account)
}

func (r records) SaveConnector(ctx context.Context, next store.Connector, revision int64) (store.Connector, error) {
	r.note(ctx, "SaveConnector")
	return r.Store.SaveConnector(ctx, next, revision)
}

func (r records) DeleteConnector(ctx context.Context, account, id string) error {
	r.note(ctx, "DeleteConnector")
	return r.Store.DeleteConnector(ctx, account, id)
}

func (r records) PutIndex(ctx context.Context, _ export.Index) error {
	return r.refuse(ctx, "PutIndex")
}

func (r records) PutRun(ctx context.Context, _ export.Run, _ []export.Part) error {
	return r.refuse(ctx, "PutRun")
}

func (r records) PutAPIKey(ctx context.Context, _ store.APIKey) error {
	return r.refuse(ctx, "PutAPIKey")
}

func (r records) PutConnector(ctx context.Context, _ store.Connector) error {
	return r.refuse(ctx, "PutConnector")
}

// refuse notes a write that is the platform's side: no function has a grant for it.
func (r records) refuse(ctx context.Context, method string) error {
	r.note(ctx, method)
	return fault.New(fault.Internal, "not_allowed", "Functions don't write the catalogue.")
}

// bucket is a bucket of one function. S3 says that an object is absent only to those who may list the bucket.
type bucket struct {
	blob.Bucket
	name   string // in the template
	note   func(ctx context.Context, call string)
	before func(method, key string)
}

// tagged notes what writing with a tag needs besides.
func (b bucket) tagged(ctx context.Context, key string, t blob.Tag) {
	if t != (blob.Tag{}) {
		b.note(ctx, "s3:PutObjectTagging "+b.name+"/"+key)
	}
}

func (b bucket) did(ctx context.Context, action, key string, err error) {
	b.note(ctx, "s3:"+action+" "+b.name+"/"+key)
	if fault.Is(err, fault.NotFound) && action == "GetObject" {
		b.note(ctx, "s3:ListBucket "+b.name)
	}
}

func (b bucket) Head(ctx context.Context, key string) (blob.Info, error) {
	info, err := b.Bucket.Head(ctx, key)
	b.did(ctx, "GetObject", key, err)
	return info, err
}

func (b bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, blob.Info, error) {
	body, info, err := b.Bucket.Open(ctx, key, offset, length)
	b.did(ctx, "GetObject", key, err)
	return body, info, err
}

func (b bucket) List(ctx context.Context, prefix, startAfter string, limit int) ([]blob.Info, error) {
	b.note(ctx, "s3:ListBucket "+b.name+" if StringLike s3:prefix "+prefix)
	return b.Bucket.List(ctx, prefix, startAfter, limit)
}

func (b bucket) Put(ctx context.Context, key string, body []byte, o blob.PutOptions) (blob.Info, error) {
	if b.before != nil {
		b.before("Put", key)
	}
	info, err := b.Bucket.Put(ctx, key, body, o)
	b.did(ctx, "PutObject", key, err)
	b.tagged(ctx, key, o.Tag)
	return info, err
}

func (b bucket) Delete(ctx context.Context, key string) error {
	err := b.Bucket.Delete(ctx, key)
	b.did(ctx, "DeleteObject", key, err)
	return err
}

func (b bucket) CreateUpload(ctx context.Context, key string, o blob.PutOptions) (string, error) {
	id, err := b.Bucket.CreateUpload(ctx, key, o)
	b.did(ctx, "PutObject", key, err)
	b.tagged(ctx, key, o.Tag)
	return id, err
}

func (b bucket) UploadPart(ctx context.Context, key, uploadID string, n int, body io.ReadSeeker, size int64) (blob.UploadedPart, error) {
	part, err := b.Bucket.UploadPart(ctx, key, uploadID, n, body, size)
	b.did(ctx, "PutObject", key, err)
	return part, err
}

func (b bucket) Parts(ctx context.Context, key, uploadID string, first, limit int) ([]blob.Part, error) {
	held, err := b.Bucket.Parts(ctx, key, uploadID, first, limit)
	b.did(ctx, "ListMultipartUploadParts", key, err)
	return held, err
}

func (b bucket) CompleteUpload(ctx context.Context, key, uploadID string, parts []blob.UploadedPart, ifAbsent bool) (blob.Info, error) {
	info, err := b.Bucket.CompleteUpload(ctx, key, uploadID, parts, ifAbsent)
	b.did(ctx, "PutObject", key, err)
	return info, err
}

func (b bucket) AbortUpload(ctx context.Context, key, uploadID string) error {
	err := b.Bucket.AbortUpload(ctx, key, uploadID)
	b.did(ctx, "AbortMultipartUpload", key, err)
	return err
}

func (b bucket) Uploads(ctx context.Context, prefix string) ([]blob.Upload, error) {
	b.note(ctx, "s3:ListBucketMultipartUploads "+b.name+" if StringLike s3:prefix "+prefix)
	return b.Bucket.Uploads(ctx, prefix)
}

func (b bucket) Presign(ctx context.Context, key, filename string, ttl time.Duration) (string, time.Time, error) {
	url, expires, err := b.Bucket.Presign(ctx, key, filename, ttl)
	b.did(ctx, "GetObject", key, err) // by whoever has the link, with the signer's permissions
	return url, expires, err
}
