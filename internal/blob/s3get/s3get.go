// Package s3get reads ranges of objects in S3 by one signed request each. It is for functions that read now and then and
// must stay light: S3's SDK would add a megabyte to each.
package s3get

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/fault"
)

// patience is how long a request and the reading of its reply may take together.
const patience = 10 * time.Second

// emptyDigest is the SHA-256 of no body at all, which S3 wants said.
const emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Bucket is one S3 bucket.
type Bucket struct {
	cfg    aws.Config
	base   string // address of the bucket, without a slash at its end
	client *http.Client
	signer *v4.Signer
}

// New binds to a bucket. With an endpoint, which only a local service has, that is where it is.
func New(cfg aws.Config, endpoint, bucket string) *Bucket {
	if endpoint == "" {
		endpoint = "https://s3." + cfg.Region + "." + suffix(cfg.Region)
	}
	sign := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // S3 signs the path as it is sent
	return &Bucket{cfg, strings.TrimSuffix(endpoint, "/") + "/" + bucket, &http.Client{Timeout: patience}, sign}
}

// suffix is the domain of the region's partition.
func suffix(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// Open streams length bytes of the object from offset; length must be positive. It is tried once: whoever asked may ask
// again.
func (b *Bucket) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, blob.Info, error) {
	req, err := b.request(ctx, key, fmt.Sprintf("bytes=%d-%d", offset, offset+length-1))
	if err != nil {
		return nil, blob.Info{}, err
	}
	res, err := b.client.Do(req)
	if err != nil {
		return nil, blob.Info{}, unavailable(err)
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent {
		_ = res.Body.Close() // its text may hold the request
		return nil, blob.Info{}, fault.Newf(StatusKind(res.StatusCode), "storage_failed", "The object storage answered %d.", res.StatusCode)
	}
	_, total, _ := strings.Cut(res.Header.Get("Content-Range"), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		size = res.ContentLength
	}
	return res.Body, blob.Info{Key: key, Bytes: size, ETag: strings.Trim(res.Header.Get("ETag"), `"`)}, nil
}

func (b *Bucket) request(ctx context.Context, key, byteRange string) (*http.Request, error) {
	if b.cfg.Credentials == nil {
		return nil, fault.New(fault.Internal, "credentials_missing", "The service has no credentials.")
	}
	credentials, err := b.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+"/"+escaped(key), nil)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "address_invalid", "The object storage has no usable address.")
	}
	req.Header.Set("Range", byteRange)
	req.Header.Set("X-Amz-Content-Sha256", emptyDigest)
	if err := b.signer.SignHTTP(ctx, credentials, req, emptyDigest, "s3", b.cfg.Region, time.Now()); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "not_signed", "The request could not be signed.")
	}
	return req, nil
}

// escaped is the key in a path: everything but unreserved characters and slashes is encoded.
func escaped(key string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(key))
}

// StatusKind is the kind of failure that a status of S3 is, where its error code says no more.
func StatusKind(status int) fault.Kind {
	switch {
	case status == http.StatusNotFound:
		return fault.NotFound
	case status == http.StatusPreconditionFailed:
		return fault.Conflict
	case status == http.StatusRequestedRangeNotSatisfiable:
		return fault.Invalid
	case status == http.StatusTooManyRequests:
		return fault.Throttled
	case status >= 500 || status == http.StatusConflict || status == http.StatusRequestTimeout:
		return fault.Unavailable
	}
	return fault.Internal
}

func unavailable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "storage_failed", "The object storage did not answer. Try again.")
}
