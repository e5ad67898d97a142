package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// FuzzOrder: whatever a body holds, it is refused as unreadable or as invalid, or it is an order that is in its one
// form and that reads back as the same.
func FuzzOrder(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", `{"prompt_run_ids":["b","a","a"],"destination_connector_id":"c","destination_subpath":"/x/","result_scope":"matches"}`,
		`{"a":1,"a":2}`, `{"prompt_run_ids":[null]}`, "{\"\xff\":1}", `{"destination_subpath":"%2e%2e"}`, `[]`, `{}{}`, `{"result_scope":[]}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		o, err := parse(t, body)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Malformed && k != fault.Invalid && k != fault.TooLarge {
				t.Errorf("%q fails with %v", body, err)
			}
			return
		}
		if strings.TrimSpace(body) != "" && !utf8.ValidString(body) {
			t.Errorf("%q is no text and was read", body)
		}
		again, err := json.Marshal(map[string]any{
			"prompt_run_ids": o.RunIDs, "destination_connector_id": o.ConnectorID, "destination_subpath": o.Subpath, "result_scope": o.Scope,
		})
		if err != nil {
			t.Fatal(err)
		}
		same, err := parse(t, string(again))
		if err != nil || same.canonical() != o.canonical() {
			t.Errorf("%q is %s, which reads back as %s, %v", body, o.canonical(), same.canonical(), err)
		}
	})
}

func parse(t *testing.T, body string) (order, error) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.SetPathValue("id", "idx")
	return parseOrder(httptest.NewRecorder(), r, export.TypeIndex)
}

// FuzzIdempotencyKey: an accepted key is of the promised characters, and its quoted form is the same key.
func FuzzIdempotencyKey(f *testing.F) {
	for _, v := range []string{"", "k", ` "k" `, `"a\"b\\c"`, `"a`, "a b", `"\x"`, strings.Repeat("k", 256)} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		key, err := idempotencyKey([]string{value})
		if err != nil {
			return
		}
		if key == "" || len(key) > 255 || strings.ContainsFunc(key, func(r rune) bool { return r < '!' || r > '~' }) {
			t.Errorf("%q is taken as %q", value, key)
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		if same, err := idempotencyKey([]string{quoted}); err != nil || same != key {
			t.Errorf("%q is %q, and in quotes %q, %v", value, key, same, err)
		}
	})
}

// FuzzListQuery: an accepted query is within its bounds.
func FuzzListQuery(f *testing.F) {
	f.Add("limit=200&status=failed&export_type=index&target_id=idx")
	f.Add("limit=+1")
	f.Add("status=&limit=1&limit=2")
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL.RawQuery = query
		q, err := parseListQuery(r.URL.Query())
		if err == nil && (q.Limit < 1 || q.Limit > 200 || q.TargetID != "" && !export.ValidID(q.TargetID)) {
			t.Errorf("%q gives %+v", query, q)
		}
	})
}
