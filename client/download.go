package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Document is what a download brought.
type Document struct {
	ExportID string
	Bytes    int64
	SHA256   string // of what was written, in hex
	Verified bool   // the API told the SHA-256, and it is this one
}

// DownloadOption changes how a document is downloaded.
type DownloadOption func(*download)

// WithProgress calls f as bytes arrive. total is -1 if nobody knows it; done starts again from 0 when a download does.
func WithProgress(f func(done, total int64)) DownloadOption {
	return func(d *download) { d.progress = f }
}

// WithFile downloads another file of the export than the first: one of Export.Files, or a file of a folder among them,
// by its name.
func WithFile(name string) DownloadOption {
	return func(d *download) { d.name = name }
}

// download is one document on its way from an export to a writer.
type download struct {
	caller   *caller
	export   *Export
	name     string // of the file, "" for the first
	progress func(done, total int64)

	out    io.Writer
	failed error // of out, or of what came for it
	total  int64 // -1 for unknown
	done   int64
	sum    hash.Hash
	ends   ends
}

// Download writes the document of a completed export to w and checks it: its size, its SHA-256 where the API tells
// it, and otherwise that it begins and ends as a document does. Whatever the error, w may have received some of the
// document; DownloadFile leaves nothing behind. An export without a document to give is a *NotReadyError, a damaged
// one a *CorruptError.
func (s *ExportsService) Download(ctx context.Context, exportID string, w io.Writer, opts ...DownloadOption) (*Document, error) {
	e, err := s.Retrieve(ctx, exportID)
	if err != nil {
		return nil, err
	}
	d := &download{caller: s.caller, export: e, out: w}
	for _, o := range opts {
		o(d)
	}
	return d.run(ctx)
}

// run fetches the document once.
func (d *download) run(ctx context.Context) (*Document, error) {
	res, r, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if d.total, err = d.expected(res); err != nil {
		return nil, err
	}
	d.sum = sha256.New()
	_, err = io.CopyBuffer(d, onlyReader{res.Body}, make([]byte, 256<<10))
	switch {
	case d.failed != nil:
		return nil, d.failed
	case err != nil:
		broken := d.caller.hide(r, err)
		broken.midway = true
		return nil, broken
	}
	return d.check()
}

// open asks for the document: at the download route if it gives this one, else at the presigned link.
func (d *download) open(ctx context.Context) (*http.Response, request, error) {
	if d.export.Status != StatusCompleted || d.export.DownloadURL == "" && (d.export.PresignedURL == "" || d.name != "") {
		return nil, request{}, &NotReadyError{d.export}
	}
	if d.export.DownloadURL == "" {
		return d.openLink(ctx)
	}
	id, err := segment("export", d.export.ID)
	if err != nil {
		return nil, request{}, err
	}
	r := request{method: http.MethodGet, path: "/exports" + id + "/download", document: true}
	if d.name != "" {
		r.query = url.Values{"file": {d.name}}
	}
	res, err := d.caller.stream(ctx, r)
	if tooLarge(err) && d.export.PresignedURL != "" && d.name == "" {
		return d.openLink(ctx)
	}
	return res, r, err
}

// openLink asks for the document at the presigned link, which may lead to any host and therefore gets no key.
func (d *download) openLink(ctx context.Context) (*http.Response, request, error) {
	u, err := url.Parse(d.export.PresignedURL)
	if err != nil || !safe(u) || u.User != nil {
		return nil, request{}, errors.New("client: the presigned link is not an https URL")
	}
	r := request{method: http.MethodGet, url: u, bare: true, document: true}
	res, err := d.caller.stream(ctx, r)
	return res, r, err
}

// tooLarge reports whether the download route can't carry the document.
func tooLarge(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.StatusCode == http.StatusConflict && e.Code == "export_not_downloadable"
}

// expected is the document's size as the export and the reply tell it, -1 if neither does.
func (d *download) expected(res *http.Response) (int64, error) {
	total := res.ContentLength
	if size := d.size(); size != nil {
		if total >= 0 && total != *size {
			return 0, d.corrupt("size", *size, total)
		}
		total = *size
	}
	if coding := res.Header.Get("Content-Encoding"); coding != "" && coding != "identity" || res.StatusCode != http.StatusOK {
		return 0, &Error{
			StatusCode: res.StatusCode, Code: codeUnexpectedReply, Details: map[string]any{}, RequestID: res.Header.Get("X-Request-ID"),
			Message: "The reply is not the plain document that was asked for.",
		}
	}
	return total, nil
}

// size is what the export tells of the file's, nil for nothing.
func (d *download) size() *int64 {
	if d.name == "" {
		return d.export.FileSizeBytes
	}
	if f := d.listed(); f != nil && f.Bytes > 0 {
		return &f.Bytes
	}
	return nil
}

// listed is the export's entry of the file, nil if it has none.
func (d *download) listed() *ExportFile {
	for i, f := range d.export.Files {
		if f.Name == d.name {
			return &d.export.Files[i]
		}
	}
	return nil
}

// digest is the SHA-256 that the export tells of the file, "" for none.
func (d *download) digest() string {
	if d.name == "" {
		return strings.ToLower(d.export.SHA256)
	}
	if f := d.listed(); f != nil {
		return strings.ToLower(f.SHA256)
	}
	return ""
}

// document reports whether the file is a JSON document, as far as one knows.
func (d *download) document() bool {
	plain := len(d.export.Formats) == 0 || d.export.Formats[0] == FormatJSON
	return d.name == "" && plain && (d.export.Compression == "" || d.export.Compression == CompressionNone)
}

// Write implements io.Writer: it digests and hands on. Its failure is kept, to be told from the connection's.
func (d *download) Write(p []byte) (n int, err error) {
	if d.total >= 0 && d.done+int64(len(p)) > d.total {
		d.failed = d.corrupt("size", d.total, d.done+int64(len(p)))
		return 0, d.failed
	}
	if n, err = d.out.Write(p); err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		d.failed = err
		return n, err
	}
	d.sum.Write(p)
	d.ends.add(p)
	d.done += int64(len(p))
	if d.progress != nil {
		d.progress(d.done, d.total)
	}
	return n, nil
}

// check holds what has arrived against what the export promises.
func (d *download) check() (*Document, error) {
	got := hex.EncodeToString(d.sum.Sum(nil))
	want := d.digest()
	switch {
	case d.total >= 0 && d.done != d.total:
		return nil, d.corrupt("size", d.total, d.done)
	case want != "" && got != want:
		return nil, &CorruptError{ExportID: d.export.ID, What: "sha256", Want: want, Got: got}
	case want == "" && d.document() && !d.ends.whole():
		return nil, &CorruptError{ExportID: d.export.ID, What: "ending", Want: "that of a JSON object", Got: "something else"}
	}
	return &Document{ExportID: d.export.ID, Bytes: d.done, SHA256: got, Verified: want != ""}, nil
}

func (d *download) corrupt(what string, want, got int64) error {
	return &CorruptError{ExportID: d.export.ID, What: what, Want: strconv.FormatInt(want, 10), Got: strconv.FormatInt(got, 10)}
}

// onlyReader hides every other method, so that io.CopyBuffer uses the buffer it is given.
type onlyReader struct{ io.Reader }

// tailBytes is what is kept of a document's end: the counts and more.
const tailBytes = 4 << 10

// countsFollow stands before a document's counts, which are its last member.
const countsFollow = "\n],\n\"counts\":"

// ends is how a document begins and ends.
type ends struct {
	first byte
	tail  []byte
}

func (e *ends) add(p []byte) {
	if e.first == 0 && len(p) > 0 {
		e.first = p[0]
	}
	e.tail = append(e.tail, p[max(0, len(p)-tailBytes):]...)
	e.tail = e.tail[max(0, len(e.tail)-tailBytes):]
}

// whole reports whether that is a JSON object from its first byte to its last. Where the counts stand at its end, as
// they do in every document so far, they must be there in full.
func (e *ends) whole() bool {
	tail := bytes.TrimRight(e.tail, " \t\r\n")
	if e.first != '{' || !bytes.HasSuffix(tail, []byte("}")) {
		return false
	}
	i := bytes.LastIndex(tail, []byte(countsFollow))
	return i < 0 || json.Valid(tail[i+len(countsFollow):len(tail)-1])
}
