package azureconn

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // G501: the stores' checksum of what is sent; what an export is held against is SHA-256
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// Create implements connector.Target.
func (t *target) Create(ctx context.Context, o connector.Object) error {
	if err := checkKey(o.Key); err != nil {
		return err
	}
	if o.Bytes > t.blockBytes {
		return t.upload(ctx, o)
	}
	return t.put(ctx, o, "If-None-Match", "*", toWrite)
}

// put writes the object by one request, under the condition that the header states.
func (t *target) put(ctx context.Context, o connector.Object, header, value, permission string) error {
	content, err := connector.ReadPart(ctx, o, 0, o.Bytes)
	if err != nil {
		return err
	}
	return t.tell(ctx, request{method: http.MethodPut, address: t.blob(o.Key, nil), body: content, header: map[string]string{
		"x-ms-blob-type": "BlockBlob", header: value, "Content-MD5": digest(content), "Content-Type": typeOf(o),
	}}, http.StatusCreated, permission)
}

// upload creates the object by blocks. It appears when their list is committed, if nothing stands there by then. Azure
// drops blocks that nobody commits after a week, or when another list is.
func (t *target) upload(ctx context.Context, o connector.Object) error {
	if o.Bytes > t.blockBytes*maxBlocks {
		return fault.New(fault.Invalid, "destination_object_too_large", "The document is larger than can be delivered to Azure by blocks.")
	}
	whole := md5.New() //nolint:gosec // G401: what Content-MD5 is made of
	var list bytes.Buffer
	list.WriteString(`<?xml version="1.0" encoding="utf-8"?><BlockList>`)
	for n, offset := 0, int64(0); offset < o.Bytes; n, offset = n+1, offset+t.blockBytes {
		content, err := connector.ReadPart(ctx, o, offset, min(t.blockBytes, o.Bytes-offset))
		if err != nil {
			return err
		}
		whole.Write(content)
		id := blockID(o, n)
		if err := t.sendBlock(ctx, o.Key, id, content); err != nil {
			return err
		}
		fmt.Fprintf(&list, "<Uncommitted>%s</Uncommitted>", id)
	}
	list.WriteString(`</BlockList>`)
	return t.tell(ctx, request{
		method: http.MethodPut, address: t.blob(o.Key, url.Values{"comp": {"blocklist"}}), body: list.Bytes(), header: map[string]string{
			"If-None-Match": "*", "Content-MD5": digest(list.Bytes()), "Content-Type": "application/xml", "x-ms-blob-content-type": typeOf(o),
			"x-ms-blob-content-md5": base64.StdEncoding.EncodeToString(whole.Sum(nil)),
		},
	}, http.StatusCreated, toWrite)
}

// blockID names a block by the document and its place in it, so that a block is never taken for another document's. All
// of a document's have the same length, as Azure demands.
func blockID(o connector.Object, n int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%.32s-%06d", o.SHA256, n))
}

// maxTries is how often a block is sent.
const maxTries = 3

// sendBlock sends a block, again if the connection broke: the same block again replaces what arrived of it.
func (t *target) sendBlock(ctx context.Context, key, id string, content []byte) (err error) {
	address := t.blob(key, url.Values{"comp": {"block"}, "blockid": {id}})
	for range maxTries {
		err = t.tell(ctx, request{method: http.MethodPut, address: address, body: content, header: map[string]string{"Content-MD5": digest(content)}}, http.StatusCreated, toWrite)
		if !fault.Is(err, fault.Unavailable) || ctx.Err() != nil {
			break
		}
	}
	return err
}

func typeOf(o connector.Object) string {
	if o.ContentType == "" {
		return "application/octet-stream"
	}
	return o.ContentType
}

// digest is by what Azure notices a changed byte.
func digest(content []byte) string {
	sum := md5.Sum(content) //nolint:gosec // G401: what Content-MD5 is made of
	return base64.StdEncoding.EncodeToString(sum[:])
}
