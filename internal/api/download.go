package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/tenant"
)

// copyBytes is the buffer between the object and the reply, all that a download of any size keeps in memory.
const copyBytes = 256 << 10

// Documents are what exports were packaged into.
type Documents interface {
	Results
	Head(ctx context.Context, key string) (blob.Info, error)
}

// DownloadConfig is what DownloadExport works with.
type DownloadConfig struct {
	Exports interface {
		Export(ctx context.Context, account, id string) (export.Export, error)
	}
	Documents     Documents
	Authenticator *auth.Authenticator
	Keys          *auth.Keyring
	MaxBytes      int64 // largest document that the transport can carry; 0 for no limit
	Clock         func() time.Time
	Log           *slog.Logger
}

// DownloadExport serves GET /exports/{export_id}/download and, for the edge in front, GET
// /exports/{export_id}/download/location. Neither stands behind the authorizer, since a token in the query is as good as
// a key: it checks both itself.
func DownloadExport(c DownloadConfig) http.Handler {
	s := downloader{c}
	return newEdge(c.Log, c.Clock,
		route{"GET", "/api/v2/exports/{id}/download", s.download},
		route{"GET", "/api/v2/exports/{id}/download/location", s.locate},
	)
}

type downloader struct{ DownloadConfig }

func (s downloader) download(w http.ResponseWriter, r *http.Request) error {
	e, f, err := s.granted(r)
	if err != nil {
		return err
	}
	body, size, err := s.open(tenant.With(r.Context(), e.AccountID), *e.Artifact, f)
	if err != nil {
		return err
	}
	defer body.Close()
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("Content-Disposition", f.disposition())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-store")
	w.WriteHeader(http.StatusOK)
	s.send(w, r, body, size)
	return nil
}

// granted gives what the request may have: an export, which has its artifact, and which file of it.
func (s downloader) granted(r *http.Request) (export.Export, download, error) {
	e, err := s.authorized(r)
	if err != nil {
		return e, download{}, err
	}
	if err := s.ready(e); err != nil {
		return e, download{}, err
	}
	f, err := chosen(r, e)
	return e, f, err
}

// authorized gives the export if the caller may have it: by the key in a header or, only when no header names a
// credential, by the token in the query.
func (s downloader) authorized(r *http.Request) (export.Export, error) {
	if auth.HasCredential(r.Header) {
		return s.byKey(r)
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return export.Export{}, auth.ErrToken()
	}
	tokens, ok := q["token"]
	if !ok {
		return export.Export{}, auth.ErrKey()
	}
	if len(tokens) != 1 {
		return export.Export{}, auth.ErrToken()
	}
	return s.byToken(r, tokens[0])
}

func (s downloader) byKey(r *http.Request) (export.Export, error) {
	p, err := s.Authenticator.Authenticate(r.Context(), r.Header)
	if err != nil {
		return export.Export{}, err
	}
	note(r.Context(), slog.String("account_id", p.AccountID))
	note(r.Context(), slog.String("key_id", p.KeyID))
	if err := p.Require(auth.ScopeRead); err != nil {
		return export.Export{}, err
	}
	return ownExport(r.Context(), s.Exports.Export, p.AccountID, r.PathValue("id"), s.Clock())
}

// byToken opens exactly the export and the artifact that the token was minted for, as long as the key that minted it
// stands.
func (s downloader) byToken(r *http.Request, token string) (export.Export, error) {
	g, err := s.Keys.OpenToken(token, s.Clock())
	if err != nil {
		return export.Export{}, err
	}
	note(r.Context(), slog.String("account_id", g.AccountID))
	if g.ExportID != r.PathValue("id") {
		return export.Export{}, auth.ErrToken()
	}
	minter, err := s.Authenticator.Minter(r.Context(), g)
	note(r.Context(), slog.String("minted_by", minter))
	if err != nil {
		return export.Export{}, err
	}
	e, err := ownExport(r.Context(), s.Exports.Export, g.AccountID, g.ExportID, s.Clock())
	if err != nil {
		return e, err
	}
	if e.Artifact == nil || e.Artifact.ManifestSHA256 != g.Artifact {
		return e, auth.ErrToken()
	}
	return e, nil
}

// ready fails with fault.Conflict unless there is a document to give out, and with fault.Gone if its time is up.
func (s downloader) ready(e export.Export) error {
	never := func(message string) error { return fault.New(fault.Conflict, "export_not_downloadable", message) }
	switch {
	case e.ToConnector():
		return never("This export is delivered to a connector. Fetch it from there.")
	case e.Status == export.StatusFailed:
		return never("This export failed: it has no document.")
	case e.Open():
		return fault.New(fault.Conflict, "export_not_ready", "This export has not completed yet.").With("status", string(e.Status))
	case e.Expired(s.Clock()):
		return fault.New(fault.Gone, "export_expired", "This export has expired: its files are no longer given out. Create the export again.").
			With("expires_at", *stamp(e.ExpiresAt))
	case !downloadable(e, s.Clock()):
		return never("This export has no document to give out.")
	}
	return nil
}

// open gives the file and its size, once that is sure to be what the record says and what the transport can carry.
func (s downloader) open(ctx context.Context, a export.Artifact, f download) (io.ReadCloser, int64, error) {
	if s.MaxBytes > 0 && f.bytes > s.MaxBytes {
		return nil, 0, errTooLarge
	}
	body, info, err := s.Documents.Open(ctx, a.KeyOf(f.name), 0, -1)
	if err != nil {
		return nil, 0, missing(err)
	}
	if err := f.check(info, s.MaxBytes); err != nil {
		_ = body.Close() // nothing was read
		return nil, 0, err
	}
	return body, info.Bytes, nil
}

// missing is the failure of a document that storage doesn't give.
func missing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Conflict, "export_not_downloadable", "This export's document is no longer kept. Create the export again.")
	}
	return err
}

// check fails unless the stored object is the file that was packaged, and no larger than limit; 0 is none.
func (f download) check(stored blob.Info, limit int64) error {
	switch {
	case limit > 0 && stored.Bytes > limit:
		return errTooLarge
	case stored.Bytes == 0, f.bytes > 0 && stored.Bytes != f.bytes:
		return fault.Newf(fault.Internal, "document_mismatch", "The stored document is not the one that was packaged.").
			With("expected_bytes", f.bytes).With("stored_bytes", stored.Bytes)
	}
	return nil
}

var errTooLarge = fault.New(fault.Conflict, "export_not_downloadable", "This document is too large for this route. Use presigned_url of the export.")

// send streams the document. A length has been promised by then: if the document can't be had whole, the connection is
// broken off, so that no caller takes a part for the whole.
func (s downloader) send(w http.ResponseWriter, r *http.Request, body io.Reader, size int64) {
	n, err := io.CopyBuffer(onlyWriter{w}, onlyReader{io.LimitReader(body, size)}, make([]byte, copyBytes))
	if err == nil && n == size {
		return
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	level := slog.LevelError
	if r.Context().Err() != nil { // the caller left
		level = slog.LevelInfo
	}
	s.Log.LogAttrs(r.Context(), level, "download broken off", append(noted(r.Context()),
		slog.Int64("sent_bytes", n), slog.Int64("expected_bytes", size), slog.String("error", err.Error()))...)
	panic(http.ErrAbortHandler)
}

// onlyWriter and onlyReader hide every other method, so that io.CopyBuffer uses the buffer it is given.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)
