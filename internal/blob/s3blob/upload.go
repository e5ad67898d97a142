package s3blob

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/blob"
)

// CreateUpload implements blob.Uploader.
func (b *Bucket) CreateUpload(ctx context.Context, key string, o blob.PutOptions) (string, error) {
	out, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &key, ContentType: contentType(o)})
	if err != nil {
		return "", failure(err)
	}
	return aws.ToString(out.UploadId), nil
}

// UploadPart implements blob.Uploader. The content is not hashed a second time for the signature: TLS and the part's
// ETag protect it.
func (b *Bucket) UploadPart(ctx context.Context, key, uploadID string, n int, content io.ReadSeeker, size int64) (blob.UploadedPart, error) {
	out, err := b.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &b.name, Key: &key, UploadId: &uploadID, PartNumber: aws.Int32(int32(n)), Body: content, ContentLength: &size,
	}, s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware))
	if err != nil {
		return blob.UploadedPart{}, failure(err)
	}
	return blob.UploadedPart{Number: n, ETag: aws.ToString(out.ETag)}, nil
}

// CompleteUpload implements blob.Uploader.
func (b *Bucket) CompleteUpload(ctx context.Context, key, uploadID string, parts []blob.UploadedPart, ifAbsent bool) (blob.Info, error) {
	in := &s3.CompleteMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &uploadID, MultipartUpload: completed(parts)}
	if ifAbsent {
		in.IfNoneMatch = aws.String("*")
	}
	out, err := b.client.CompleteMultipartUpload(ctx, in)
	if err != nil {
		return blob.Info{}, failure(err)
	}
	return blob.Info{Key: key, ETag: unquote(out.ETag), VersionID: aws.ToString(out.VersionId)}, nil
}

// AbortUpload implements blob.Uploader.
func (b *Bucket) AbortUpload(ctx context.Context, key, uploadID string) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &uploadID})
	return absentIsFine(failure(err))
}

// Uploads implements blob.Uploader.
func (b *Bucket) Uploads(ctx context.Context, prefix string) ([]blob.Upload, error) {
	var all []blob.Upload
	pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failure(err)
		}
		for _, u := range page.Uploads {
			all = append(all, blob.Upload{Key: aws.ToString(u.Key), ID: aws.ToString(u.UploadId)})
		}
	}
	return all, nil
}
