// Package connector is the contract of a customer's own storage, and the rules that hold whatever the provider is: data
// first and the manifest last, nothing overwritten, an equal object counts as delivered, and a receipt made from what
// is read back. s3conn, gcsconn and azureconn implement the contract; conntest is the suite that each of them passes.
package connector

import (
	"context"
	"io"
	"iter"
	"time"
	"unicode/utf8"

	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// Target is one customer bucket, opened with the connector's own credentials. Every failure is a *fault.Error: Invalid
// is for the connector's owner to mend, and its message says what in words; Throttled carries the wait that the store
// asked for; Unavailable may pass. No message holds a secret. Any call may have happened although it failed. A key that
// CheckKey refuses is refused before anything is sent.
type Target interface {
	// URI is the address that users see for a key: s3://bucket/key, gs://bucket/key, https://….
	URI(key string) string
	// Create streams the object to its key, provided that nothing stands there; else it fails with fault.Conflict. The
	// object appears whole or not at all, and an attempt that broke off leaves nothing that a later one doesn't clear
	// away or the store drops by itself.
	Create(ctx context.Context, o Object) error
	// Replace writes a small object, by one request, over the one that Open told old of, provided that this one still
	// stands there; else, also where nothing does any more, it fails with fault.Conflict. Whoever reads the key sees the
	// old object or the new one, whole. It is for pointers only: a document is never written over.
	Replace(ctx context.Context, o Object, old Info) error
	// Open reads the object at the key to its end; the body is closed by the caller. Absence is fault.NotFound.
	Open(ctx context.Context, key string) (io.ReadCloser, Info, error)
	// Remove deletes the object; an absent one is success.
	Remove(ctx context.Context, key string) error
	// List gives the objects whose keys begin with the prefix, page by page as the caller goes on. It ends after the
	// first failure.
	List(ctx context.Context, q ListQuery) iter.Seq2[File, error]
}

// Abandoner is a Target whose store shows, and charges for, what an attempt at Create left that broke off.
type Abandoner interface {
	// Abandon drops what was begun under the key and has not become an object.
	Abandon(ctx context.Context, key string) error
}

// Object is what to write. Open gives the content from an offset on and may be called more than once.
type Object struct {
	Key         string
	Bytes       int64
	SHA256      string // lower-case hex
	ContentType string
	Open        func(ctx context.Context, offset, length int64) (io.ReadCloser, error)
}

// ReadPart reads length bytes of the object from an offset on. Content that fails, or ends early, is fault.Unavailable
// unless its own failure says otherwise.
func ReadPart(ctx context.Context, o Object, offset, length int64) ([]byte, error) {
	content := make([]byte, length)
	if length == 0 {
		return content, nil
	}
	failpoint.Here("deliver.part")
	body, err := o.Open(ctx, offset, length)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if _, err := io.ReadFull(body, content); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "artifact_unreadable", "The document could not be read back.")
	}
	return content, nil
}

// Info is what a store says of an object.
type Info struct {
	Bytes     int64
	ETag      string // without quotes
	VersionID string // S3's version, GCS's generation, Azure's version; "" where the store keeps none
}

// ListQuery selects objects.
type ListQuery struct {
	Prefix string
	Flat   bool // only keys without a "/" after the prefix
}

// File is one object of a listing.
type File struct {
	Key          string
	Bytes        int64
	LastModified time.Time
	ContentType  string // "" where the listing doesn't tell
}

// Listed gives the file if it is one that a listing can hold: its key is text, and its size is one.
func Listed(f File) (File, error) {
	if !utf8.ValidString(f.Key) || f.Bytes < 0 {
		return File{}, fault.New(fault.Unavailable, "destination_unavailable", "The destination gave a listing that can't be read.")
	}
	return f, nil
}

// Opener opens a connector record: it unseals the secret and builds the provider's client.
type Opener interface {
	OpenTarget(ctx context.Context, c store.Connector) (Target, error)
}

// Providers opens each connector by its provider's Opener.
type Providers map[string]Opener

var _ Opener = Providers{}

// OpenTarget implements Opener.
func (p Providers) OpenTarget(ctx context.Context, c store.Connector) (Target, error) {
	o, ok := p[c.Provider]
	if !ok {
		return nil, fault.Newf(fault.Invalid, "connector_provider_unsupported", "Connectors of provider %q can't be used here.", c.Provider)
	}
	return o.OpenTarget(ctx, c)
}
