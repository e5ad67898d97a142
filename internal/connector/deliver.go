package connector

import (
	"context"

	"github.com/videovector/exports/internal/export"
)

// Delivery is the two objects of an export, under the keys that they are to have at the destination.
type Delivery struct {
	Document Object
	Manifest Object
}

// Deliver puts the document and, once that stands, the manifest: whoever finds the manifest finds the document. It may
// run again from any point. The receipt says what was read back; its time is left to the caller.
func Deliver(ctx context.Context, t Target, d Delivery) (export.Receipt, error) {
	document, err := t.Put(ctx, d.Document)
	if err != nil {
		return export.Receipt{}, err
	}
	if _, err := t.Put(ctx, d.Manifest); err != nil {
		return export.Receipt{}, err
	}
	return export.Receipt{
		URI: t.URI(d.Document.Key), ManifestURI: t.URI(d.Manifest.Key), Bytes: document.Bytes, SHA256: document.SHA256,
		ETag: document.ETag, VersionID: document.VersionID, AlreadyPresent: document.AlreadyPresent,
	}, nil
}
