// Package s3conn delivers into customers' S3 buckets, with the keys that their connector holds or under a role of
// theirs. It uses s3blob for the protocol, since two implementations of multipart uploads would be one too many.
package s3conn

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// Opener opens S3 connectors.
type Opener struct {
	Sealer seal.Sealer
	Client *http.Client // the guard's
	// Self is the service's own region and credentials, with which customers' roles are taken; without credentials,
	// connectors with a role can't be used.
	Self aws.Config
	// Endpoint and STSEndpoint are where every connector's bucket and role are, in place of Amazon's own addresses; only
	// a local service and tests have them. A connector names no address: a customer must not be able to point the
	// service at a host of their choice.
	Endpoint, STSEndpoint string
	// Attempts is how often a call is made at most; 0 means the SDK's three.
	Attempts int
	// PartBytes is the size of the parts in which larger objects are copied; 0 means 16 MiB. Tests make parts of less.
	PartBytes int64
}

var _ connector.Opener = Opener{}

// defaultPartBytes is what is held of an object; S3's 10,000 parts make 160 GB of it.
const defaultPartBytes = 16 << 20

// OpenTarget implements connector.Opener.
func (o Opener) OpenTarget(ctx context.Context, c store.Connector) (connector.Target, error) {
	if err := errors.Join(connector.CheckRegion(c.Region), connector.CheckBucketS3(c.Bucket)); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "connector_unusable", "The connector's region or bucket is not one of AWS's.")
	}
	keys, err := o.credentials(ctx, c)
	if err != nil {
		return nil, err
	}
	cfg := aws.Config{Region: c.Region, Credentials: keys, HTTPClient: bounded{o.Client}, Retryer: o.retryer, AppID: guard.UserAgent}
	t := target{client: s3blob.NewClient(cfg, o.Endpoint), name: c.Bucket, region: c.Region, partBytes: o.PartBytes}
	t.bucket = s3blob.New(t.client, c.Bucket)
	if t.partBytes == 0 {
		t.partBytes = defaultPartBytes
	}
	return t, nil
}

// credentials are the keys that the connector holds, or those of its role.
func (o Opener) credentials(ctx context.Context, c store.Connector) (aws.CredentialsProvider, error) {
	if c.RoleARN != "" {
		return o.role(c)
	}
	secrets, err := seal.OpenSecrets(ctx, o.Sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, c.Secret)
	if err != nil {
		return nil, err
	}
	return credentials.NewStaticCredentialsProvider(secrets[connector.S3AccessKeyID].Reveal(), secrets[connector.S3SecretAccessKey].Reveal(), ""), nil
}

// retryer is the SDK's own, but for what it can't know: a refusal of ours stays one.
func (o Opener) retryer() aws.Retryer {
	return retry.NewStandard(func(s *retry.StandardOptions) {
		if o.Attempts > 0 {
			s.MaxAttempts = o.Attempts
		}
		s.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(ours)}, s.Retryables...)
	})
}

func ours(err error) aws.Ternary {
	var known *fault.Error
	if errors.As(err, &known) {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// maxReply bounds a reply that isn't an object's content, in bytes: a page of a listing is the longest.
const maxReply = 16 << 20

// bounded is the guard's client with a bound on what the SDK reads whole.
type bounded struct{ *http.Client }

// Do implements aws.HTTPClient.
func (b bounded) Do(r *http.Request) (*http.Response, error) {
	reply, err := b.Client.Do(r) //nolint:gosec // G704: the client is the guard, which refuses addresses that are not public
	if err == nil && r.URL.Query().Get("x-id") != "GetObject" {
		reply.Body = guard.Bounded(reply.Body, maxReply)
	}
	return reply, err
}
