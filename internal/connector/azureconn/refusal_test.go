package azureconn_test

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
	"github.com/videovector/exports/internal/connector/guard"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

// TestRefusals plays Blob Storage's refusals, as its documentation gives them, and holds what becomes of them.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status    int
		code      string
		header    string // Name: value
		kind      fault.Kind
		want, say string // code, and a part of the message
	}{
		{404, "BlobNotFound", "", fault.NotFound, "object_not_found", ""},
		{404, "ContainerNotFound", "", fault.Invalid, "destination_bucket_missing", "container"},
		{409, "ContainerBeingDeleted", "", fault.Invalid, "destination_bucket_missing", "container"},
		{404, "ResourceNotFound", "", fault.Invalid, "destination_bucket_missing", "storage account"},
		{403, "AuthorizationPermissionMismatch", "", fault.Invalid, "destination_access_denied", "Storage Blob Data Contributor"},
		{403, "AuthorizationFailure", "", fault.Invalid, "destination_network_refused", "firewall"},
		{403, "AccountIsDisabled", "", fault.Invalid, "destination_account_problem", "disabled"},
		{403, "canary canary", "", fault.Invalid, "destination_access_denied", ""},
		{401, "InvalidAuthenticationInfo", "", fault.Invalid, "destination_credentials_refused", "tenant"},
		{403, "AuthenticationFailed", "", fault.Invalid, "destination_credentials_refused", "application"},
		{401, "", "", fault.Invalid, "destination_credentials_refused", ""},
		{409, "BlobAlreadyExists", "", fault.Conflict, "destination_exists", ""},
		{412, "ConditionNotMet", "", fault.Conflict, "destination_exists", ""},
		{412, "LeaseIdMissing", "", fault.Invalid, "destination_locked", "lease"},
		{409, "BlobImmutableDueToPolicy", "", fault.Invalid, "destination_locked", "immutability"},
		{409, "BlobArchived", "", fault.Invalid, "destination_archived", "archived"},
		{400, "Md5Mismatch", "", fault.Unavailable, "destination_damaged", ""},
		{400, "InvalidBlockList", "", fault.Unavailable, "destination_upload_lost", ""},
		{400, "InvalidResourceName", "", fault.Invalid, "destination_key_refused", ""},
		{409, "OperationConflict", "", fault.Unavailable, "destination_unavailable", ""},
		{408, "", "", fault.Unavailable, "destination_unavailable", ""},
		{429, "TooManyRequests", "Retry-After: 9", fault.Throttled, "destination_busy", ""},
		{503, "ServerBusy", "", fault.Throttled, "destination_busy", ""},
		{503, "ServerBusy", "Retry-After: 9", fault.Throttled, "destination_busy", ""},
		{503, "", "", fault.Unavailable, "destination_unavailable", ""},
		{500, "OperationTimedOut", "", fault.Unavailable, "destination_unavailable", ""},
		{307, "", "Location: http://169.254.169.254/", fault.Unavailable, "destination_redirected", ""},
		{400, "UnsupportedHeader", "", fault.Internal, "destination_unexpected", ""},
		{204, "", "", fault.Internal, "destination_unexpected", ""},
	} {
		target := openAt(t, func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.Header().Set("x-ms-error-code", c.code)
			w.WriteHeader(c.status)
			if c.status != http.StatusNoContent {
				fmt.Fprintf(w, `<?xml version="1.0" encoding="utf-8"?><Error><Code>%s</Code><Message>canary</Message></Error>`, c.code)
			}
		})
		_, _, err := target.Open(t.Context(), "a")
		f := fault.As(err)
		if f.Kind != c.kind || f.Code != c.want || !strings.Contains(f.Message, c.say) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d %s %s: kind %d, %v", c.status, c.code, c.header, f.Kind, err)
		}
		if strings.HasPrefix(c.header, "Retry-After") != (f.RetryAfter == 9*time.Second) || (f.Kind == fault.Throttled) != (f.RetryAfter >= time.Second) {
			t.Errorf("%d %s %s: to be tried again after %v", c.status, c.code, c.header, f.RetryAfter)
		}
	}
}

// TestAnObjectThatCannotBeWrittenOver stands there, whatever protects it: what it is decides what becomes of the delivery.
func TestAnObjectThatCannotBeWrittenOver(t *testing.T) {
	for _, code := range []string{"LeaseIdMissing", "BlobImmutableDueToPolicy", "BlobImmutableDueToLegalHold", "InvalidBlobType"} {
		target := openAt(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-ms-error-code", code)
			w.WriteHeader(http.StatusConflict)
		})
		if err := target.Create(t.Context(), small("a")); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestDeniedSaysOfWhat holds that each call's refusal names what it was.
func TestDeniedSaysOfWhat(t *testing.T) {
	target := openAt(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	see := func(what string, err error) {
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.As(err).Message, "may not "+what+" blobs") {
			t.Errorf("want %s: %v", what, err)
		}
	}
	_, _, err := target.Open(t.Context(), "a")
	see("read", err)
	see("write", target.Create(t.Context(), small("a")))
	see("write", target.Create(t.Context(), sized("a", blockBytes+1)))
	see("delete", target.Remove(t.Context(), "a"))
	for _, err := range target.List(t.Context(), connector.ListQuery{}) {
		see("list", err)
	}
}

func TestSignInRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse func(w http.ResponseWriter) bool
		kind   fault.Kind
		code   string
		say    string
	}{
		{"a wrong secret", aadsts(401, "invalid_client", 7000215), fault.Invalid, "destination_credentials_refused", "client secret"},
		{"an expired secret", aadsts(401, "invalid_client", 7000222), fault.Invalid, "destination_credentials_refused", "expired"},
		{"no such application", aadsts(400, "unauthorized_client", 700016), fault.Invalid, "destination_credentials_refused", "no such application"},
		{"no such tenant", aadsts(400, "invalid_request", 90002), fault.Invalid, "destination_credentials_refused", "no such tenant"},
		{"another reason", aadsts(400, "invalid_request", 50058), fault.Invalid, "destination_credentials_refused", "AADSTS50058"},
		{"busy", header("Retry-After", "9", 429), fault.Throttled, "destination_busy", ""},
		{"busy, by 503", header("Retry-After", "9", 503), fault.Throttled, "destination_busy", ""},
		{"down", header("X", "y", 503), fault.Unavailable, "destination_unavailable", ""},
		{"down for now", aadsts(400, "temporarily_unavailable", 90033), fault.Unavailable, "destination_unavailable", ""},
		{"a redirect", header("Location", "http://169.254.169.254/", 302), fault.Unavailable, "destination_unavailable", ""},
		{"no reply", func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, fault.Unavailable, "destination_unavailable", ""},
		{"not JSON", text("canary"), fault.Unavailable, "destination_unavailable", ""},
		{"a token with a line", text(`{"access_token":"canary\r\nX: y","expires_in":3600}`), fault.Unavailable, "destination_unavailable", ""},
	} {
		s := newSignIn(t)
		s.refuse = c.refuse
		visits := 0
		target := openWith(t, opener(t, answering(t, func(http.ResponseWriter, *http.Request) { visits++ }), s.URL), "container")
		_, err := connector.Put(t.Context(), target, small("a"))
		f := fault.As(err)
		if f.Kind != c.kind || f.Code != c.code || !strings.Contains(f.Message, c.say) || visits > 0 || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), clientSecret) {
			t.Errorf("%s: kind %d, %v, %d visits", c.name, f.Kind, err, visits)
		}
		if (f.Kind == fault.Throttled) != (f.RetryAfter == 9*time.Second) {
			t.Errorf("%s: to be tried after %v", c.name, f.RetryAfter)
		}
	}
}

func header(name, value string, status int) func(http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool { w.Header().Set(name, value); w.WriteHeader(status); return true }
}

func text(s string) func(http.ResponseWriter) bool {
	return func(w http.ResponseWriter) bool { fmt.Fprint(w, s); return true }
}

// TestTokenIsKept, and asked for again once it was refused.
func TestTokenIsKept(t *testing.T) {
	s := newSignIn(t)
	status := http.StatusNotFound
	target := openWith(t, opener(t, answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }), s.URL), "container")
	for _, c := range []struct{ status, asked int }{{404, 1}, {404, 1}, {401, 1}, {404, 2}, {404, 2}} {
		status = c.status
		if _, _, err := target.Open(t.Context(), "a"); err == nil || s.asked != c.asked {
			t.Errorf("%d: asked %d times, want %d, %v", c.status, s.asked, c.asked, err)
		}
	}
}

// TestRequests holds what goes over the wire: the key, the condition, the digests, the version, who is asking.
func TestRequests(t *testing.T) {
	var lines []string
	target := openAt(t, func(w http.ResponseWriter, r *http.Request) {
		lines = append(lines, r.Method+" "+r.RequestURI+" "+r.Header.Get("If-None-Match")+" "+r.Header.Get("Content-MD5"))
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ey") || r.Header.Get("User-Agent") != guard.UserAgent || r.Header.Get("x-ms-version") == "" {
			t.Errorf("headers %v", r.Header)
		}
		if at, err := http.ParseTime(r.Header.Get("x-ms-date")); err != nil || time.Since(at) > time.Minute {
			t.Errorf("x-ms-date %q, %v", r.Header.Get("x-ms-date"), err)
		}
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(map[string]int{"PUT": 201, "DELETE": 202}[r.Method])
	})
	if err := target.Create(t.Context(), small("a b/ü+%2e%2e?#&=.json")); err != nil {
		t.Error(err)
	}
	if err := target.Create(t.Context(), sized("b", blockBytes+1)); err != nil {
		t.Error(err)
	}
	if err := target.Remove(t.Context(), "b"); err != nil {
		t.Error(err)
	}
	const base = "/devstoreaccount1/container"
	want := []string{
		"PUT " + base + "/a%20b/%C3%BC%2B%252e%252e%3F%23%26%3D.json * 61wTmahxIRx+ftcy0V46iw==",
		"PUT " + base + "/b?blockid=", "PUT " + base + "/b?blockid=", "PUT " + base + "/b?comp=blocklist * ", "DELETE " + base + "/b  ",
	}
	for i, line := range lines {
		if i >= len(want) || !strings.HasPrefix(line, want[i]) || strings.HasPrefix(line, "PUT") && !strings.HasSuffix(line, "==") {
			t.Errorf("request %d: %s", i, line)
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d requests", len(lines))
	}
}

// TestListings: names that XML can't hold, folders that are no objects, and pages that don't end.
func TestListings(t *testing.T) {
	const blob = `<Blob><Name%s>%s</Name><Properties><Last-Modified>Fri, 01 May 2026 12:00:00 GMT</Last-Modified><Content-Length>7</Content-Length>%s</Properties></Blob>`
	for name, c := range map[string]struct {
		body string
		want string // keys or codes
	}{
		"encoded":   {`<EnumerationResults><Blobs>` + fmt.Sprintf(blob, ` Encoded="true"`, "a%01%25%2B+", "") + `</Blobs></EnumerationResults>`, "a\x01%++"},
		"plain":     {`<EnumerationResults><Blobs>` + fmt.Sprintf(blob, "", "a%01&amp;+", "") + `</Blobs></EnumerationResults>`, "a%01&+"},
		"folders":   {`<EnumerationResults><Blobs>` + fmt.Sprintf(blob, "", "dir", "<ResourceType>directory</ResourceType>") + fmt.Sprintf(blob, "", "dir/a", "<ResourceType>file</ResourceType>") + `</Blobs></EnumerationResults>`, "dir/a"},
		"circle":    {`<EnumerationResults><Blobs>` + fmt.Sprintf(blob, "", "a", "") + `</Blobs><NextMarker>m</NextMarker></EnumerationResults>`, "a a"},
		"no time":   {`<EnumerationResults><Blobs><Blob><Name>a</Name></Blob></Blobs></EnumerationResults>`, "destination_unavailable"},
		"not XML":   {`canary`, "destination_unavailable"},
		"cut short": {`<EnumerationResults><Blobs>`, "destination_unavailable"},
		"too long":  {`<EnumerationResults>` + strings.Repeat(" ", 17<<20), "destination_reply_too_long"},
	} {
		target := openAt(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.body) })
		var got []string
		for f, err := range target.List(t.Context(), connector.ListQuery{}) {
			if err != nil {
				f.Key = fault.As(err).Code
			}
			got = append(got, f.Key)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestBlocksAreSentAgain when the connection breaks, a few times, and no other failure.
func TestBlocksAreSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		fail  func(w http.ResponseWriter, n int64)
		sends int64
	}{
		"breaks twice":  {func(w http.ResponseWriter, n int64) { abortBefore(w, n, 3) }, 3},
		"always breaks": {func(w http.ResponseWriter, n int64) { abortBefore(w, n, 99) }, 3},
		"busy":          {func(w http.ResponseWriter, _ int64) { w.WriteHeader(http.StatusTooManyRequests) }, 1},
		"denied":        {func(w http.ResponseWriter, _ int64) { w.WriteHeader(http.StatusForbidden) }, 1},
	} {
		var n atomic.Int64
		target := openAt(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if r.URL.Query().Get("comp") == "block" && n.Load() < c.sends {
				c.fail(w, n.Add(1))
				return
			}
			w.WriteHeader(http.StatusCreated)
		})
		err := target.Create(t.Context(), sized("a", blockBytes+1))
		if (err == nil) != (name == "breaks twice") || n.Load() != c.sends {
			t.Errorf("%s: %v after %d", name, err, n.Load())
		}
	}
}

func abortBefore(w http.ResponseWriter, n, end int64) {
	if n < end {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusCreated)
}

// TestRecordsThatAreNotOpened: what can't be part of a host or a path gets no further than the record.
func TestRecordsThatAreNotOpened(t *testing.T) {
	o := opener(t, "http://127.0.0.1:1", "http://127.0.0.1:1")
	for name, change := range map[string]func(c *store.Connector, s seal.Secrets){
		"no account":               func(c *store.Connector, _ seal.Secrets) { c.StorageAccount = "" },
		"an account with a domain": func(c *store.Connector, _ seal.Secrets) { c.StorageAccount = "a.evil.example/" },
		"an account with a user":   func(c *store.Connector, _ seal.Secrets) { c.StorageAccount = "abc@evil" },
		"no container":             func(c *store.Connector, _ seal.Secrets) { c.Container = "" },
		"a container that climbs":  func(c *store.Connector, _ seal.Secrets) { c.Container = "../other" },
		"a container with a query": func(c *store.Connector, _ seal.Secrets) { c.Container = "abc?comp=acl" },
		"no tenant":                func(_ *store.Connector, s seal.Secrets) { delete(s, connector.AzureTenantID) },
		"a tenant that climbs":     func(_ *store.Connector, s seal.Secrets) { s[connector.AzureTenantID] = seal.NewSecret("../common") },
		"a tenant at another host": func(_ *store.Connector, s seal.Secrets) { s[connector.AzureTenantID] = seal.NewSecret("@evil.example") },
		"a client id that is none": func(_ *store.Connector, s seal.Secrets) { s[connector.AzureClientID] = seal.NewSecret("me") },
	} {
		c, s := record("container"), secrets()
		change(&c, s)
		if _, err := o.OpenTarget(t.Context(), sealed(t, o, c, s)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAddressesInside: an endpoint that isn't allowed is refused before anything is sent, the sign-in's too.
func TestAddressesInside(t *testing.T) {
	visits := 0
	visited := answering(t, func(http.ResponseWriter, *http.Request) { visits++ })
	s := newSignIn(t)
	for _, login := range []string{s.URL, visited} {
		o := opener(t, visited, login)
		o.Client = guard.NewClient(guard.Config{Allow: []string{host(s.URL)}})
		if _, _, err := openWith(t, o, "container").Open(t.Context(), "a"); fault.As(err).Code != "destination_address_refused" || visits > 0 {
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
	return openWith(t, opener(t, answering(t, handle), newSignIn(t).URL), "container")
}
