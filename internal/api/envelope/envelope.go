// Package envelope writes the one form in which the API says that something failed:
//
//	{"error": {"code": "…", "message": "…", "details": {}, "request_id": "…"}}
//
// with the same id in the header X-Request-ID. Whoever answers, a handler or the gateway's adapter, answers with it.
package envelope

import (
	"crypto/rand"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/fault"
)

// RequestIDHeader names a request. On a request it was set by the gateway's adapter, never by the caller.
const RequestIDHeader = "X-Request-ID"

type envelope struct {
	Error body `json:"error"`
}

type body struct {
	Code      string         `json:"code"`
	Message   string         `json:"message"`
	Details   map[string]any `json:"details"`
	RequestID string         `json:"request_id"`
}

// RequestID is the id of the request; one that came without gets a random one, which it keeps.
func RequestID(r *http.Request) string {
	id := r.Header.Get(RequestIDHeader)
	if id == "" {
		id = rand.Text()
		r.Header.Set(RequestIDHeader, id)
	}
	return id
}

// Write answers r with the failure. An error that is no *fault.Error is answered as an internal failure; no cause is
// ever shown.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.As(err)
	id := RequestID(r)
	text, merr := json.Marshal(envelope{body{f.Code, f.Message, f.Details, id}}, json.Deterministic(true))
	if merr != nil {
		text, _ = json.Marshal(envelope{body{Code: f.Code, Message: f.Message, RequestID: id}}) // details that JSON can't say are left out
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set(RequestIDHeader, id)
	if s := retryAfter(f); s != "" {
		h.Set("Retry-After", s)
	}
	w.WriteHeader(f.HTTPStatus())
	_, _ = w.Write(text) // a caller that is gone needs no answer
}

// retryAfter is the wait in whole seconds, rounded up and at least one, for the two kinds that ask for one.
func retryAfter(f *fault.Error) string {
	if f.Kind != fault.Throttled && f.Kind != fault.Unavailable {
		return ""
	}
	seconds := math.Ceil(float64(f.RetryAfter) / float64(time.Second))
	return strconv.Itoa(max(1, int(seconds)))
}
