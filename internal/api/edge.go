package api

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/videovector/exports/internal/api/envelope"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/tenant"
)

// action answers one request, or fails before it has written anything.
type action func(w http.ResponseWriter, r *http.Request) error

// route is one operation: a method, a path pattern of http.ServeMux, and what is done.
type route struct {
	method  string
	pattern string
	do      action
}

// edge is where every answer is made: it routes, turns failures into envelopes, and logs each request once.
type edge struct {
	log   *slog.Logger
	clock func() time.Time
	mux   *http.ServeMux
}

// newEdge serves the routes, and answers every other path and method with an envelope.
func newEdge(log *slog.Logger, clock func() time.Time, routes ...route) http.Handler {
	e := &edge{log: log, clock: clock, mux: http.NewServeMux()}
	methods := map[string]map[string]action{}
	for _, rt := range routes {
		if methods[rt.pattern] == nil {
			methods[rt.pattern] = map[string]action{}
			e.mux.Handle(rt.pattern, e.byMethod(methods[rt.pattern]))
		}
		methods[rt.pattern][rt.method] = rt.do
	}
	e.mux.Handle("/", e.answer(noRoute))
	return e
}

// ServeHTTP routes. A path that http.ServeMux would redirect to its clean form is unknown here: callers that asked
// for one thing are not sent to another.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(envelope.RequestIDHeader, envelope.RequestID(r))
	if p := r.URL.EscapedPath(); path.Clean(p) != p {
		e.answer(noRoute).ServeHTTP(w, r)
		return
	}
	e.mux.ServeHTTP(w, r)
}

func (e *edge) byMethod(methods map[string]action) http.Handler {
	return e.answer(func(w http.ResponseWriter, r *http.Request) error {
		do, ok := methods[r.Method]
		if !ok {
			w.Header().Set("Allow", allowed(methods))
			return fault.New(fault.MethodNotAllowed, "method_not_allowed", "This path has no such method.")
		}
		return do(w, r)
	})
}

func allowed(methods map[string]action) string {
	var names []string
	for m := range methods {
		names = append(names, m)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func noRoute(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "route_not_found", "There is nothing at this path.")
}

func (e *edge) answer(do action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := e.clock()
		seen := &recorder{ResponseWriter: w, status: http.StatusOK}
		ctx, about := withNotes(r.Context(), slog.String("request_id", envelope.RequestID(r)), slog.String("route", r.Pattern))
		if p, ok := auth.PrincipalFrom(ctx); ok {
			ctx = tenant.With(ctx, p.AccountID)
		}
		r = r.WithContext(ctx)
		err := do(seen, r)
		if err != nil {
			envelope.Write(seen, r, err)
		}
		e.logRequest(r, seen.status, e.clock().Sub(begun), about, err)
	})
}

// logRequest writes the request's one line. Neither query nor headers are in it: they may hold tokens and keys.
func (e *edge) logRequest(r *http.Request, status int, took time.Duration, about *notes, err error) {
	attrs := append([]slog.Attr{
		slog.String("method", r.Method), slog.Int("status", status), slog.Int64("ms", took.Milliseconds()),
	}, about.attrs...)
	if err != nil {
		attrs = append(attrs, slog.String("code", fault.As(err).Code), slog.String("error", brief(err.Error())))
	}
	e.log.LogAttrs(r.Context(), level(status), "request answered", attrs...)
}

// brief is the text of an error as far as it is logged: it may hold a name of the body's, which is as long as whoever sent it
// likes.
func brief(text string) string { return cut(text, 1000) }

// cut is the beginning of a text that is longer than so many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func level(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelError
	}
	return slog.LevelInfo
}

// recorder remembers the status for the log.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// notes gathers what the request's log line says beyond its route.
type notes struct{ attrs []slog.Attr }

type notesKey struct{}

func withNotes(ctx context.Context, attrs ...slog.Attr) (context.Context, *notes) {
	n := &notes{attrs}
	return context.WithValue(ctx, notesKey{}, n), n
}

// note adds an attribute to the request's log line.
func note(ctx context.Context, attr slog.Attr) {
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		n.attrs = append(n.attrs, attr)
	}
}

// noted is what the request's log line says so far: which request it is, and whose.
func noted(ctx context.Context) []slog.Attr {
	if n, ok := ctx.Value(notesKey{}).(*notes); ok {
		return slices.Clone(n.attrs)
	}
	return nil
}

// caller is the request's principal if it has the scope. Nobody authenticated is fault.Unauthenticated.
func caller(r *http.Request, need auth.Scope) (auth.Principal, error) {
	p, ok := auth.PrincipalFrom(r.Context())
	if !ok {
		return p, auth.ErrKey()
	}
	note(r.Context(), slog.String("account_id", p.AccountID))
	note(r.Context(), slog.String("key_id", p.KeyID))
	return p, p.Require(need)
}
