package apigw

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/videovector/exports/internal/api/envelope"
	"github.com/videovector/exports/internal/auth"
)

// crash is a panic of a handler. As an error it is an internal failure.
type crash struct {
	value any
	stack []byte
}

// errAborted ends a reply that the handler gave up on after it had begun.
var errAborted = errors.New("the handler aborted its reply")

func (c *crash) Error() string { return "the handler panicked" }

// serve calls the handler and gives its panic, if any.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (c *crash) {
	defer func() {
		if v := recover(); v != nil {
			c = &crash{v, debug.Stack()}
		}
	}()
	h.ServeHTTP(w, r)
	return nil
}

// aborted reports whether the handler gave up on purpose, with http.ErrAbortHandler; it has logged why.
func (c *crash) aborted() bool {
	err, ok := c.value.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

func (c *crash) log(log *slog.Logger, r *http.Request) {
	if c.aborted() {
		return
	}
	attrs := []slog.Attr{slog.String("request_id", envelope.RequestID(r)), slog.String("method", r.Method), slog.String("route", r.Pattern)}
	if p, ok := auth.PrincipalFrom(r.Context()); ok {
		attrs = append(attrs, slog.String("account_id", p.AccountID), slog.String("key_id", p.KeyID))
	}
	log.LogAttrs(r.Context(), slog.LevelError, "handler panicked", append(attrs, slog.String("panic", c.describe()), slog.String("stack", string(c.stack)))...)
}

// describe says what was thrown. Only the runtime's own errors are quoted: any other value may hold a secret.
func (c *crash) describe() string {
	if e, ok := c.value.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("a value of type %T", c.value)
}
