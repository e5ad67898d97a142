package gcsconn_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// TestTokenIsKept until five minutes before its end.
func TestTokenIsKept(t *testing.T) {
	now := time.Now()
	tokens := newTokenServer(t)
	tokens.now = func() time.Time { return now }
	o := opener(t, answering(t, func(http.ResponseWriter, *http.Request) {}), tokens.URL)
	o.Clock = tokens.now
	target := openWith(t, o, "bucket", accountFile(t, accountKey()))
	for _, c := range []struct {
		passes time.Duration
		asked  int // in all
	}{{0, 1}, {0, 1}, {54 * time.Minute, 1}, {2 * time.Minute, 2}, {54 * time.Minute, 2}, {2 * time.Hour, 3}} {
		now = now.Add(c.passes)
		if _, _, err := target.Open(t.Context(), "a"); err != nil || tokens.asked != c.asked {
			t.Errorf("%v later: asked %d times, want %d, %v", c.passes, tokens.asked, c.asked, err)
		}
	}
}

func TestTokenRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse func(w http.ResponseWriter) bool
		kind   fault.Kind
		code   string
	}{
		{"a key that is gone", said(400, "invalid_grant", "Invalid JWT Signature."), fault.Invalid, "destination_credentials_refused"},
		{"an account that is gone", said(400, "invalid_grant", "Invalid grant: account not found"), fault.Invalid, "destination_credentials_refused"},
		{"an account that is disabled", said(401, "disabled_client", "canary"), fault.Invalid, "destination_credentials_refused"},
		{"a code that is none", said(400, "canary canary", "canary"), fault.Invalid, "destination_credentials_refused"},
		{"a clock that is wrong", said(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."), fault.Unavailable, "clock_skewed"},
		{"busy", header("Retry-After", "9", 429), fault.Throttled, "destination_busy"},
		{"busy, by 503", header("Retry-After", "9", 503), fault.Throttled, "destination_busy"},
		{"down", said(503, "backend_error", "canary"), fault.Unavailable, "destination_unavailable"},
		{"failed", said(500, "internal_failure", "canary"), fault.Unavailable, "destination_unavailable"},
		{"a redirect", header("Location", "http://169.254.169.254/", 302), fault.Unavailable, "destination_unavailable"},
		{"no reply", func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, fault.Unavailable, "destination_unavailable"},
		{"not JSON", text("canary"), fault.Unavailable, "destination_unavailable"},
		{"no token", text(`{"expires_in":3600}`), fault.Unavailable, "destination_unavailable"},
		{"no end", text(`{"access_token":"canary"}`), fault.Unavailable, "destination_unavailable"},
		{"a token with a line", text(`{"access_token":"canary\r\nX: y","expires_in":3600}`), fault.Unavailable, "destination_unavailable"},
		{"a token with a blank", text(`{"access_token":"canary canary","expires_in":3600}`), fault.Unavailable, "destination_unavailable"},
		{"a huge token", text(`{"access_token":"` + strings.Repeat("a", 17_000) + `","expires_in":3600}`), fault.Unavailable, "destination_unavailable"},
		{"a huge reply", text(strings.Repeat(" ", 2<<20)), fault.Unavailable, "destination_reply_too_long"},
	} {
		tokens := newTokenServer(t)
		tokens.refuse = c.refuse
		visits := 0
		target := openWith(t, opener(t, answering(t, func(http.ResponseWriter, *http.Request) { visits++ }), tokens.URL), "bucket", accountFile(t, accountKey()))
		_, err := connector.Put(t.Context(), target, small("a"))
		f := fault.As(err)
		if f.Kind != c.kind || f.Code != c.code || visits > 0 || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "eyJ") {
			t.Errorf("%s: kind %d, %v, %d visits", c.name, f.Kind, err, visits)
		}
		if (f.Kind == fault.Throttled) != (f.RetryAfter == 9*time.Second) {
			t.Errorf("%s: to be tried after %v", c.name, f.RetryAfter)
		}
	}
}

func said(status int, code, description string) func(http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool { refuseToken(w, status, code, description); return true }
}

func header(name, value string, status int) func(http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool { w.Header().Set(name, value); w.WriteHeader(status); return true }
}

func text(s string) func(http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool { fmt.Fprint(w, s); return true }
}

// TestRefusedTokenIsForgotten: the next call asks for another one.
func TestRefusedTokenIsForgotten(t *testing.T) {
	tokens := newTokenServer(t)
	target := openWith(t, opener(t, answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }), tokens.URL), "bucket", accountFile(t, accountKey()))
	for range 2 {
		if _, _, err := target.Open(t.Context(), "a"); fault.As(err).Code != "destination_credentials_refused" {
			t.Errorf("Open = %v", err)
		}
	}
	if tokens.asked != 2 {
		t.Errorf("asked %d times", tokens.asked)
	}
}

// TestRecordsThatAreNotOpened: what can't be part of a path, or sign, gets no further than the record.
func TestRecordsThatAreNotOpened(t *testing.T) {
	o := opener(t, "http://127.0.0.1:1", "http://127.0.0.1:1")
	good, err := connector.ParseGCSCredentials(accountFile(t, accountKey()))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bucket  string
		secrets seal.Secrets
	}{
		"no bucket":            {"", good},
		"a bucket that climbs": {"../b", good},
		"a bucket with a path": {"a/o/b", good},
		"no key":               {"bucket", seal.Secrets{connector.GCSClientEmail: seal.NewSecret(email)}},
		"a key that is none":   {"bucket", seal.Secrets{connector.GCSPrivateKey: seal.NewSecret("canary")}},
	} {
		record := store.Connector{ID: "conn_1", AccountID: "acct", Bucket: c.bucket}
		if record.Secret, err = seal.SealSecrets(t.Context(), o.Sealer, seal.Context{AccountID: "acct", ConnectorID: "conn_1"}, c.secrets); err != nil {
			t.Fatal(err)
		}
		if _, err := o.OpenTarget(t.Context(), record); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
