package s3conn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// target is an opened bucket.
type target struct {
	client       *s3.Client
	bucket       *s3blob.Bucket
	name, region string
	partBytes    int64
}

var (
	_ connector.Target    = target{}
	_ connector.Abandoner = target{}
)

// URI implements connector.Target.
func (t target) URI(key string) string { return "s3://" + t.name + "/" + key }

// Create implements connector.Target.
func (t target) Create(ctx context.Context, o connector.Object) error {
	if err := connector.CheckKey(o.Key); err != nil {
		return err
	}
	if o.Bytes > t.partBytes {
		return t.explain(t.upload(ctx, o))
	}
	content, err := connector.ReadPart(ctx, o, 0, o.Bytes)
	if err != nil {
		return err
	}
	_, err = t.bucket.Put(ctx, o.Key, content, blob.PutOptions{IfAbsent: true, ContentType: o.ContentType})
	return t.explain(err)
}

// Open implements connector.Target.
func (t target) Open(ctx context.Context, key string) (io.ReadCloser, connector.Info, error) {
	if err := connector.CheckKey(key); err != nil {
		return nil, connector.Info{}, err
	}
	body, info, err := t.bucket.Open(ctx, key, 0, -1)
	if err != nil {
		return nil, connector.Info{}, t.explain(err)
	}
	return content{body, t}, connector.Info{Bytes: info.Bytes, ETag: info.ETag, VersionID: info.VersionID}, nil
}

// content gives read failures words.
type content struct {
	io.ReadCloser
	target target
}

// Read implements io.Reader.
func (c content) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = c.target.explain(err)
	}
	return n, err
}

// Abandon implements connector.Abandoner.
func (t target) Abandon(ctx context.Context, key string) error {
	return t.explain(t.abortAll(ctx, key))
}

// Remove implements connector.Target.
func (t target) Remove(ctx context.Context, key string) error {
	if err := connector.CheckKey(key); err != nil {
		return err
	}
	return t.explain(t.bucket.Delete(ctx, key))
}

// List implements connector.Target.
func (t target) List(ctx context.Context, q connector.ListQuery) iter.Seq2[connector.File, error] {
	in := &s3.ListObjectsV2Input{Bucket: &t.name, Prefix: &q.Prefix, EncodingType: types.EncodingTypeUrl}
	if q.Flat {
		in.Delimiter = aws.String("/")
	}
	return func(yield func(connector.File, error) bool) {
		for pages := s3.NewListObjectsV2Paginator(t.client, in, stopOnDuplicate); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(connector.File{}, t.explain(err))
				return
			}
			for _, o := range page.Contents {
				if f, err := file(o, page.EncodingType); !yield(f, err) || err != nil {
					return
				}
			}
		}
	}
}

// stopOnDuplicate ends a listing whose pages lead back to themselves.
func stopOnDuplicate(o *s3.ListObjectsV2PaginatorOptions) { o.StopOnDuplicateToken = true }

// file is an object of a listing. S3 encodes keys on demand, since XML can't hold all of them; not every store does.
func file(o types.Object, encoding types.EncodingType) (connector.File, error) {
	f := connector.File{Key: aws.ToString(o.Key), Bytes: aws.ToInt64(o.Size), LastModified: aws.ToTime(o.LastModified).UTC()}
	if encoding != types.EncodingTypeUrl {
		return connector.Listed(f)
	}
	var err error
	if f.Key, err = url.QueryUnescape(f.Key); err != nil {
		return connector.File{}, fault.Wrap(err, fault.Unavailable, "destination_unavailable", "The destination gave a listing that can't be read.")
	}
	return connector.Listed(f)
}

// upload copies by parts. Uploads of the key that an earlier try left open are dropped first.
func (t target) upload(ctx context.Context, o connector.Object) error {
	if o.Bytes > t.partBytes*blob.MaxParts {
		return fault.New(fault.Invalid, "destination_object_too_large", "The document is larger than can be delivered to S3 by parts.")
	}
	if err := t.abortAll(ctx, o.Key); err != nil {
		return err
	}
	id, err := t.bucket.CreateUpload(ctx, o.Key, blob.PutOptions{ContentType: o.ContentType})
	if err != nil {
		return err
	}
	if err := t.fill(ctx, o, id); err != nil {
		_ = t.abort(ctx, o.Key, id) // what it leaves, the next try drops
		return err
	}
	_ = t.abortAll(ctx, o.Key) // the object stands; the SDK began it twice if the first reply was lost
	return nil
}

// fill writes the parts and joins them.
func (t target) fill(ctx context.Context, o connector.Object, id string) error {
	var parts []blob.UploadedPart
	for offset := int64(0); offset < o.Bytes; offset += t.partBytes {
		content, err := connector.ReadPart(ctx, o, offset, min(t.partBytes, o.Bytes-offset))
		if err != nil {
			return err
		}
		part, err := t.bucket.UploadPart(ctx, o.Key, id, len(parts)+1, bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	_, err := t.bucket.CompleteUpload(ctx, o.Key, id, parts, true)
	return err
}

// abortPatience is how long dropping an upload may take once the work is given up.
const abortPatience = 10 * time.Second

// abort drops the upload although ctx may have ended.
func (t target) abort(ctx context.Context, key, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortPatience)
	defer cancel()
	return t.bucket.AbortUpload(ctx, key, id)
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
