package api

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"time"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// linkReserve is how long a presigned link must still live to be given out again; a shorter one is renewed.
const linkReserve = 5 * time.Minute

// Exports is what reading needs of the record store.
type Exports interface {
	Export(ctx context.Context, account, id string) (export.Export, error)
	ShardNotes(ctx context.Context, account, id string, generation int) ([]export.ShardNote, error)
	ListExports(ctx context.Context, account string, q store.ListQuery) (store.Page, error)
}

// Links makes presigned links to documents, which live for as long as is said or shorter.
type Links interface {
	Presign(ctx context.Context, a export.Artifact, filename string, most time.Duration) (export.Link, error)
}

// ReadConfig is what ReadExport works with.
type ReadConfig struct {
	Exports Exports
	Links   Links
	Keys    *auth.Keyring
	Origin  Origin // "" for the one of the stage that a request came through
	Clock   func() time.Time
	// Pause waits while an answer is held, or fails with the context; nil waits by the wall clock.
	Pause func(ctx context.Context, d time.Duration) error
	Log   *slog.Logger
}

// ReadExport serves everything that looks at exports: GET /exports, GET /exports/{export_id} and POST
// /exports/{export_id}/download-url; and, since they need no more than a valid key, GET /auth/validate and POST
// /auth/processing-activity.
func ReadExport(c ReadConfig) http.Handler {
	s := reader{c}
	return newEdge(c.Log, c.Clock,
		route{"GET", "/api/v2/exports", s.list},
		route{"GET", "/api/v2/exports/{id}", s.retrieve},
		route{"POST", "/api/v2/exports/{id}/download-url", s.mint},
		route{"GET", "/api/v2/auth/validate", validate},
		route{"POST", "/api/v2/auth/processing-activity", recordActivity},
	)
}

type reader struct{ ReadConfig }

func (s reader) retrieve(w http.ResponseWriter, r *http.Request) error {
	_, e, err := s.load(r)
	if err != nil {
		return err
	}
	if seconds, ok := waitPreferred(r.Header); ok {
		if e, err = s.hold(r.Context(), e, time.Duration(seconds)*time.Second); err != nil {
			return err
		}
		preferenceApplied(w.Header(), seconds)
	}
	now := s.Clock()
	v := view(s.noted(r.Context(), e), now)
	if link, ok := s.link(r.Context(), e, now); ok {
		v.PresignedURL, v.PresignedURLExpiresAt = given(link.URL), stamp(link.ExpiresAt)
	}
	return reply(w, http.StatusOK, v)
}

// noted is the export with what its shards say of themselves, the one second call that a look may cost. Without it the
// export is still shown.
func (s reader) noted(ctx context.Context, e export.Export) export.Export {
	if !e.ByShards() {
		return e
	}
	notes, err := s.Exports.ShardNotes(ctx, e.AccountID, e.ID, e.Generation)
	if err != nil {
		note(ctx, slog.String("notes_error", err.Error()))
	}
	return e.Noted(notes)
}

// load gives the caller and the export that the path names.
func (s reader) load(r *http.Request) (auth.Principal, export.Export, error) {
	p, err := caller(r, auth.ScopeRead)
	if err != nil {
		return p, export.Export{}, err
	}
	e, err := ownExport(r.Context(), s.Exports.Export, p.AccountID, r.PathValue("id"), s.Clock())
	return p, e, err
}

var errExportNotFound = fault.New(fault.NotFound, "export_not_found", "There is no such export.")

// ownExport is the account's export; another account's, and one that is forgotten, answer as an unknown one does.
func ownExport(ctx context.Context, get func(ctx context.Context, account, id string) (export.Export, error), account, id string, now time.Time) (export.Export, error) {
	e, err := known(ctx, get, account, id)
	if fault.Is(err, fault.NotFound) || err == nil && e.Forgotten(now) {
		return export.Export{}, errExportNotFound
	}
	if err == nil {
		note(ctx, slog.String("export_id", e.ID))
	}
	return e, err
}

// link is the document's presigned link while the document is kept: the one that the state machine made or, when that
// is about to end, a fresh one. None outlives the document's time. Without a link the export is still shown.
func (s reader) link(ctx context.Context, e export.Export, now time.Time) (export.Link, bool) {
	if !kept(e, now) {
		return export.Link{}, false
	}
	ends := e.ExpiresAt
	if ends.IsZero() { // of no record that this service writes
		ends = now.Add(export.ArtifactLife)
	}
	if l := e.Link; l != nil && l.ExpiresAt.Sub(now) > linkReserve && !l.ExpiresAt.After(ends) {
		return *l, true
	}
	l, err := s.Links.Presign(ctx, *e.Artifact, path.Base(e.Artifact.FirstFile()), ends.Sub(now))
	if err != nil {
		note(ctx, slog.String("link_error", err.Error()))
		return export.Link{}, false
	}
	return l, true
}
