package s3blob

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/videovector/exports/internal/fault"
)

// maxLink is how long a link of signature version 4 can live.
const maxLink = 7 * 24 * time.Hour

// Presign implements blob.Bucket. The link says application/json whatever the object's own type is.
func (b *Bucket) Presign(ctx context.Context, key, filename string, ttl time.Duration) (string, time.Time, error) {
	now := time.Now() // the signature's time, which the SDK takes from the same clock
	ttl, err := b.lifetime(ctx, now, ttl)
	if err != nil {
		return "", time.Time{}, err
	}
	req, err := s3.NewPresignClient(b.client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key,
		ResponseContentDisposition: aws.String(`attachment; filename="` + quotable.Replace(filename) + `"`),
		ResponseContentType:        aws.String("application/json"),
	}, s3.WithPresignExpires(ttl))
	if err != nil {
		return "", time.Time{}, Failure(err)
	}
	return req.URL, now.Add(ttl).UTC().Truncate(time.Second), nil
}

var quotable = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// lifetime is the link's, in whole seconds: the store ends it with the credentials that signed it.
func (b *Bucket) lifetime(ctx context.Context, now time.Time, ttl time.Duration) (time.Duration, error) {
	creds, err := b.client.Options().Credentials.Retrieve(ctx)
	if err != nil {
		return 0, Failure(err)
	}
	ttl = min(ttl, maxLink)
	if creds.CanExpire {
		ttl = min(ttl, creds.Expires.Sub(now))
	}
	if ttl = ttl.Truncate(time.Second); ttl <= 0 {
		return 0, fault.New(fault.Unavailable, "storage_failed", "No link can be made just now. Try again.")
	}
	return ttl, nil
}
