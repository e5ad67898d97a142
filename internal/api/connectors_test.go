package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
)

const formType = "multipart/form-data; boundary=b"

// call sends a request with the admin key.
func (w *world) call(method, path, contentType string, body []byte, headers ...string) (status int, reply string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, "https://api.example.com/api/v2/connectors"+path, nil)
	w.must(err)
	r.Header.Set("X-API-Key", keys["admin"])
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res := w.send(r, body)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(raw)
}

// s3With is a good create request with the field replaced by a JSON value.
func s3With(field, value string) string {
	fields := map[string]string{
		"name": `"n"`, "bucket": `"bucket"`, "region": `"us-east-1"`, "aws_access_key_id": `"AKIA0123456789ABCDEF"`, "aws_secret_access_key": `"secret"`,
	}
	fields[field] = value
	var members []string
	for name, v := range fields {
		members = append(members, fmt.Sprintf("%q:%s", name, v))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func quoted(s string) string {
	raw, _ := json.Marshal(s) // of what is a string
	return string(raw)
}

func TestConnectorLimits(t *testing.T) {
	type request struct {
		body   string
		status int
		code   string // and, after a colon, the field that is wrong
	}
	refused := func(field, value string) request {
		return request{s3With(field, value), 422, "validation_failed:" + field}
	}
	accepted := func(field, value string) request { return request{s3With(field, value), 201, ""} }
	all := map[string]request{
		"a name of 100 characters":    accepted("name", quoted(strings.Repeat("漢", 100))),
		"a name of 101":               refused("name", quoted(strings.Repeat("a", 101))),
		"a name of blanks":            refused("name", `" \t "`),
		"a name with a tab":           refused("name", `"a\tb"`),
		"a name with a delete":        refused("name", `"a\u007fb"`),
		"a name with a C1 control":    refused("name", `"a\u0085b"`),
		"a name with a line":          refused("name", `"a\u2028b"`),
		"a name that is a null":       refused("name", "null"),
		"a base path of 400 bytes":    accepted("export_base_path", quoted(strings.Repeat("a", 400))),
		"a base path of 401":          refused("export_base_path", quoted(strings.Repeat("a", 401))),
		"a secret of 1,024":           accepted("aws_secret_access_key", quoted(strings.Repeat("s", 1024))),
		"a secret of 1,025":           refused("aws_secret_access_key", quoted(strings.Repeat("s", 1025))),
		"a secret with a line":        refused("aws_secret_access_key", `"a\r\nX-Injected: 1"`),
		"a name twice":                {`{"name":"a",` + s3With("name", `"b"`)[1:], 400, "malformed_json"},
		"a name twice, spelt so":      {`{"n\u0061me":"a",` + s3With("name", `"b"`)[1:], 400, "malformed_json"},
		"two texts":                   {s3With("name", `"n"`) + "{}", 400, "malformed_json"},
		"invalid UTF-8":               {s3With("name", "\"\xff\""), 400, "malformed_json"},
		"half a surrogate":            {s3With("name", `"\ud800"`), 400, "malformed_json"},
		"a body over the limit":       {s3With("name", `"n"`) + strings.Repeat(" ", 256<<10), 413, "request_too_large"},
		"an unknown scope beside":     refused("scopes", `["import","admin"]`),
		"a scope that is null":        refused("scopes", `["import",null]`),
		"a bucket that is a host":     refused("bucket", `"bucket.evil.example/x"`),
		"a region with a user":        refused("region", `"us-east-1@evil.example"`),
		"a field in other case":       {s3With("Bucket", `"bucket"`), 422, "validation_failed:Bucket"},
		"a field of the record":       {s3With("secret", `"x"`), 422, "validation_failed:secret"},
		"an endpoint of one's own":    {s3With("endpoint_url", `"http://169.254.169.254"`), 422, "validation_failed:endpoint_url"},
		"an external id of one's own": {s3With("external_id", `"known"`), 422, "validation_failed:external_id"},
	}
	for _, path := range []string{
		"..", "../x", "a/../b", "a/..", "./a", "a/./b", "a//b", "%2e%2e", "a/%2E%2e/b", "%252e%252e/x", "%25252e%25252e", "a%2f..%2fb", "a/%2f/b", "..\\x", "a\\..\\b",
		"a/%5c..", "a/%00", "a\x00b", "a?b", "a#b", " ./x", "...", "a/ .. /b", "\u202f/../x",
	} {
		all["base path "+path] = refused("export_base_path", quoted(path))
	}
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			status, reply := w.call("POST", "/s3", "application/json", []byte(c.body))
			want, field, _ := strings.Cut(c.code, ":")
			if status != c.status || code(t, reply) != want || !strings.Contains(reply, field) {
				t.Errorf("%d %s, want %d %s", status, reply, c.status, c.code)
			}
			if _, err := w.store.Connector(t.Context(), "acct", "conn_1"); (err == nil) != (c.status == 201) {
				t.Errorf("whether a connector was made: %v", err)
			}
		})
	}
}

// part is a part of a form with its headers as they stand.
func part(headers, content string) string { return "--b\r\n" + headers + "\r\n\r\n" + content + "\r\n" }

func text(name, value string) string {
	return part(`Content-Disposition: form-data; name="`+name+`"`, value)
}

func file(content []byte) string {
	return part(`Content-Disposition: form-data; name="credentials_file"; filename="key.json"`+"\r\nContent-Type: application/json", string(content))
}

func TestFormLimits(t *testing.T) {
	key := keyFile(t, googleToken, "key-1")
	padded := append(key, bytes.Repeat([]byte(" "), 65_536-len(key))...)
	fields := text("name", "n") + text("bucket", "bucket") + text("gcp_project_id", "my-project")
	whole := fields + file(key)
	const end = "--b--\r\n"
	for name, c := range map[string]struct {
		body, contentType string
		status            int
		detail            string
	}{
		"as clients send it":             {whole + end, formType, 201, ""},
		"without the last line end":      {whole + "--b--", formType, 201, ""},
		"a boundary in quotes":           {whole + end, `multipart/form-data; boundary="b"`, 201, ""},
		"charset of the whole":           {whole + end, formType + "; charset=UTF-8", 201, ""},
		"a file of the limit":            {fields + file(padded) + end, formType, 201, ""},
		"a file over the limit":          {fields + file(append(padded, ' ')) + end, formType, 422, "credentials_file"},
		"a form over the limit":          {whole + text("name", strings.Repeat("n", 256<<10)) + end, formType, 413, "request_too_large"},
		"a text that says it is one":     {text("name", "n") + text("bucket", "bucket") + part("content-disposition: form-data; name=gcp_project_id\r\nContent-Type: text/plain; charset=utf-8", "my-project") + file(key) + end, formType, 201, ""},
		"a value with a boundary inside": {text("name", "a --b b") + text("bucket", "bucket") + text("gcp_project_id", "my-project") + file(key) + end, formType, 201, ""},
		"an empty scope":                 {whole + text("scopes", "") + end, formType, 201, `"import"`},
		"scopes repeated":                {whole + text("scopes", "export") + text("scopes", "import") + end, formType, 201, `"export"`},
		"scopes in one value":            {whole + text("scopes", "import,export") + end, formType, 422, "scopes"},
		"a text in another charset":      {fields + part("Content-Disposition: form-data; name=\"export_base_path\"\r\nContent-Type: text/plain; charset=iso-8859-1", "a") + file(key) + end, formType, 422, "export_base_path"},
		"a text of another type":         {fields + part("Content-Disposition: form-data; name=\"export_base_path\"\r\nContent-Type: application/json", "a") + file(key) + end, formType, 422, "export_base_path"},
		"a text that isn't UTF-8":        {fields + text("export_base_path", "\xff") + file(key) + end, formType, 422, "export_base_path"},
		"a path that climbs":             {fields + text("export_base_path", "a/%2e%2e/b") + file(key) + end, formType, 422, "export_base_path"},
		"a file in a transfer encoding":  {fields + part("Content-Disposition: form-data; name=\"credentials_file\"; filename=\"k\"\r\nContent-Transfer-Encoding: base64", "e30=") + end, formType, 422, "credentials_file"},
		"a text in quoted-printable":     {fields + part("Content-Disposition: form-data; name=\"export_base_path\"\r\nContent-Transfer-Encoding: quoted-printable", "=2e=2e") + file(key) + end, formType, 422, "export_base_path"},
		"a file in another charset":      {fields + part("Content-Disposition: form-data; name=\"credentials_file\"; filename=\"k\"\r\nContent-Type: application/json; charset=utf-16", string(key)) + end, formType, 422, "credentials_file"},
		"a type that can't be read":      {fields + part("Content-Disposition: form-data; name=\"credentials_file\"; filename=\"k\"\r\nContent-Type: a b", string(key)) + end, formType, 422, "credentials_file"},
		"something before":               {"preamble\r\n" + whole + end, formType, 400, "malformed_form"},
		"something after":                {whole + end + "epilogue", formType, 400, "malformed_form"},
		"another form after":             {whole + end + whole + end, formType, 400, "malformed_form"},
		"no end":                         {whole, formType, 400, "malformed_form"},
		"cut in the file":                {(whole + end)[:len(whole)-100], formType, 400, "malformed_form"},
		"bare line feeds":                {strings.ReplaceAll(whole+end, "\r\n", "\n"), formType, 400, "malformed_form"},
		"another boundary":               {whole + end, "multipart/form-data; boundary=c", 400, "malformed_form"},
		"a part without headers":         {fields + part("", "x") + file(key) + end, formType, 400, "malformed_form"},
		"a part without a name":          {fields + part("Content-Disposition: form-data", "x") + file(key) + end, formType, 400, "malformed_form"},
		"a part with an empty name":      {fields + text("", "x") + file(key) + end, formType, 400, "malformed_form"},
		"a part with two names":          {fields + part("Content-Disposition: form-data; name=\"a\"; name=\"b\"", "x") + file(key) + end, formType, 400, "malformed_form"},
		"a part with two dispositions":   {fields + part("Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"", "x") + file(key) + end, formType, 400, "malformed_form"},
		"an attachment":                  {fields + part("Content-Disposition: attachment; name=\"a\"", "x") + file(key) + end, formType, 400, "malformed_form"},
		"a name that isn't UTF-8":        {fields + text("\xff", "x") + file(key) + end, formType, 400, "malformed_form"},
		"a file among headers":           {fields + "--b\r\n" + string(key) + "\r\n\r\n" + end, formType, 400, "malformed_form"},
		"headers without an end":         {fields + "--b\r\nContent-Disposition: form-data\r\n" + end, formType, 400, "malformed_form"},
		"64 parts":                       {whole + strings.Repeat(text("scopes", "import"), 60) + end, formType, 201, ""},
		"65 parts":                       {whole + strings.Repeat(text("scopes", "import"), 61) + end, formType, 413, "at most 64 parts"},
		"many headers":                   {fields + part(strings.Repeat("X-Header: x\r\n", 15000)+"Content-Disposition: form-data; name=\"a\"", "x") + file(key) + end, formType, 400, "malformed_form"},
		"a boundary that is too long":    {whole + end, "multipart/form-data; boundary=" + strings.Repeat("b", 71), 400, "unsupported_content_type"},
		"a mixed multipart":              {whole + end, "multipart/mixed; boundary=b", 400, "unsupported_content_type"},
		"a form of another kind":         {"name=n", "application/x-www-form-urlencoded", 400, "unsupported_content_type"},
		"no body":                        {"", formType, 400, "malformed_form"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			status, reply := w.call("POST", "/gcs", c.contentType, []byte(c.body))
			if status != c.status || !strings.Contains(reply, c.detail) {
				t.Errorf("%d %s, want %d %s", status, reply, c.status, c.detail)
			}
			if strings.Contains(w.log.String(), "PRIVATE KEY") || strings.Contains(reply, "PRIVATE KEY") {
				t.Error("the key is in the log or in the reply")
			}
		})
	}
}

// TestRacingConnectorTwins: however many callers send one request under one key at once, one connector is made, and all
// of them hear the same bytes.
func TestRacingConnectorTwins(t *testing.T) {
	w := newWorld(t)
	var minting sync.Mutex
	minted := 0
	h := w.manager(func(time.Time) string {
		minting.Lock()
		defer minting.Unlock()
		minted++
		return fmt.Sprintf("conn_%d", minted)
	})
	ev := events.APIGatewayProxyRequest{
		HTTPMethod: http.MethodPost, Path: "/v2/connectors/s3", Headers: map[string]string{"Idempotency-Key": "twins"}, Body: s3With("name", `"n"`),
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "req", Authorizer: map[string]any{"account_id": "acct", "scope": "write"}},
	}
	const twins = 64
	var replies [twins]events.APIGatewayProxyResponse
	var all sync.WaitGroup
	for n := range twins {
		all.Go(func() { replies[n], _ = h(t.Context(), ev) }) // it never fails
	}
	all.Wait()
	first := 0
	for _, r := range replies {
		if r.StatusCode != http.StatusCreated || r.Body != replies[0].Body || r.Headers["Location"] != replies[0].Headers["Location"] {
			t.Errorf("reply %d %s, another twin's %s", r.StatusCode, r.Body, replies[0].Body)
		}
		if r.Headers["Idempotency-Replayed"] == "" {
			first++
		}
	}
	made, err := w.store.ListConnectors(t.Context(), "acct")
	if err != nil || len(made) != 3 || first != 1 { // two are the world's
		t.Errorf("%d connectors, %d first replies, %v", len(made), first, err)
	}
}

// TestSecretsAreKept opens what a create and changes have sealed.
func TestSecretsAreKept(t *testing.T) {
	w := newWorld(t)
	const body = `{"name":"n","storage_account":"account","container":"container","tenant_id":"example.com","client_id":"11111111-2222-3333-4444-555555555555","client_secret":"one"}`
	sealed := func(want map[string]string) {
		t.Helper()
		c, err := w.store.Connector(t.Context(), "acct", "conn_1")
		w.must(err)
		got, err := seal.OpenSecrets(t.Context(), w.sealing, seal.Context{AccountID: "acct", ConnectorID: "conn_1"}, c.Secret)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d secrets, %v; want %d", len(got), err, len(want))
		}
		for name, v := range want {
			if got[name].Reveal() != v {
				t.Errorf("%s is %q, want %q", name, got[name].Reveal(), v)
			}
		}
	}
	want := map[string]string{connector.AzureTenantID: "example.com", connector.AzureClientID: "11111111-2222-3333-4444-555555555555", connector.AzureClientSecret: "one"}
	w.call("POST", "/azure", "", []byte(body))
	sealed(want)
	w.call("PATCH", "/conn_1", "", []byte(`{"name":"other"}`))
	sealed(want)
	want[connector.AzureClientSecret] = "two"
	w.call("PATCH", "/conn_1", "", []byte(`{"client_secret":"two"}`))
	sealed(want)
	want[connector.AzureClientSecret], want[connector.AzureTenantID] = "three", "other.example"
	w.call("PATCH", "/conn_1", "", []byte(`{"client_secret":"three","tenant_id":"other.example"}`))
	sealed(want)
}

// TestWhileItIsTested: what happens to a connector during its test is not written over.
func TestWhileItIsTested(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(w *world)
		status    int
		result    string
	}{
		"another test ends": {func(w *world) {
			w.edit("conn", func(c *store.Connector) { c.LastTestResult, c.LastTestedAt, c.Status = "failed", t0, "failed" })
		}, 200, "success"},
		"it is renamed":          {func(w *world) { w.edit("conn", func(c *store.Connector) { c.Name = "renamed" }) }, 200, "success"},
		"its secret is replaced": {func(w *world) { w.edit("conn", func(c *store.Connector) { c.Secret = []byte("another") }) }, 503, ""},
		"it gets another scope":  {func(w *world) { w.edit("conn", func(c *store.Connector) { c.Scopes = []string{"export"} }) }, 503, ""},
		"it is removed":          {func(w *world) { w.must(w.store.DeleteConnector(w.t.Context(), "acct", "conn")) }, 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.customer.SetHook(func(call memconn.Call) (error, error) {
				if call.Method == "Create" {
					c.meanwhile(w)
				}
				return nil, nil
			})
			status, reply := w.call("POST", "/conn/test", "", nil)
			if status != c.status {
				t.Errorf("%d %s, want %d", status, reply, c.status)
			}
			after, err := w.store.Connector(t.Context(), "acct", "conn")
			if err != nil && !fault.Is(err, fault.NotFound) || after.LastTestResult != c.result {
				t.Errorf("the result is %q, %v; want %q", after.LastTestResult, err, c.result)
			}
		})
	}
}

// edit writes the connector as somebody else would.
func (w *world) edit(id string, edit func(*store.Connector)) {
	w.t.Helper()
	c, err := w.store.Connector(w.t.Context(), "acct", id)
	w.must(err)
	edit(&c)
	_, err = w.store.SaveConnector(w.t.Context(), c, c.Revision)
	w.must(err)
}

// TestOvertakenChange: of two changes of what was read, the later one is told to read again.
func TestOvertakenChange(t *testing.T) {
	w := newWorld(t)
	w.beforeSeal = func() { w.edit("conn", func(c *store.Connector) { c.Name = "theirs" }) }
	status, reply := w.call("PATCH", "/conn", "", []byte(`{"name":"ours","aws_access_key_id":"AKIA0123456789ABCDEF","aws_secret_access_key":"s"}`))
	if status != 503 || code(t, reply) != "concurrent_write" {
		t.Errorf("%d %s", status, reply)
	}
	if c, err := w.store.Connector(t.Context(), "acct", "conn"); err != nil || c.Name != "theirs" {
		t.Errorf("the name is %q, %v", c.Name, err)
	}
}

// TestBrowseTooLarge: a listing that no reply could carry is refused, with the way out.
func TestBrowseTooLarge(t *testing.T) {
	w := newWorld(t)
	for n := range 1000 {
		w.customer.Place(fmt.Sprintf("%04d", n)+strings.Repeat("x", 2000), nil)
	}
	status, reply := w.call("POST", "/conn/browse", "", nil)
	if status != 422 || code(t, reply) != "browse_too_large" {
		t.Errorf("%d %.200s", status, reply)
	}
	if status, reply := w.call("POST", "/conn/browse", "", []byte(`{"limit":500}`)); status != 200 {
		t.Errorf("with a lower limit: %d %.200s", status, reply)
	}
}
