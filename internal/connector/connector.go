// Package connector is the contract of delivery into a customer's own storage, and the rules that hold whatever the
// provider is: data first and the manifest last, nothing overwritten, an equal object counts as delivered, and a
// receipt made from what is read back. s3conn implements the contract; conntest is the suite that every
// implementation passes.
package connector

import (
	"context"
	"io"

	"github.com/videovector/exports/internal/store"
)

// Target is one customer bucket, opened with the connector's own credentials. Every failure is a *fault.Error whose
// message tells the connector's owner what to mend and holds no secret.
type Target interface {
	// Put streams the object to the key unless it exists. An existing object of the same size and SHA-256 is success
	// with AlreadyPresent set; any other existing object fails with fault.Conflict and is left as it is. It returns
	// what it read back from the store after the write.
	Put(ctx context.Context, o Object) (Stored, error)
	// URI is the address that users see for a key: s3://bucket/key, gs://bucket/key, https://….
	URI(key string) string
}

// Object is what to deliver. Open gives the content from an offset on and may be called more than once.
type Object struct {
	Key         string
	Bytes       int64
	SHA256      string // lower-case hex
	ContentType string
	Open        func(ctx context.Context, offset, length int64) (io.ReadCloser, error)
}

// Stored is the object as read back at the destination.
type Stored struct {
	Bytes          int64
	SHA256         string // lower-case hex, as the store proves it or as computed from the bytes read back
	ETag           string
	VersionID      string
	AlreadyPresent bool
}

// Opener opens a connector record: it unseals the secret and builds the provider's client.
type Opener interface {
	OpenTarget(ctx context.Context, c store.Connector) (Target, error)
}
