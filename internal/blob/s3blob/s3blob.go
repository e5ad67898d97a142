// Package s3blob is object storage in Amazon S3 and what speaks its protocol.
package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

// NewClient makes an S3 client. With an endpoint, which only a local service has, buckets are named in the path.
func NewClient(cfg aws.Config, endpoint string) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
			o.UsePathStyle = true
		}
	})
}

// Bucket is one S3 bucket.
type Bucket struct {
	client *s3.Client
	name   string
}

var _ blob.Bucket = (*Bucket)(nil)

// New binds the client to a bucket.
func New(client *s3.Client, bucket string) *Bucket { return &Bucket{client, bucket} }

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Head implements blob.Reader.
func (b *Bucket) Head(ctx context.Context, key string) (blob.Info, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return blob.Info{}, Failure(err)
	}
	return blob.Info{
		Key: key, Bytes: aws.ToInt64(out.ContentLength), ETag: unquote(out.ETag), VersionID: aws.ToString(out.VersionId),
		ContentType: aws.ToString(out.ContentType), LastModified: aws.ToTime(out.LastModified),
	}, nil
}

// Open implements blob.Reader.
func (b *Bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, blob.Info, error) {
	if length == 0 {
		info, err := b.Head(ctx, key)
		return io.NopCloser(strings.NewReader("")), info, err
	}
	in := &s3.GetObjectInput{Bucket: &b.name, Key: &key}
	if offset > 0 || length > 0 {
		in.Range = aws.String(rangeHeader(offset, length))
	}
	out, err := b.client.GetObject(ctx, in)
	if err != nil {
		return nil, blob.Info{}, Failure(err)
	}
	info := blob.Info{
		Key: key, Bytes: totalBytes(out), ETag: unquote(out.ETag), VersionID: aws.ToString(out.VersionId),
		ContentType: aws.ToString(out.ContentType), LastModified: aws.ToTime(out.LastModified),
	}
	return body{out.Body}, info, nil
}

func rangeHeader(offset, length int64) string {
	if length < 0 {
		return fmt.Sprintf("bytes=%d-", offset)
	}
	return fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)
}

// totalBytes is the size of the whole object, which a ranged reply gives after the slash of Content-Range.
func totalBytes(out *s3.GetObjectOutput) int64 {
	_, after, ok := strings.Cut(aws.ToString(out.ContentRange), "/")
	var total int64
	if _, err := fmt.Sscanf(after, "%d", &total); ok && err == nil {
		return total
	}
	return aws.ToInt64(out.ContentLength)
}

// body gives read failures a kind: a connection that breaks off may be whole the next time.
type body struct{ io.ReadCloser }

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = Failure(err)
	}
	return n, err
}

// List implements blob.Reader.
func (b *Bucket) List(ctx context.Context, prefix, startAfter string, limit int) ([]blob.Info, error) {
	var all []blob.Info
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, MaxKeys: aws.Int32(int32(min(limit, 1000)))} //nolint:gosec // G115: at most 1,000
	if startAfter != "" {
		in.StartAfter = &startAfter
	}
	for len(all) < limit {
		page, err := b.client.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, Failure(err)
		}
		for _, o := range page.Contents {
			all = append(all, blob.Info{Key: aws.ToString(o.Key), Bytes: aws.ToInt64(o.Size), ETag: unquote(o.ETag), LastModified: aws.ToTime(o.LastModified)})
		}
		if !aws.ToBool(page.IsTruncated) {
			break
		}
		in.ContinuationToken = page.NextContinuationToken
	}
	return all[:min(limit, len(all))], nil
}

// Put implements blob.Writer.
func (b *Bucket) Put(ctx context.Context, key string, content []byte, o blob.PutOptions) (blob.Info, error) {
	digest, err := contentMD5(bytes.NewReader(content))
	if err != nil {
		return blob.Info{}, err
	}
	in := &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(content), ContentLength: aws.Int64(int64(len(content))),
		ContentMD5: &digest, ContentType: contentType(o), Tagging: tagging(o.Tag),
	}
	if o.IfAbsent {
		in.IfNoneMatch = aws.String("*")
	}
	out, err := b.client.PutObject(ctx, in)
	if err != nil {
		return blob.Info{}, b.putFailure(ctx, key, o, Failure(err))
	}
	return blob.Info{Key: key, Bytes: int64(len(content)), ETag: unquote(out.ETag), VersionID: aws.ToString(out.VersionId)}, nil
}

// putFailure is the failure of a Put. A store that refuses a conditional one may hang up while the object is still on its
// way, and its refusal is lost: then what counts is whether an object stands there, be it somebody else's or, if only the
// reply was lost, this one.
func (b *Bucket) putFailure(ctx context.Context, key string, o blob.PutOptions, failure error) error {
	if !o.IfAbsent || !fault.Is(failure, fault.Unavailable) {
		return failure
	}
	if _, err := b.Head(ctx, key); err != nil {
		return failure
	}
	return fault.Wrap(failure, fault.Conflict, "storage_failed", "The object storage has an object there already.")
}

// Delete implements blob.Writer.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	return absentIsFine(Failure(err))
}

func contentType(o blob.PutOptions) *string {
	if o.ContentType == "" {
		return aws.String("application/octet-stream")
	}
	return &o.ContentType
}

// tagging is the header's value, nil for none.
func tagging(t blob.Tag) *string {
	if t == (blob.Tag{}) {
		return nil
	}
	return aws.String(url.QueryEscape(t.Name) + "=" + url.QueryEscape(t.Value))
}

func unquote(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

func absentIsFine(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func completed(parts []blob.UploadedPart) *types.CompletedMultipartUpload {
	c := &types.CompletedMultipartUpload{}
	for _, p := range parts {
		c.Parts = append(c.Parts, types.CompletedPart{PartNumber: aws.Int32(int32(p.Number)), ETag: aws.String(p.ETag)}) //nolint:gosec // G115: at most 10,000 parts
	}
	return c
}
