// Package gcsconn delivers into customers' Cloud Storage buckets, over the JSON API and with the service account that
// their connector holds. It speaks plain HTTP: what it needs of Google's SDK is less than what the SDK would add to the
// function that delivers.
package gcsconn

import (
	"context"
	"net/http"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// Opener opens GCS connectors.
type Opener struct {
	Sealer seal.Sealer
	Client *http.Client // the guard's
	// Endpoint and TokenURL are where every connector's bucket and token are, in place of Google's own addresses; only a
	// local service and tests have them.
	Endpoint, TokenURL string
	// ChunkBytes is what is held of an object, and the size of the chunks in which larger ones are uploaded, a multiple
	// of 256 KiB; 0 means 8 MiB. Tests make chunks of less.
	ChunkBytes int64
	Clock      func() time.Time // nil means time.Now
}

var _ connector.Opener = Opener{}

const (
	storageURL        = "https://storage.googleapis.com"
	defaultChunkBytes = 8 << 20
)

// OpenTarget implements connector.Opener.
func (o Opener) OpenTarget(ctx context.Context, c store.Connector) (connector.Target, error) {
	if err := connector.CheckBucketGCS(c.Bucket); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "connector_unusable", "The connector's bucket is not one of Cloud Storage.")
	}
	secrets, err := seal.OpenSecrets(ctx, o.Sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, c.Secret)
	if err != nil {
		return nil, err
	}
	tokens, err := o.tokens(secrets)
	if err != nil {
		return nil, err
	}
	t := &target{client: o.Client, base: storageURL, bucket: c.Bucket, tokens: tokens, chunkBytes: defaultChunkBytes, google: o.Endpoint == ""}
	if o.Endpoint != "" {
		t.base = o.Endpoint
	}
	if o.ChunkBytes > 0 {
		t.chunkBytes = o.ChunkBytes
	}
	return t, nil
}
