package connector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
)

// Delivery is the objects of an export, under the keys that they are to have at the destination.
type Delivery struct {
	Files    []Object // at least one
	Manifest Object
}

// Deliver puts the files and, once those stand, the manifest: whoever finds the manifest finds everything. It may run
// again from any point. The receipt says what was read back of the first file; its time is left to the caller.
func Deliver(ctx context.Context, t Target, d Delivery) (export.Receipt, error) {
	first, err := Put(ctx, t, d.Files[0])
	if err != nil {
		return export.Receipt{}, err
	}
	for _, o := range append(d.Files[1:len(d.Files):len(d.Files)], d.Manifest) {
		if _, err := Put(ctx, t, o); err != nil {
			return export.Receipt{}, err
		}
	}
	return export.Receipt{
		URI: t.URI(d.Files[0].Key), ManifestURI: t.URI(d.Manifest.Key), Bytes: first.Bytes, SHA256: first.SHA256,
		ETag: first.ETag, VersionID: first.VersionID, AlreadyPresent: first.AlreadyPresent,
	}, nil
}

// Stored is an object as read back.
type Stored struct {
	Info
	SHA256         string // lower-case hex, of the bytes read back: no store's checksum proves a multipart object
	AlreadyPresent bool   // it stood there before
}

// Put creates the object unless an equal one stands there, and reads back what then does. An object with other content
// fails with fault.Conflict and is left as it is. Put looks first, since a repeated delivery mostly finds its own work
// done; the write is conditional all the same.
func Put(ctx context.Context, t Target, o Object) (Stored, error) {
	stored, err := readBack(ctx, t, o)
	if !fault.Is(err, fault.NotFound) {
		stored.AlreadyPresent = true
		return stored, err
	}
	failpoint.Here("deliver.creating")
	err = t.Create(ctx, o)
	failpoint.Here("deliver.created")
	present := fault.Is(err, fault.Conflict) // somebody, perhaps an earlier try of ours whose reply was lost, was first
	if err != nil && !present {
		return Stored{}, err
	}
	stored, err = readBack(ctx, t, o)
	if fault.Is(err, fault.NotFound) {
		return Stored{}, fault.New(fault.Unavailable, "destination_unsettled", "The object was written and is not there.")
	}
	stored.AlreadyPresent = present
	return stored, err
}

// readBack digests what stands at the object's key and holds it against the object.
func readBack(ctx context.Context, t Target, o Object) (Stored, error) {
	body, info, err := t.Open(ctx, o.Key)
	if err != nil {
		return Stored{}, err
	}
	defer body.Close()
	digest := sha256.New()
	if info.Bytes, err = io.Copy(digest, body); err != nil {
		return Stored{}, err
	}
	sum := hex.EncodeToString(digest.Sum(nil))
	if info.Bytes != o.Bytes || sum != o.SHA256 {
		return Stored{}, fault.Newf(fault.Conflict, "destination_occupied",
			"Another object stands at %s. It was left as it is: move it away, or export to another subpath.", t.URI(o.Key))
	}
	return Stored{Info: info, SHA256: sum}, nil
}
