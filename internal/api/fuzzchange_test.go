package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

// refused reports whether err says that the request was wrong; another failure is the test's.
func refused(t *testing.T, body string, err error) bool {
	t.Helper()
	if k := fault.KindOf(err); err != nil && k != fault.Malformed && k != fault.Invalid {
		t.Errorf("%q fails with %v", body, err)
	}
	return err != nil
}

// FuzzConnectorChange: whatever a body of a change holds, it is refused as unreadable or as invalid, or the connector is of
// its provider still, has a good name, a base path below itself and one way in; nothing that isn't given changes.
func FuzzConnectorChange(f *testing.F) {
	for _, body := range []string{
		"{}", `{"name":null}`, `{"name":"n","scopes":["export"]}`, `{"export_base_path":"/a/../b"}`, `{"role_arn":"arn:aws:iam::123456789012:role/x"}`, "[]",
		`{"aws_access_key_id":"AKIA0123456789ABCDEF","aws_secret_access_key":"s"}`, `{"tenant_id":"t"}`, `{"bucket":"other"}`, `{"name":"a","name":"b"}`,
	} {
		f.Add(body)
	}
	sealer, err := seal.NewKeyFile(filepath.Join(f.TempDir(), "key"))
	if err != nil {
		f.Fatal(err)
	}
	s := manager{ManageConfig{Sealer: sealer, NewExternalID: func() string { return "external" }}}
	c := store.Connector{ID: "conn_1", AccountID: "acct", Provider: "s3", Name: "n", Bucket: "bucket", Region: "us-east-1", Scopes: []string{"export"}, ExportBasePath: "base", Status: statusActive}
	if c.Secret, err = seal.SealSecrets(f.Context(), sealer, seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}, seal.Secrets{}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		read, err := decodeFields([]byte(body), changeFields)
		next := c
		if err == nil {
			next, err = s.changed(t.Context(), c, read)
		}
		if refused(t, body, err) {
			return
		}
		clean, err := export.CleanSubpath(next.ExportBasePath)
		if err != nil || clean != next.ExportBasePath || !goodName(next.Name) || len(next.Scopes) == 0 || (next.RoleARN == "") == (next.Secret == nil) {
			t.Errorf("%q gives %+v", body, next)
		}
		if next.Bucket != c.Bucket || next.Region != c.Region || next.Provider != c.Provider || next.ID != c.ID || next.AccountID != c.AccountID ||
			next.Name != c.Name && !read.given["name"] || next.ExportBasePath != c.ExportBasePath && !read.given["export_base_path"] {
			t.Errorf("%q changes what it doesn't give: %+v", body, next)
		}
	})
}

// FuzzWebhookChange: whatever a body of a change holds, it is refused as unreadable or as invalid, or the webhook is within its
// limits, active or paused, and at an https address that holds no credentials; nothing that isn't given changes.
func FuzzWebhookChange(f *testing.F) {
	for _, body := range []string{
		"{}", `{"status":"active"}`, `{"status":"disabled"}`, `{"url":"https://user@example.com"}`, `{"events":[]}`, `{"index_ids":["a","a"]}`, `{"metadata":{"a":1}}`, `{"name":null}`, "[]",
	} {
		f.Add(body)
	}
	h := store.Webhook{ID: "wh_1", AccountID: "acct", Name: "n", URL: "https://example.com", Events: webhook.Events, Status: webhook.Disabled, FailureCount: 10}
	f.Fuzz(func(t *testing.T, body string) {
		read, err := decodeFields([]byte(body), hookChangeFields)
		next := h
		if err == nil {
			next, err = changedHook(h, read)
		}
		if refused(t, body, err) {
			return
		}
		u, err := url.Parse(next.URL)
		if err != nil || u.Scheme != "https" || u.User != nil || len(next.URL) > maxURL || !goodName(next.Name) || len(next.Events) == 0 ||
			len(next.IndexIDs) > maxIndexIDs || len(next.Metadata) > maxMetadata || !slices.Contains([]string{webhook.Active, webhook.Paused, webhook.Disabled}, next.Status) {
			t.Errorf("%q gives %+v", body, next)
		}
		if next.ID != h.ID || next.AccountID != h.AccountID || next.Status != h.Status && !read.given["status"] || next.URL != h.URL && !read.given["url"] ||
			next.FailureCount != h.FailureCount && next.Status != webhook.Active {
			t.Errorf("%q changes what it doesn't give: %+v", body, next)
		}
	})
}

// FuzzBrowse: whatever a body holds, it is refused as unreadable or as invalid, or it is a query within its bounds.
func FuzzBrowse(f *testing.F) {
	for _, body := range []string{
		"", "{}", `{"prefix":"a/","pattern":"**/*.json","recursive":false,"limit":10}`, `{"limit":1e3}`, `{"limit":"10"}`, `{"prefix":"\u0000"}`, `{"pattern":"[a"}`, `{"recursive":"false"}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
		q, err := parseBrowse(httptest.NewRecorder(), r)
		if fault.KindOf(err) == fault.TooLarge || refused(t, body, err) {
			return
		}
		if q.Limit < 1 || q.Limit > maxFiles || len(q.Prefix) > maxPrefix || !utf8.ValidString(q.Prefix) || strings.ContainsAny(q.Prefix, "\x00\r\n") {
			t.Errorf("%q gives %+v", body, q)
		}
	})
}

// FuzzDeliveryQuery: an accepted query is within its bounds, and asks for a state that deliveries have.
func FuzzDeliveryQuery(f *testing.F) {
	for _, query := range []string{"", "limit=100&status=failed", "limit=+1", "limit=01", "status=", "limit=1&limit=2", "%zz"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := parseDeliveryQuery(values)
		if !refused(t, query, err) && (q.Limit < 1 || q.Limit > maxDeliveries || values.Has("status") && !slices.Contains(deliveryStates, q.Status)) {
			t.Errorf("%q gives %+v", query, q)
		}
	})
}

// FuzzOrigin: an accepted origin is https and a host, and links that are made of it lead to that host.
func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"https://example.com", "https://example.com:8443/", "https://user@example.com", "http://example.com", "https://example.com?", "https://[::1]", "https://a b", "https://example.com#", "https://:80", "https://ex\u00e4mple.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := ParseOrigin(s)
		if err != nil {
			return
		}
		u, err := url.Parse(string(o) + exportPath("exp_1"))
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || strings.ContainsFunc(string(o), notVisible) || u.User != nil || u.Path != "/api/v2/exports/exp_1" || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q gives %q, whose links are %v", s, o, u)
		}
		if again, err := ParseOrigin(string(o)); err != nil || again != o {
			t.Errorf("%q gives %q, and that %q, %v", s, o, again, err)
		}
	})
}
