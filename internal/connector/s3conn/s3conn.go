// Package s3conn delivers into customers' S3 buckets with the keys that their connector holds. It uses s3blob for the
// protocol, since two implementations of multipart uploads would be one too many.
package s3conn

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// Names of an S3 connector's secrets.
const (
	AccessKeyID     = "access_key_id"
	SecretAccessKey = "secret_access_key"
)

// Opener opens S3 connectors.
type Opener struct {
	Sealer seal.Sealer
	// Endpoint is where every connector's bucket is, in place of Amazon's own address; only a local service has one. A
	// connector names no address: a customer must not be able to point the service at a host of their choice.
	Endpoint string
}

var _ connector.Opener = Opener{}

// OpenTarget implements connector.Opener.
func (o Opener) OpenTarget(ctx context.Context, c store.Connector) (connector.Target, error) {
	if !regions[c.Region] {
		return nil, fault.Newf(fault.Invalid, "connector_region_unknown", "%q is not an AWS region.", c.Region)
	}
	secrets, err := seal.OpenSecrets(ctx, o.Sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, c.Secret)
	if err != nil {
		return nil, err
	}
	cfg := aws.Config{
		Region:      c.Region,
		Credentials: credentials.NewStaticCredentialsProvider(secrets[AccessKeyID].Reveal(), secrets[SecretAccessKey].Reveal(), ""),
		HTTPClient:  &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	var bucket blob.Bucket = s3blob.New(s3blob.NewClient(cfg, o.Endpoint), c.Bucket)
	return target{bucket}, nil
}

// regions is the closed list of regions that a connector may name.
var regions = func() map[string]bool {
	set := map[string]bool{}
	for _, r := range []string{
		"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
		"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7",
		"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
		"eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1",
		"us-east-1", "us-east-2", "us-west-1", "us-west-2",
	} {
		set[r] = true
	}
	return set
}()
