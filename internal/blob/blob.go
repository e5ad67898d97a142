// Package blob is the contract of object storage, as much of it as exporting needs: ranged reads, conditional writes,
// multipart uploads with part numbers of the caller's choice, and presigned links. A Bucket is bound to one bucket;
// s3blob implements it and blobtest is the suite that an implementation passes. Every failure is a *fault.Error:
// absence is fault.NotFound, a refused condition fault.Conflict.
package blob

import (
	"context"
	"io"
	"time"
)

// Limits of the S3 protocol.
const (
	MaxParts     = 10_000
	MinPartBytes = 5 << 20 // every part but the last
)

// Bucket is one bucket. Implementations are safe for concurrent use.
type Bucket interface {
	Reader
	Writer
	Uploader
	// Presign makes a link that GETs the object as an attachment of the given file name, without further credentials.
	// It ends after ttl, or earlier when the signing credentials do; the returned time says when.
	Presign(ctx context.Context, key, filename string, ttl time.Duration) (url string, expires time.Time, err error)
}

// Reader reads objects.
type Reader interface {
	Name() string
	Head(ctx context.Context, key string) (Info, error)
	// Open streams length bytes from offset; length < 0 means to the end. The body is closed by the caller. An offset at or
	// past the end fails with fault.Invalid.
	Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, Info, error)
	// List gives up to limit keys under prefix in key order, from after startAfter on.
	List(ctx context.Context, prefix, startAfter string, limit int) ([]Info, error)
}

// Writer writes small objects whole.
type Writer interface {
	// Put writes body as the object and gives its key, size, ETag and version. With IfAbsent an object that exists fails
	// with fault.Conflict and is unchanged; it may be this very call's own, written by a try whose reply was lost. A call
	// that failed with a time-out may have written.
	Put(ctx context.Context, key string, body []byte, o PutOptions) (Info, error)
	// Delete removes the object; an absent one is success.
	Delete(ctx context.Context, key string) error
}

// PutOptions are the conditions and properties of a write.
type PutOptions struct {
	IfAbsent    bool
	ContentType string // "" means application/octet-stream
	Tag         Tag    // the zero value gives the object none
}

// Tag is what a bucket's lifecycle knows an object by. Name and Value are letters, digits and dashes.
type Tag struct{ Name, Value string }

// Uploader writes large objects by parts. The object appears whole at CompleteUpload and not before.
type Uploader interface {
	CreateUpload(ctx context.Context, key string, o PutOptions) (uploadID string, err error)
	// UploadPart writes part number n (1 to MaxParts); the same number again replaces the part. An upload that was
	// completed or aborted fails with fault.NotFound.
	UploadPart(ctx context.Context, key, uploadID string, n int, body io.ReadSeeker, size int64) (UploadedPart, error)
	// Parts lists what the upload holds of the parts from number first on, at most limit of them, in ascending order, with
	// the ETags that UploadPart gave. An upload that was completed or aborted fails with fault.NotFound.
	Parts(ctx context.Context, key, uploadID string, first, limit int) ([]Part, error)
	// CompleteUpload joins the parts, which are given in ascending order, and gives the object's key, ETag and version.
	// With ifAbsent an object that exists fails with fault.Conflict and is unchanged. An unknown upload fails with
	// fault.NotFound: it may have been completed before. Completing a completed upload again either succeeds without
	// effect or fails so.
	CompleteUpload(ctx context.Context, key, uploadID string, parts []UploadedPart, ifAbsent bool) (Info, error)
	// AbortUpload drops the upload and its parts; an unknown one is success.
	AbortUpload(ctx context.Context, key, uploadID string) error
	// Uploads lists open uploads of keys under prefix.
	Uploads(ctx context.Context, prefix string) ([]Upload, error)
}

// Copier copies between the buckets of one store; the bytes don't pass through the caller. Not every Bucket is one.
type Copier interface {
	// CopyPart writes part number n out of a range of another object, which must still have the ETag: else it fails with
	// fault.Conflict. S3 copies ranges of objects above MinPartBytes only.
	CopyPart(ctx context.Context, key, uploadID string, n int, from CopySource) (UploadedPart, error)
}

// CopySource is a range of an object.
type CopySource struct {
	Bucket, Key    string
	ETag           string // without quotes
	Offset, Length int64
}

// Info describes an object.
type Info struct {
	Key          string
	Bytes        int64
	ETag         string // without quotes
	VersionID    string // "" where the bucket keeps no versions
	ContentType  string
	LastModified time.Time
}

// UploadedPart is what CompleteUpload needs of a part.
type UploadedPart struct {
	Number int    `json:"number"`
	ETag   string `json:"etag"`
}

// Part is a part that an open upload holds.
type Part struct {
	UploadedPart
	Bytes int64
}

// Upload is an open multipart upload.
type Upload struct {
	Key string
	ID  string
}
