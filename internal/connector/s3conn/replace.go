package s3conn

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // G501: the stores' checksum of what is sent; what an export is held against is SHA-256
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// Replace implements connector.Target.
func (t target) Replace(ctx context.Context, o connector.Object, old connector.Info) error {
	if err := connector.CheckKey(o.Key); err != nil {
		return err
	}
	content, err := connector.ReadPart(ctx, o, 0, o.Bytes)
	if err != nil {
		return err
	}
	digest := md5.Sum(content) //nolint:gosec // G401: what Content-MD5 is made of
	_, err = t.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &t.name, Key: &o.Key, Body: bytes.NewReader(content), ContentLength: aws.Int64(o.Bytes), ContentType: aws.String(o.ContentType),
		ContentMD5: aws.String(base64.StdEncoding.EncodeToString(digest[:])), IfMatch: aws.String(`"` + old.ETag + `"`),
	})
	if fault.Is(s3blob.Failure(err), fault.NotFound) { // nothing stands there that could be the old one
		return fault.Wrap(err, fault.Conflict, "destination_changed", "The object that was to be replaced is gone.")
	}
	return t.explain(err)
}
