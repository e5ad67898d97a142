package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/webhook"
)

// FuzzPrefer: whatever the header holds, it is passed over or it is a wait within its bounds.
func FuzzPrefer(f *testing.F) {
	for _, v := range []string{"wait=20", `respond-async, wait="5"; x`, "wait", "wait=-1", "WAIT = 7", `a="wait=9,", wait=1`, "wait=" + strings.Repeat("9", 40), `"\`} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		seconds, ok := waitPreferred(http.Header{"Prefer": {value}})
		if seconds < 0 || seconds > MaxWait || !ok && seconds != 0 || ok && !strings.Contains(strings.ToLower(value), "wait") {
			t.Errorf("%q is a wait of %d, %v", value, seconds, ok)
		}
	})
}

// FuzzWebhook: whatever a body of a create holds, it is refused as unreadable or as invalid, or it is a webhook within its
// limits, with an https address that holds no credentials.
func FuzzWebhook(f *testing.F) {
	for _, body := range []string{
		"{}", `{"name":"n","url":"https://example.com/h?x=1","events":["export.ready","export.ready"],"index_ids":["b","a"],"metadata":{"a":[1e999,-0.0,"\u0000"]}}`,
		`{"name":"n","url":"https://u:p@example.com","events":["export.failed"]}`, `{"name":"n","url":"https:example.com","events":[]}`, `{"metadata":{"a":1,"a":2}}`, `{"metadata":[]}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		read, err := decodeFields([]byte(body), webhookFields)
		var o webhookOrder
		if err == nil {
			o, err = parseWebhook(read)
		}
		if err != nil {
			if k := fault.KindOf(err); k != fault.Malformed && k != fault.Invalid {
				t.Errorf("%q fails with %v", body, err)
			}
			return
		}
		if !goodName(o.Name) || len(o.URL) > maxURL || !strings.HasPrefix(strings.ToLower(o.URL), "https://") || strings.Contains(o.URL, "#") ||
			len(o.Events) == 0 || len(o.Events) > len(webhook.Events) || len(o.IndexIDs) > maxIndexIDs || len(o.Metadata) > maxMetadata || o.canonical() == "" {
			t.Errorf("%q gives %+v", body, o)
		}
	})
}

// FuzzAutomation: whatever a body holds, it is refused as unreadable or as invalid, or it is a rule whose window and
// destination are ones that exist.
func FuzzAutomation(f *testing.F) {
	for _, body := range []string{
		`{"destination_connector_id":"conn"}`, `{"enabled":false,"paused":true,"destination_connector_id":"c","destination_subpath":"/a//b/","debounce_interval":"1d"}`,
		`{"enabled":null,"destination_connector_id":"c","debounce_interval":""}`, `{"enabled":1}`, "", "[]",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/", strings.NewReader(body))
		s, err := parseAutomation(httptest.NewRecorder(), r)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Malformed && k != fault.Invalid && k != fault.TooLarge {
				t.Errorf("%q fails with %v", body, err)
			}
			return
		}
		clean, err := export.CleanSubpath(s.Subpath)
		if err != nil || clean != s.Subpath || !s.Debounce.Known() || s.ConnectorID == "" {
			t.Errorf("%q gives %+v", body, s)
		}
	})
}
