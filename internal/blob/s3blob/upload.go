package s3blob

import (
	"context"
	"crypto/md5" //nolint:gosec // G501: the stores' checksum of what is sent; what an export is held against is SHA-256
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

// CreateUpload implements blob.Uploader.
func (b *Bucket) CreateUpload(ctx context.Context, key string, o blob.PutOptions) (string, error) {
	out, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &b.name, Key: &key, ContentType: contentType(o), Tagging: tagging(o.Tag),
	})
	if err != nil {
		return "", Failure(err)
	}
	return aws.ToString(out.UploadId), nil
}

// UploadPart implements blob.Uploader. The content is read twice and never copied: once for the digest that the store
// checks, which buckets with object lock demand, and once to send it. The signature leaves it out.
func (b *Bucket) UploadPart(ctx context.Context, key, uploadID string, n int, content io.ReadSeeker, size int64) (blob.UploadedPart, error) {
	digest, err := contentMD5(content)
	if err != nil {
		return blob.UploadedPart{}, err
	}
	out, err := b.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &b.name, Key: &key, UploadId: &uploadID, PartNumber: aws.Int32(int32(n)), //nolint:gosec // G115: at most 10,000 parts
		Body: content, ContentLength: &size, ContentMD5: &digest,
	}, s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware))
	if err != nil {
		return blob.UploadedPart{}, Failure(err)
	}
	return blob.UploadedPart{Number: n, ETag: aws.ToString(out.ETag)}, nil
}

var _ blob.Copier = (*Bucket)(nil)

// CopyPart implements blob.Copier.
func (b *Bucket) CopyPart(ctx context.Context, key, uploadID string, n int, from blob.CopySource) (blob.UploadedPart, error) {
	source := strings.ReplaceAll((&url.URL{Path: from.Bucket + "/" + from.Key}).EscapedPath(), "+", "%2B") // a plus may be read as a blank
	out, err := b.client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
		Bucket: &b.name, Key: &key, UploadId: &uploadID, PartNumber: aws.Int32(int32(n)), CopySource: &source, //nolint:gosec // G115: at most 10,000 parts
		CopySourceIfMatch: aws.String(`"` + from.ETag + `"`),
		CopySourceRange:   aws.String(fmt.Sprintf("bytes=%d-%d", from.Offset, from.Offset+from.Length-1)),
	})
	if err != nil {
		return blob.UploadedPart{}, Failure(err)
	}
	if out.CopyPartResult == nil {
		return blob.UploadedPart{}, fault.New(fault.Unavailable, "storage_failed", "The object storage did not say what it copied.")
	}
	return blob.UploadedPart{Number: n, ETag: aws.ToString(out.CopyPartResult.ETag)}, nil
}

// contentMD5 digests what is left of the content and goes back to where it was.
func contentMD5(content io.ReadSeeker) (string, error) {
	start, err := content.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", unreadable(err)
	}
	digest := md5.New() //nolint:gosec // G401: what Content-MD5 is made of
	if _, err := io.Copy(digest, content); err != nil {
		return "", unreadable(err)
	}
	if _, err := content.Seek(start, io.SeekStart); err != nil {
		return "", unreadable(err)
	}
	return base64.StdEncoding.EncodeToString(digest.Sum(nil)), nil
}

func unreadable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "part_unreadable", "The content could not be read.")
}

// CompleteUpload implements blob.Uploader.
func (b *Bucket) CompleteUpload(ctx context.Context, key, uploadID string, parts []blob.UploadedPart, ifAbsent bool) (blob.Info, error) {
	in := &s3.CompleteMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &uploadID, MultipartUpload: completed(parts)}
	if ifAbsent {
		in.IfNoneMatch = aws.String("*")
	}
	out, err := b.client.CompleteMultipartUpload(ctx, in)
	if err != nil {
		return blob.Info{}, Failure(err)
	}
	return blob.Info{Key: key, ETag: unquote(out.ETag), VersionID: aws.ToString(out.VersionId)}, nil
}

// Parts implements blob.Uploader.
func (b *Bucket) Parts(ctx context.Context, key, uploadID string, first, limit int) ([]blob.Part, error) {
	var all []blob.Part
	pages := s3.NewListPartsPaginator(b.client, &s3.ListPartsInput{
		Bucket: &b.name, Key: &key, UploadId: &uploadID, PartNumberMarker: aws.String(strconv.Itoa(first - 1)),
		MaxParts: aws.Int32(int32(min(limit, 1000))), //nolint:gosec // G115: at most 1,000
	})
	for pages.HasMorePages() && len(all) < limit {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, Failure(err)
		}
		for _, p := range page.Parts {
			all = append(all, blob.Part{UploadedPart: blob.UploadedPart{Number: int(aws.ToInt32(p.PartNumber)), ETag: aws.ToString(p.ETag)}, Bytes: aws.ToInt64(p.Size)})
		}
	}
	return all[:min(limit, len(all))], nil
}

// AbortUpload implements blob.Uploader.
func (b *Bucket) AbortUpload(ctx context.Context, key, uploadID string) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &uploadID})
	return absentIsFine(Failure(err))
}

// Uploads implements blob.Uploader.
func (b *Bucket) Uploads(ctx context.Context, prefix string) ([]blob.Upload, error) {
	var all []blob.Upload
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, Failure(err)
		}
		for _, u := range page.Uploads {
			all = append(all, blob.Upload{Key: aws.ToString(u.Key), ID: aws.ToString(u.UploadId)})
		}
	}
	return all, nil
}
