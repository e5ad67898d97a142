package s3conn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// partBytes is the size of the parts in which larger objects are copied; S3's 10,000 parts make 640 GB of it.
const partBytes = 64 << 20

// target is an opened bucket.
type target struct{ bucket blob.Bucket }

// URI implements connector.Target.
func (t target) URI(key string) string { return "s3://" + t.bucket.Name() + "/" + key }

// Create implements connector.Target.
func (t target) Create(ctx context.Context, o connector.Object) error {
	return explain(t.write(ctx, o))
}

// Open implements connector.Target.
func (t target) Open(ctx context.Context, key string) (io.ReadCloser, connector.Info, error) {
	body, info, err := t.bucket.Open(ctx, key, 0, -1)
	return body, connector.Info{Bytes: info.Bytes, ETag: info.ETag, VersionID: info.VersionID}, explain(err)
}

// Remove implements connector.Target.
func (t target) Remove(ctx context.Context, key string) error {
	return explain(t.bucket.Delete(ctx, key))
}

// listPage is how many keys one call asks for.
const listPage = 1000

// List implements connector.Target.
func (t target) List(ctx context.Context, q connector.ListQuery) iter.Seq2[connector.File, error] {
	return func(yield func(connector.File, error) bool) {
		after := ""
		for {
			page, err := t.bucket.List(ctx, q.Prefix, after, listPage)
			if err != nil {
				yield(connector.File{}, explain(err))
				return
			}
			for _, o := range page {
				after = o.Key
				flat := !strings.Contains(strings.TrimPrefix(o.Key, q.Prefix), "/")
				if (!q.Flat || flat) && !yield(connector.File{Key: o.Key, Bytes: o.Bytes, LastModified: o.LastModified}, nil) {
					return
				}
			}
			if len(page) < listPage {
				return
			}
		}
	}
}

func (t target) write(ctx context.Context, o connector.Object) error {
	if o.Bytes > partBytes {
		return t.upload(ctx, o)
	}
	content, err := t.read(ctx, o, 0, o.Bytes)
	if err != nil {
		return err
	}
	_, err = t.bucket.Put(ctx, o.Key, content, blob.PutOptions{IfAbsent: true, ContentType: o.ContentType})
	return err
}

func (t target) read(ctx context.Context, o connector.Object, offset, length int64) ([]byte, error) {
	body, err := o.Open(ctx, offset, length)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	content := make([]byte, length)
	if _, err := io.ReadFull(body, content); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "artifact_unreadable", "The document could not be read back.")
	}
	return content, nil
}

// upload copies by parts. Uploads of the key that an earlier try left open are dropped first.
func (t target) upload(ctx context.Context, o connector.Object) error {
	if err := t.abortAll(ctx, o.Key); err != nil {
		return err
	}
	id, err := t.bucket.CreateUpload(ctx, o.Key, blob.PutOptions{ContentType: o.ContentType})
	if err != nil {
		return err
	}
	var parts []blob.UploadedPart
	for offset := int64(0); offset < o.Bytes && err == nil; offset += partBytes {
		var part blob.UploadedPart
		part, err = t.uploadPart(ctx, o, id, len(parts)+1, offset)
		parts = append(parts, part)
	}
	if err == nil {
		_, err = t.bucket.CompleteUpload(ctx, o.Key, id, parts, true)
	}
	if err != nil {
		return errors.Join(err, t.bucket.AbortUpload(context.WithoutCancel(ctx), o.Key, id))
	}
	return nil
}

func (t target) uploadPart(ctx context.Context, o connector.Object, id string, n int, offset int64) (blob.UploadedPart, error) {
	content, err := t.read(ctx, o, offset, min(partBytes, o.Bytes-offset))
	if err != nil {
		return blob.UploadedPart{}, err
	}
	return t.bucket.UploadPart(ctx, o.Key, id, n, bytes.NewReader(content), int64(len(content)))
}

func (t target) abortAll(ctx context.Context, key string) error {
	open, err := t.bucket.Uploads(ctx, key)
	for _, u := range open {
		if u.Key == key && err == nil {
			err = t.bucket.AbortUpload(ctx, key, u.ID)
		}
	}
	return err
}

// reasons are S3's error codes in words for the connector's owner. None of them mends itself.
var reasons = map[string]*fault.Error{
	"NoSuchBucket":          fault.New(fault.Invalid, "destination_bucket_missing", "The connector's bucket does not exist."),
	"AccessDenied":          fault.New(fault.Invalid, "destination_access_denied", "The connector's key may not write to its bucket: it needs s3:PutObject, s3:GetObject, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads."),
	"Forbidden":             fault.New(fault.Invalid, "destination_access_denied", "The connector's key may not read from its bucket: it needs s3:GetObject and s3:ListBucket."),
	"InvalidAccessKeyId":    fault.New(fault.Invalid, "destination_key_invalid", "The connector's access key does not exist."),
	"SignatureDoesNotMatch": fault.New(fault.Invalid, "destination_key_invalid", "The connector's secret access key is not the one of its access key id."),
	"PermanentRedirect":     fault.New(fault.Invalid, "destination_region_wrong", "The connector's bucket is in another region."),
	"RequestTimeTooSkewed":  fault.New(fault.Unavailable, "clock_skewed", "The destination's clock and ours differ too much."),
}

// explain says what the owner can do, where S3 said it; every other failure keeps its kind.
func explain(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		if r, ok := reasons[api.ErrorCode()]; ok {
			return fault.Wrap(err, r.Kind, r.Code, r.Message)
		}
	}
	return err
}
