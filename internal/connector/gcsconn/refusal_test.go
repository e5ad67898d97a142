package gcsconn_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest"
	"github.com/videovector/exports/internal/connector/gcsconn"
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/emulator/fakegcs"
	"github.com/videovector/exports/internal/fault"
)

// TestRefusals plays Cloud Storage's refusals, as its documentation gives them, and holds what becomes of them.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status    int
		reason    string
		header    string // Name: value
		kind      fault.Kind
		want, say string // code, and a part of the message
	}{
		{404, "notFound", "", fault.NotFound, "object_not_found", ""},
		{401, "authError", "", fault.Invalid, "destination_credentials_refused", "service account"},
		{403, "forbidden", "", fault.Invalid, "destination_access_denied", "storage.objects.get"},
		{403, "accountDisabled", "", fault.Invalid, "destination_account_problem", "billing"},
		{403, "rateLimitExceeded", "", fault.Throttled, "destination_busy", ""},
		{403, "userRateLimitExceeded", "Retry-After: 9", fault.Throttled, "destination_busy", ""},
		{403, "canary canary", "", fault.Invalid, "destination_access_denied", ""},
		{400, "required", "", fault.Invalid, "destination_requester_pays", "requester"},
		{412, "conditionNotMet", "", fault.Conflict, "destination_exists", ""},
		{409, "conflict", "", fault.Unavailable, "destination_unavailable", ""},
		{408, "uploadBrokenConnection", "", fault.Unavailable, "destination_unavailable", ""},
		{429, "rateLimitExceeded", "Retry-After: 9", fault.Throttled, "destination_busy", ""},
		{429, "", "", fault.Throttled, "destination_busy", ""},
		{503, "backendError", "Retry-After: 9", fault.Throttled, "destination_busy", ""},
		{503, "backendError", "", fault.Unavailable, "destination_unavailable", ""},
		{500, "backendError", "", fault.Unavailable, "destination_unavailable", ""},
		{302, "", "Location: http://169.254.169.254/", fault.Unavailable, "destination_redirected", ""},
		{308, "", "Location: http://169.254.169.254/", fault.Unavailable, "destination_redirected", ""},
		{400, "invalid", "", fault.Internal, "destination_unexpected", ""},
		{204, "", "", fault.Internal, "destination_unexpected", ""},
	} {
		target := openAt(t, func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(c.status)
			if c.status != http.StatusNoContent {
				fmt.Fprintf(w, `{"error":{"code":%d,"message":"canary","errors":[{"message":"canary","reason":%q}]}}`, c.status, c.reason)
			}
		})
		_, _, err := target.Open(t.Context(), "a")
		f := fault.As(err)
		if f.Kind != c.kind || f.Code != c.want || !strings.Contains(f.Message, c.say) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d %s %s: kind %d, %v", c.status, c.reason, c.header, f.Kind, err)
		}
		if strings.HasPrefix(c.header, "Retry-After") != (f.RetryAfter == 9*time.Second) || (f.Kind == fault.Throttled) != (f.RetryAfter >= time.Second) {
			t.Errorf("%d %s %s: to be tried after %v", c.status, c.reason, c.header, f.RetryAfter)
		}
	}
}

// TestDeniedNamesThePermission of each call, and TestBucketGone tells it from an object that isn't there.
func TestDeniedNamesThePermission(t *testing.T) {
	target := openAt(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	calls(t, target, func(permission string, err error) {
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.As(err).Message, "needs "+permission+" there") {
			t.Errorf("want %s: %v", permission, err)
		}
	})
}

func TestBucketGone(t *testing.T) {
	target := openAt(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":{"code":404,"message":"The specified bucket does not exist.","errors":[{"reason":"notFound"}]}}`)
	})
	calls(t, target, func(permission string, err error) {
		if fault.As(err).Code != "destination_bucket_missing" {
			t.Errorf("%s: %v", permission, err)
		}
	})
}

// calls makes every call and hands what it needs and its failure to see.
func calls(t *testing.T, target connector.Target, see func(permission string, err error)) {
	t.Helper()
	_, _, err := target.Open(t.Context(), "a")
	see("storage.objects.get", err)
	see("storage.objects.create", target.Create(t.Context(), small("a")))
	see("storage.objects.create", target.Create(t.Context(), sized("a", chunkBytes+1)))
	see("storage.objects.delete", target.Remove(t.Context(), "a"))
	for _, err := range target.List(t.Context(), connector.ListQuery{}) {
		see("storage.objects.list", err)
	}
}

// TestRequests holds what goes over the wire: the key as one segment, the condition, the digests, who is asking.
func TestRequests(t *testing.T) {
	var lines []string
	target := openAt(t, func(w http.ResponseWriter, r *http.Request) {
		lines = append(lines, r.Method+" "+r.RequestURI)
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer ya29.token-1" || r.Header.Get("User-Agent") != guard.UserAgent {
			t.Errorf("headers %v", r.Header)
		}
		if r.Method == http.MethodPost && !strings.Contains(string(body), `"crc32c":"ft35SQ==","md5Hash":"61wTmahxIRx+ftcy0V46iw=="`) {
			t.Errorf("metadata %s", body)
		}
		fmt.Fprint(w, `{"crc32c":"ft35SQ==","generation":"1"}`)
	})
	if err := target.Create(t.Context(), small("a b/ü+%2e%2e?#&=.json")); err != nil {
		t.Error(err)
	}
	if err := target.Remove(t.Context(), "a b/ü+%2e%2e?#&=.json"); err != nil {
		t.Error(err)
	}
	for range target.List(t.Context(), connector.ListQuery{Prefix: "a b/ü+%2e", Flat: true}) {
	}
	want := []string{
		"POST /upload/storage/v1/b/bucket/o?uploadType=multipart&ifGenerationMatch=0",
		"DELETE /storage/v1/b/bucket/o/a%20b%2F%C3%BC%2B%252e%252e%3F%23%26%3D.json",
		"GET /storage/v1/b/bucket/o?delimiter=%2F&fields=items%28name%2Csize%2Cupdated%2CcontentType%29%2CnextPageToken&maxResults=1000&prefix=a+b%2F%C3%BC%2B%252e",
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("requests:\n%s", got)
	}
}

// TestDamage: what Google says it wrote, and is not what was sent, is removed, that generation alone.
func TestDamage(t *testing.T) {
	for _, n := range []int{5, chunkBytes + 1} {
		removed := ""
		target := openAt(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodDelete && r.URL.Query().Has("generation"):
				removed = r.URL.Query().Get("generation")
			case r.URL.Query().Get("uploadType") == "resumable" && r.Method == http.MethodPost:
				w.Header().Set("Location", "http://"+r.Host+"/session")
			case r.URL.Path == "/session" && strings.HasPrefix(r.Header.Get("Content-Range"), "bytes 0-"):
				w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", chunkBytes-1))
				w.WriteHeader(http.StatusPermanentRedirect)
			default:
				fmt.Fprint(w, `{"crc32c":"AAAAAA==","generation":"77"}`)
			}
		})
		err := target.Create(t.Context(), sized("a", n))
		if !fault.Is(err, fault.Unavailable) || fault.As(err).Code != "destination_damaged" || removed != "77" {
			t.Errorf("%d bytes: %v, removed %q", n, err, removed)
		}
	}
}

// TestSessionElsewhere: an upload that is to go on at another place goes nowhere.
func TestSessionElsewhere(t *testing.T) {
	for _, location := range []string{"", "/session", "http://169.254.169.254/session", "https://storage.googleapis.com/session", "http://user@127.0.0.1/", "://"} {
		visits := 0
		target := openAt(t, func(w http.ResponseWriter, _ *http.Request) {
			visits++
			w.Header().Set("Location", location)
		})
		err := target.Create(t.Context(), sized("a", chunkBytes+1))
		if fault.As(err).Code != "destination_redirected" || visits != 1 {
			t.Errorf("%q: %v, %d visits", location, err, visits)
		}
	}
}

// TestSessionsThatGetNowhere end, whatever the store says of what it has, and are cancelled.
func TestSessionsThatGetNowhere(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"keeps nothing":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPermanentRedirect) },
		"keeps more than sent": ranged("bytes=0-99999999"),
		"no number":            ranged("bytes=0-x"),
		"a negative number":    ranged("bytes=0--5"),
		"always fails":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"dropped":              func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
		"never answers":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"not JSON":             func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "canary") },
	} {
		var requests, cancels atomic.Int64
		target := openAt(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.Method {
			case http.MethodPost:
				w.Header().Set("Location", "http://"+r.Host+"/session?upload_id=canary")
			case http.MethodDelete:
				cancels.Add(1)
			default:
				requests.Add(1)
				io.Copy(io.Discard, r.Body)
				handle(w, r)
			}
		})
		err := target.Create(t.Context(), sized("a", 2*chunkBytes))
		if !fault.Is(err, fault.Unavailable) || requests.Load() > 8 || cancels.Load() != 1 || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v after %d requests, %d cancels", name, err, requests.Load(), cancels.Load())
		}
	}
}

func ranged(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Range", text)
		w.WriteHeader(http.StatusPermanentRedirect)
	}
}

// TestSessionThatKeepsAPart goes on from there: a store may keep less than it was sent.
func TestSessionThatKeepsAPart(t *testing.T) {
	var got []string
	target := openAt(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("Location", "http://"+r.Host+"/session")
			return
		}
		got = append(got, r.Header.Get("Content-Range"))
		var first, last, total int
		fmt.Sscanf(got[len(got)-1], "bytes %d-%d/%d", &first, &last, &total)
		if last+1 == total && last-first < fakegcs.Grain {
			fmt.Fprint(w, `{"crc32c":"`+zeroesCRC+`","generation":"1"}`)
			return
		}
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", first+fakegcs.Grain-1))
		w.WriteHeader(http.StatusPermanentRedirect)
	})
	if err := target.Create(t.Context(), sized("a", chunkBytes+fakegcs.Grain)); err != nil {
		t.Error(err)
	}
	want := "bytes 0-524287/786432,bytes 262144-524287/786432,bytes 524288-786431/786432"
	if strings.Join(got, ",") != want {
		t.Errorf("sent %q", got)
	}
}

// zeroesCRC is the checksum of that many zeroes.
const zeroesCRC = "ycv3aQ=="

// TestListingsWithoutEnd: pages that are too long, that can't be read, or that lead back to themselves.
func TestListingsWithoutEnd(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want string
		n    int
	}{
		"too long": {`{"items":[` + strings.Repeat(" ", 17<<20), "destination_reply_too_long", 1},
		"not JSON": {`canary`, "destination_unavailable", 1},
		"a circle": {`{"items":[{"name":"a","size":"1","updated":"2026-05-01T12:00:00Z"}],"nextPageToken":"t"}`, "", 2},
	} {
		target := openAt(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.body) })
		n := 0
		for _, err := range target.List(t.Context(), connector.ListQuery{}) {
			if n++; err != nil && fault.As(err).Code != c.want || err == nil && c.want != "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n != c.n {
			t.Errorf("%s: %d results", name, n)
		}
	}
}

// TestBrokenBody: a download that breaks off is a failure to try again, never a short object.
func TestBrokenBody(t *testing.T) {
	target := openAt(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		fmt.Fprint(w, "short")
	})
	_, err := connector.Put(t.Context(), target, small("a"))
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("Put = %v", err)
	}
}

// TestAddressesInside: an endpoint that isn't allowed is refused before anything is sent.
func TestAddressesInside(t *testing.T) {
	visits := 0
	visited := answering(t, func(http.ResponseWriter, *http.Request) { visits++ })
	tokens := newTokenServer(t)
	o := opener(t, visited, tokens.URL)
	o.Client = guard.NewClient(guard.Config{Allow: []string{strings.TrimPrefix(tokens.URL, "http://")}})
	for _, o := range []gcsconn.Opener{o, {Sealer: o.Sealer, Client: guard.NewClient(guard.Config{}), TokenURL: visited}} {
		_, _, err := openWith(t, o, "bucket", accountFile(t, accountKey())).Open(t.Context(), "a")
		if fault.As(err).Code != "destination_address_refused" || visits > 0 {
			t.Errorf("got %v, %d visits", err, visits)
		}
	}
}

// answering is a server that says what handle does.
func answering(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

// openAt is a target at such a server.
func openAt(t *testing.T, handle http.HandlerFunc) connector.Target {
	t.Helper()
	return openWith(t, opener(t, answering(t, handle), newTokenServer(t).URL), "bucket", accountFile(t, accountKey()))
}

func small(key string) connector.Object { return conntest.Object(key, []byte("small")) }

func sized(key string, n int) connector.Object { return conntest.Object(key, make([]byte, n)) }
