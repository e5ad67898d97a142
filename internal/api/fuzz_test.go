package api

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/videovector/exports/internal/connector"
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

// FuzzForm: whatever a body is, it is refused as unreadable or as too large, or it is fields that a form made of them has
// again, under another boundary; no text of them is anything but UTF-8.
func FuzzForm(f *testing.F) {
	for _, body := range []string{
		"", "--b--", "--b\r\n\r\n--b--", "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nn\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data; name=credentials_file; filename=\"k\"\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"scopes\"\r\n\r\nimport\r\n--b\r\nContent-Disposition: form-data; name=\"scopes\"\r\n\r\nexport\r\n--b--",
		"x\r\n--b--", "--b--\r\nx", "--b\nContent-Disposition: form-data; name=\"name\"\n\nn\n--b--", "--b\r\nContent-Disposition: form-data; name*=utf-8''n%61me\r\n\r\n\r\n--b--",
	} {
		f.Add([]byte(body))
	}
	known := providers["gcs"].fields()
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeForm(body, "b", known)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Malformed && kind != fault.TooLarge {
				t.Errorf("%q fails with %v", body, err)
			}
			return
		}
		if len(got.problems) > 0 || len(got.values)+len(got.secrets) == 0 { // the writer frames an empty form otherwise
			return
		}
		again, err := decodeForm(formOf(t, got), "another boundary", known)
		if err != nil {
			t.Fatalf("%q can't be made again: %v", body, err)
		}
		if !reflect.DeepEqual(again.values, got.values) || len(again.secrets) != len(got.secrets) ||
			again.secrets["credentials_file"].Reveal() != got.secrets["credentials_file"].Reveal() {
			t.Errorf("%q is %v, and again %v", body, got.values, again.values)
		}
	})
}

// formOf makes a form of the fields.
func formOf(t *testing.T, f *fields) []byte {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.SetBoundary("another boundary"))
	for name, values := range f.values {
		for _, v := range values {
			if !utf8.ValidString(v) {
				t.Errorf("%s is no text: %q", name, v)
			}
			must(w.WriteField(name, v))
		}
	}
	for name, s := range f.secrets {
		part, err := w.CreateFormFile(name, "k")
		must(err)
		_, err = part.Write([]byte(s.Reveal()))
		must(err)
	}
	must(w.Close())
	return body.Bytes()
}

// FuzzConnector: whatever a body of a create holds, it is refused as unreadable or as invalid, or it is an order whose
// names are its provider's and whose base path stays below itself.
func FuzzConnector(f *testing.F) {
	for _, body := range []string{
		"{}", `{"name":"n","bucket":"bucket","region":"us-east-1","aws_access_key_id":"AKIA0123456789ABCDEF","aws_secret_access_key":"s","export_base_path":"/a/%2e/"}`,
		`{"name":"n","bucket":"bucket","region":"us-east-1","role_arn":"arn:aws:iam::123456789012:role/x","scopes":["export","import"]}`, `{"name":null,"scopes":[null]}`, "[]",
	} {
		f.Add(body)
	}
	p := providers["s3"]
	f.Fuzz(func(t *testing.T, body string) {
		read, err := decodeFields([]byte(body), p.fields())
		var o connectorOrder
		if err == nil {
			o, err = p.parse(read)
		}
		if err != nil {
			if k := fault.KindOf(err); k != fault.Malformed && k != fault.Invalid {
				t.Errorf("%q fails with %v", body, err)
			}
			return
		}
		c := o.connector
		clean, err := export.CleanSubpath(c.ExportBasePath)
		if err != nil || clean != c.ExportBasePath || connector.CheckBucketS3(c.Bucket) != nil || connector.CheckRegion(c.Region) != nil ||
			!goodName(c.Name) || len(c.Scopes) == 0 || (c.RoleARN == "") == (o.opening.secrets == nil) {
			t.Errorf("%q gives %+v", body, c)
		}
	})
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
