package apigw

import (
	"net/http"
	"slices"
	"strings"

	"github.com/videovector/exports/internal/api/envelope"
)

// corsVariable is the stage's variable that lists the origins whose pages may call the API, with commas. Without it, or
// with "none" in their place, nothing is said of origins, as where CloudFront says it.
const corsVariable = "cors_origins"

// What pages of other origins may send and see. CloudFront's policy in template.yaml says the same.
const (
	corsMethods = "GET, POST, PUT, PATCH, DELETE"
	corsHeaders = "X-API-Key, Authorization, Content-Type, Idempotency-Key, Prefer"
	corsExposed = "X-Request-ID, Retry-After, Location, Link, Idempotency-Replayed, Content-Disposition, Preference-Applied"
	corsMaxAge  = "600" // seconds for which a browser remembers a preflight
)

// cors is what the stage says of pages' origins; the zero value says nothing.
type cors struct{ origins []string }

func corsOf(variable string) cors {
	if variable == "" || variable == "none" {
		return cors{}
	}
	return cors{strings.Split(variable, ",")}
}

// wrap adds the headers to whatever h answers, and answers preflights itself. An origin is allowed if it is listed letter
// by letter, and named alone: there is no "*", and no credentials of the browser's are allowed.
func (c cors) wrap(h http.Handler) http.Handler {
	if len(c.origins) == 0 {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.allow(w.Header(), r)
		if r.Method == http.MethodOptions {
			w.Header().Set(envelope.RequestIDHeader, envelope.RequestID(r))
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// allow sets the headers of a reply.
func (c cors) allow(h http.Header, r *http.Request) {
	if len(c.origins) == 0 {
		return
	}
	h.Set("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(c.origins, origin) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions {
		h.Set("Access-Control-Expose-Headers", corsExposed)
		return
	}
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
}
