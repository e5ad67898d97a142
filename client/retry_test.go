package client_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/client"
)

// TestPassingFailuresAreRepeated makes each kind of passing failure twice before the answer.
func TestPassingFailuresAreRepeated(t *testing.T) {
	for name, failure := range map[string]http.HandlerFunc{
		"429":            fails(429, "rate_limit_exceeded"),
		"500":            fails(500, "internal_error"),
		"503":            fails(503, "service_unavailable"),
		"502, not JSON":  sends(502, "<html>bad gateway</html>"),
		"a lost reply":   hangsUp,
		"half a reply":   sends(200, `{"export_id":`, "Content-Length", "500"),
		"an empty reply": func(w http.ResponseWriter, _ *http.Request) { conn, _, _ := w.(http.Hijacker).Hijack(); conn.Close() },
	} {
		s := serve(t, failure, failure, sends(202, `{"export_id":"exp_1","status":"pending"}`))
		c, p := connect(t, s)
		e, err := c.Exports.CreatePromptRunExport(t.Context(), "run_1", client.CreatePromptRunExportParams{DestinationSubpath: "a"})
		if err != nil || e.ID != "exp_1" || e.Status != client.StatusPending {
			t.Errorf("%s: %+v, %v", name, e, err)
			continue
		}
		seen := s.requests()
		if len(seen) != 3 || len(p.all) != 2 {
			t.Errorf("%s: %d requests, %d pauses, want 3 and 2", name, len(seen), len(p.all))
			continue
		}
		for _, r := range seen {
			key := r.header.Get("Idempotency-Key")
			if key == "" || key != seen[0].header.Get("Idempotency-Key") || r.body != `{"destination_subpath":"a"}` || r.path != "/api/v2/exports/prompt-run/run_1" {
				t.Errorf("%s: a repeated request is %+v, the first %+v", name, r, seen[0])
			}
		}
	}
}

func TestEveryCallHasItsOwnKey(t *testing.T) {
	s := serve(t, sends(202, `{"export_id":"exp_1","status":"pending"}`, "Idempotency-Replayed", "true"))
	c, _ := connect(t, s)
	for _, key := range []string{"", "", " mine "} {
		e, err := c.Exports.CreateIndexExport(t.Context(), "idx_1", client.CreateIndexExportParams{IdempotencyKey: key})
		if err != nil || !e.Replayed {
			t.Fatalf("create = %+v, %v", e, err)
		}
	}
	keys := []string{}
	for _, r := range s.requests() {
		keys = append(keys, r.header.Get("Idempotency-Key"))
		if r.body != "{}" {
			t.Errorf("body = %s, want {}", r.body)
		}
	}
	if keys[0] == keys[1] || keys[2] != "mine" {
		t.Errorf("keys = %q", keys)
	}
}

func TestFinalFailuresAreNotRepeated(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 413, 422} {
		s := serve(t, fails(status, "some_code"))
		c, _ := connect(t, s)
		_, err := c.Exports.Retrieve(t.Context(), "exp_1")
		var e *client.Error
		if !errors.As(err, &e) {
			t.Fatalf("%d: %v", status, err)
		}
		if e.StatusCode != status || e.Code != "some_code" || e.Message != "It is so." || e.Details["a"] != 1.0 || e.RequestID != "req-1" {
			t.Errorf("%d: %+v", status, e)
		}
		if want := "It is so. ("; !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "request req-1") {
			t.Errorf("%d: text %q", status, err)
		}
		if n := len(s.requests()); n != 1 {
			t.Errorf("%d: %d requests, want 1", status, n)
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	for _, want := range []int{0, 3, 10} {
		s := serve(t, fails(503, "service_unavailable"))
		c, p := connect(t, s, client.WithMaxRetries(want))
		if _, err := c.Exports.Retrieve(t.Context(), "exp_1"); err == nil {
			t.Error("no error")
		}
		if len(s.requests()) != want+1 || len(p.all) != want {
			t.Errorf("%d requests, %d pauses, want %d and %d", len(s.requests()), len(p.all), want+1, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"7": 7 * time.Second, " 7 ": 7 * time.Second, "0": 0, "-7": 0, "": 0, "soon": 0, "1.5": 0,
		"Mon, 02 Mar 2026 09:30:20 GMT": 20 * time.Second, "Mon, 02 Mar 2026 09:29:00 GMT": 0,
		"Monday, 02-Mar-26 09:30:20 GMT": 20 * time.Second,
	} {
		if got := client.RetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("Retry-After %q = %s, want %s", value, got, want)
		}
	}
	if got := client.RetryAfter(http.Header{"Retry-After": {"99999999999999999"}}, now); got < 24*time.Hour {
		t.Errorf("a Retry-After beyond what a duration holds = %s", got)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	date := time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat)
	for value, least := range map[string]time.Duration{"7": 7 * time.Second, date: 27 * time.Second} {
		s := serve(t, fails(429, "rate_limit_exceeded", "Retry-After", value), sends(200, exportJSON("exp_1", nil)))
		c, p := connect(t, s)
		if _, err := c.Exports.Retrieve(t.Context(), "exp_1"); err != nil {
			t.Fatal(err)
		}
		if len(p.all) != 1 || p.all[0] < least || p.all[0] > least+4*time.Second {
			t.Errorf("Retry-After %s: pauses %v", value, p.all)
		}
	}
	s := serve(t, fails(429, "rate_limit_exceeded", "Retry-After", "3600"))
	c, p := connect(t, s)
	_, err := c.Exports.Retrieve(t.Context(), "exp_1")
	var e *client.Error
	if !errors.As(err, &e) || e.RetryAfter != time.Hour || len(p.all) != 0 {
		t.Errorf("after an hour's Retry-After: %v, pauses %v", err, p.all)
	}
}

func TestJitterIsFullAndBounded(t *testing.T) {
	for n, limit := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second, 8 * time.Second} {
		low, high := time.Hour, time.Duration(0)
		for range 500 {
			d, ok := client.Delay(n, io.EOF)
			if !ok {
				t.Fatalf("Delay(%d) is not ok", n)
			}
			low, high = min(low, d), max(high, d)
		}
		if low > limit/10 || high < limit*9/10 || high >= limit {
			t.Errorf("after failure %d waits lie between %s and %s, want all of 0 to %s", n, low, high, limit)
		}
	}
}

func TestContextEndsTheCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	c, p := connect(t, s)
	_, err := c.Exports.Retrieve(ctx, "exp_1")
	if !errors.Is(err, context.Canceled) || len(s.requests()) != 1 || len(p.all) != 0 {
		t.Errorf("%v after %d requests and %d pauses", err, len(s.requests()), len(p.all))
	}
	failing := serve(t, fails(503, "service_unavailable", "Retry-After", "20"))
	c, p = connect(t, failing)
	ctx, cancel = context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := c.Exports.Retrieve(ctx, "exp_1"); err == nil || len(p.all) != 0 {
		t.Errorf("%v after %d pauses: a wait beyond the deadline is not begun", err, len(p.all))
	}
}

// TestWaitsAreReal is the one test that waits as users do.
func TestWaitsAreReal(t *testing.T) {
	s := serve(t, fails(429, "rate_limit_exceeded", "Retry-After", "1"), sends(204, ""))
	c, err := client.New(testKey, client.WithBaseURL(s.URL))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < time.Second {
		t.Errorf("repeated after %s, want at least 1 s", took)
	}
	s = serve(t, fails(429, "rate_limit_exceeded", "Retry-After", "60"))
	if c, err = client.New(testKey, client.WithBaseURL(s.URL)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if began := time.Now(); c.Validate(ctx) == nil || time.Since(began) > 10*time.Second {
		t.Errorf("a cancelled wait took %s", time.Since(began))
	}
}

func TestNoServer(t *testing.T) {
	s := serve(t, sends(204, ""))
	s.Close()
	c, p := connect(t, s)
	_, err := c.Exports.Retrieve(t.Context(), "exp_1")
	if err == nil || len(p.all) != 3 || !strings.HasPrefix(err.Error(), "client: GET /exports/exp_1: dial tcp") || strings.Contains(err.Error(), testKey) {
		t.Errorf("%v after %d pauses", err, len(p.all))
	}
}

func TestUntrustedCertificateIsFinal(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the handshake that this is about
	s.StartTLS()
	defer s.Close()
	p := &pauses{}
	c, err := client.New(testKey, client.WithBaseURL(s.URL), client.WithPause(p.pause))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") || len(p.all) != 0 {
		t.Errorf("%v after %d pauses", err, len(p.all))
	}
}

func TestRepliesThatAreNotTheAPIs(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"HTML under 404":        sends(404, "<html>"+testKey+"</html>"),
		"JSON of another kind":  sends(400, `{"message":"`+testKey+`"}`),
		"an error of no shape":  sends(403, `{"error":"`+testKey+`"}`),
		"HTML under 200":        sends(200, "<html>"+testKey+"</html>"),
		"an array":              sends(200, "[]"),
		"an empty object":       sends(200, "{}"),
		"nothing":               sends(200, ""),
		"two values":            sends(200, exportJSON("exp_1", nil)+"{}"),
		"the key in the errors": sends(422, `{"error":{"code":"validation_failed","message":"`+testKey+` is wrong","details":{"k":"`+testKey+`"},"request_id":"r"}}`),
	} {
		s := serve(t, answer)
		c, _ := connect(t, s)
		_, err := c.Exports.Retrieve(t.Context(), "exp_1")
		var e *client.Error
		if !errors.As(err, &e) || e.Code == "" || e.Message == "" || e.Details == nil {
			t.Errorf("%s: %#v", name, err)
			continue
		}
		if strings.Contains(err.Error(), testKey) || strings.Contains(e.Message, testKey) || e.Details["k"] == testKey {
			t.Errorf("%s: the error holds the key: %#v", name, err)
		}
	}
}

func TestRepliesAreBounded(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		for chunk := strings.Repeat(" ", 1<<20); ; {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	})
	c, _ := connect(t, s)
	if _, err := c.Exports.Retrieve(t.Context(), "exp_1"); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("an endless reply: %v", err)
	}
}

func TestIDsStayInTheirPlace(t *testing.T) {
	s := serve(t, sends(200, exportJSON("exp_1", nil)))
	c, _ := connect(t, s)
	for _, id := range []string{"", ".", ".."} {
		if _, err := c.Exports.Retrieve(t.Context(), id); err == nil {
			t.Errorf("id %q: no error", id)
		}
	}
	for _, id := range []string{"a/../b", "a?b=c", "a#b", "a%2fb", "é\n"} {
		if _, err := c.Exports.Retrieve(t.Context(), id); err != nil {
			t.Errorf("id %q: %v", id, err)
		}
	}
	var paths []string
	for _, r := range s.requests() {
		paths = append(paths, strings.TrimPrefix(r.path, "/api/v2/exports/"))
	}
	want := []string{"a%2F..%2Fb", "a%3Fb=c", "a%23b", "a%252fb", "%C3%A9%0A"}
	if !slices.Equal(paths, want) {
		t.Errorf("paths = %q, want %q", paths, want)
	}
}
