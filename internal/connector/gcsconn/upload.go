package gcsconn

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // G501: the stores' checksum of what is sent; what an export is held against is SHA-256
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
)

// castagnoli is the polynomial of Google's checksums.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stored is what Google says of an object that it has written.
type stored struct {
	CRC32C     string `json:"crc32c"`
	Generation string `json:"generation"`
}

// absent is the condition under which an object is created.
var absent = url.Values{"ifGenerationMatch": {"0"}}

// Create implements connector.Target.
func (t *target) Create(ctx context.Context, o connector.Object) error {
	if err := connector.CheckKey(o.Key); err != nil {
		return err
	}
	if o.Bytes > t.chunkBytes {
		return t.upload(ctx, o)
	}
	content, err := connector.ReadPart(ctx, o, 0, o.Bytes)
	if err != nil {
		return err
	}
	return t.write(ctx, o, content, absent, toCreate)
}

// write writes the object by one request, whose metadata holds the digests that Google checks.
func (t *target) write(ctx context.Context, o connector.Object, content []byte, when url.Values, permission string) error {
	digest := md5.Sum(content) //nolint:gosec // G401: what Content-MD5 is made of
	checksum := encodeCRC(crc32.Checksum(content, castagnoli))
	body, boundary, err := related(map[string]string{
		"name": o.Key, "contentType": typeOf(o), "md5Hash": base64.StdEncoding.EncodeToString(digest[:]), "crc32c": checksum,
	}, typeOf(o), content)
	if err != nil {
		return err
	}
	var s stored
	err = t.ask(ctx, request{
		method: http.MethodPost, address: t.objects("/upload/storage/v1") + "?uploadType=multipart&" + when.Encode(), body: body,
		header: map[string]string{"Content-Type": "multipart/related; boundary=" + boundary}, permission: permission,
	}, &s)
	if err != nil {
		return err
	}
	return t.verify(ctx, o.Key, s, checksum)
}

// related is a body of two parts, the object's metadata and its content.
func related(metadata map[string]string, contentType string, content []byte) (body []byte, boundary string, err error) {
	var b bytes.Buffer
	b.Grow(len(content) + 4096)
	w := multipart.NewWriter(&b)
	head, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/json; charset=UTF-8"}})
	if err != nil {
		return nil, "", err
	}
	if err := json.NewEncoder(head).Encode(metadata); err != nil {
		return nil, "", err
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {contentType}})
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(content); err != nil {
		return nil, "", err
	}
	err = w.Close()
	return b.Bytes(), w.Boundary(), err
}

// verify removes what was written if it isn't what was sent. Google checks that itself, by the digests that came with
// it; a store that doesn't is not to be believed.
func (t *target) verify(ctx context.Context, key string, s stored, checksum string) error {
	if s.CRC32C == checksum {
		return nil
	}
	damaged := fault.New(fault.Unavailable, "destination_damaged", "What arrived at the destination was not what was sent.")
	if s.Generation == "" { // nor does it say what it wrote
		return damaged
	}
	err := t.ask(ctx, request{method: http.MethodDelete, address: t.object(key, url.Values{"generation": {s.Generation}}), permission: toDelete}, nil)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return damaged
}

func typeOf(o connector.Object) string {
	if o.ContentType == "" {
		return "application/octet-stream"
	}
	return o.ContentType
}

// encodeCRC is a checksum as Google writes it: four bytes, big endian, in base64.
func encodeCRC(sum uint32) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}
