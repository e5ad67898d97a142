package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/apigw"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

// post sends a create request with the write key.
func (w *world) post(body string, headers ...string) (status int, reply string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "https://api.example.com/api/v2/exports/index/idx", nil)
	w.must(err)
	r.Header.Set("X-API-Key", keys["write"])
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res := w.send(r, []byte(body))
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(raw)
}

// code is the error code of a reply, "" for none.
func code(t testing.TB, reply string) string {
	t.Helper()
	var e struct{ Error struct{ Code string } }
	if err := json.Unmarshal([]byte(reply), &e); err != nil {
		t.Fatalf("%v in %s", err, reply)
	}
	return e.Error.Code
}

func ids(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"run_x%d"`, i)
	}
	return `{"prompt_run_ids":[` + strings.Join(list, ",") + `]}`
}

// nested is a list in a list, and so on.
func nested(deep int) string { return strings.Repeat("[", deep) + strings.Repeat("]", deep) }

// TestCreateLimits: what scripts can't hold, since it is too long or no text.
func TestCreateLimits(t *testing.T) {
	padding := func(n int) string { return "{}" + strings.Repeat(" ", n-2) }
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
		code    string // and, after a colon, what else the reply says
	}{
		"a body of the limit":            {padding(api.MaxBodyBytes), nil, 202, ""},
		"a body over the limit":          {padding(api.MaxBodyBytes + 1), nil, 413, "request_too_large"},
		"blanks only":                    {" \r\n\t", nil, 202, ""},
		"invalid UTF-8":                  {"{\"destination_subpath\":\"\xff\"}", nil, 400, "malformed_json"},
		"half a surrogate":               {`{"destination_subpath":"\ud800"}`, nil, 400, "malformed_json"},
		"a byte order mark":              {"\ufeff{}", nil, 400, "malformed_json"},
		"a name twice, spelt otherwise":  {`{"result_scope":"all","result\u005fscope":"all"}`, nil, 400, "malformed_json"},
		"a name in other case":           {`{"Result_Scope":"all"}`, nil, 422, "validation_failed"},
		"nested 10,000 deep":             {nested(10_000), nil, 422, "validation_failed: must be a JSON object"},
		"nested 10,001 deep":             {nested(10_001), nil, 400, "malformed_json"},
		"a field 9,999 deep":             {`{"formats":` + nested(9_999) + "}", nil, 422, "validation_failed: must be an array of strings"},
		"a field 10,000 deep":            {`{"formats":` + nested(10_000) + "}", nil, 400, "malformed_json"},
		"an unknown field 9,999 deep":    {`{"x":` + nested(9_999) + "}", nil, 422, "validation_failed: is not a known field"},
		"an unknown field 10,000 deep":   {`{"x":` + nested(10_000) + "}", nil, 400, "malformed_json"},
		"nested as deep as there's room": {nested(api.MaxBodyBytes / 2), nil, 400, "malformed_json"},
		"1,000 unknown runs":             {ids(1000), nil, 422, "validation_failed: holds runs that this index doesn't have"},
		"1,001 runs":                     {ids(1001), nil, 422, "validation_failed: must hold at most 1000 ids"},
		"a key of 255":                   {"", []string{"Idempotency-Key", strings.Repeat("k", 255)}, 202, ""},
		"a key of 256":                   {"", []string{"Idempotency-Key", strings.Repeat("k", 256)}, 422, "idempotency_key_invalid"},
		"a key with blanks around":       {"", []string{"Idempotency-Key", " \tk:1-2\t "}, 202, ""},
		"an empty key":                   {"", []string{"Idempotency-Key", ""}, 422, "idempotency_key_invalid"},
		"an empty key in quotes":         {"", []string{"Idempotency-Key", `""`}, 422, "idempotency_key_invalid"},
		"a key with half its quotes":     {"", []string{"Idempotency-Key", `"k`}, 422, "idempotency_key_invalid"},
		"a key after the quotes":         {"", []string{"Idempotency-Key", `"k";a=1`}, 422, "idempotency_key_invalid"},
		"a key that isn't ASCII":         {"", []string{"Idempotency-Key", "schlüssel"}, 422, "idempotency_key_invalid"},
		"a key with a control":           {"", []string{"Idempotency-Key", "a\x7fb"}, 422, "idempotency_key_invalid"},
		"two keys":                       {"", []string{"Idempotency-Key", "a", "Idempotency-Key", "b"}, 422, "idempotency_key_invalid"},
		"two API keys":                   {"", []string{"X-API-Key", keys["write"]}, 401, "authentication_invalid_api_key"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			want, detail, _ := strings.Cut(c.code, ": ")
			status, reply := w.post(c.body, c.headers...)
			if status != c.status || code(t, reply) != want || !strings.Contains(reply, detail) {
				t.Errorf("%d %s, want %d %s", status, reply, c.status, c.code)
			}
			if made := len(w.started) > 0; made != (c.status == 202) {
				t.Errorf("an export was made: %v", made)
			}
		})
	}
}

// TestManyUnknownFields: a body of nothing but unknown names is answered with the first hundred of them.
func TestManyUnknownFields(t *testing.T) {
	names := make([]string, 20_000)
	for i := range names {
		names[i] = fmt.Sprintf(`"f%05d":0`, i)
	}
	status, reply := newWorld(t).post("{" + strings.Join(names, ",") + "}")
	if status != 422 || strings.Count(reply, "is not a known field") != api.MaxProblems || !strings.Contains(reply, `"f00099"`) {
		t.Errorf("%d, %d bytes that name %d fields", status, len(reply), strings.Count(reply, "is not a known field"))
	}
}

// TestLongUnknownField: of an unknown name, however long, its beginning is shown.
func TestLongUnknownField(t *testing.T) {
	for name, want := range map[string]string{
		strings.Repeat("x", api.MaxShownName):   `"` + strings.Repeat("x", api.MaxShownName) + `":`,
		strings.Repeat("x", api.MaxShownName+1): `"` + strings.Repeat("x", api.MaxShownName) + `…":`,
		"x" + strings.Repeat("é", 100_000):      `"x` + strings.Repeat("é", api.MaxShownName/2-1) + `…":`,
	} {
		if status, reply := newWorld(t).post(`{"` + name + `":0}`); status != 422 || !strings.Contains(reply, want) {
			t.Errorf("%d, %d bytes: %.300s", status, len(reply), reply)
		}
	}
}

// TestRacingTwins: however many callers send one request under one key at once, one export is made, and all of them
// hear its id.
func TestRacingTwins(t *testing.T) {
	w := newWorld(t)
	var minting, starting sync.Mutex
	ring, err := auth.NewKeyring(auth.Keys{Current: bytes.Repeat([]byte("k"), auth.MinKeyBytes)})
	w.must(err)
	minted, started := 0, 0
	h := apigw.Handler(api.CreateExport(api.CreateConfig{
		Records: w.store, Keys: ring, Clock: func() time.Time { return t0 }, Log: slog.New(slog.DiscardHandler),
		Starter: startFunc(func() { starting.Lock(); started++; starting.Unlock() }),
		NewID: func(time.Time) string {
			minting.Lock()
			defer minting.Unlock()
			minted++
			return fmt.Sprintf("exp_%d", minted)
		},
	}), slog.New(slog.DiscardHandler))
	ev := events.APIGatewayProxyRequest{
		HTTPMethod: http.MethodPost, Path: "/v2/exports/index/idx", Headers: map[string]string{"Idempotency-Key": "twins"},
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
		if r.StatusCode != http.StatusAccepted || r.Body != replies[0].Body {
			t.Errorf("reply %d %s, another twin's %s", r.StatusCode, r.Body, replies[0].Body)
		}
		if r.Headers["Idempotency-Replayed"] == "" {
			first++
		}
	}
	page, err := w.store.ListExports(t.Context(), "acct", store.ListQuery{Limit: 10})
	if err != nil || len(page.Exports) != 1 || first != 1 || started != 1 {
		t.Errorf("%d exports, %d first replies, %d starts, %v; want 1 of each", len(page.Exports), first, started, err)
	}
}

type startFunc func()

func (f startFunc) Start(context.Context, string, string, int) error { f(); return nil }

// TestCutDocumentIsNoWholeReply: a document that ends before its promised length breaks the reply off, so that nobody
// takes a part for the whole.
func TestCutDocumentIsNoWholeReply(t *testing.T) {
	for name, cut := range map[string]io.Reader{
		"ends early":  strings.NewReader(document[:10]),
		"breaks off":  io.MultiReader(strings.NewReader(document[:10]), brokenReader{}),
		"ends at all": strings.NewReader(""),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.post("")
			w.complete("exp_1")
			ring, err := auth.NewKeyring(auth.Keys{Current: bytes.Repeat([]byte("k"), auth.MinKeyBytes)})
			w.must(err)
			log := slog.New(slog.NewJSONHandler(&w.log, nil))
			h := apigw.StreamHandler(api.DownloadExport(api.DownloadConfig{
				Exports: w.store, Documents: documents{content: cut}, Authenticator: auth.NewAuthenticator(w.store, func() time.Time { return t0 }), Keys: ring,
				Clock: func() time.Time { return t0 }, Log: log,
			}), log)
			got, err := h(t.Context(), events.APIGatewayProxyRequest{
				HTTPMethod: http.MethodGet, Path: "/v2/exports/exp_1/download", Headers: map[string]string{"X-API-Key": keys["read"]},
			})
			w.must(err)
			if body, err := io.ReadAll(got.Body); err == nil {
				t.Errorf("the reply ended well after %q", body)
			}
			if !strings.Contains(w.log.String(), "download broken off") {
				t.Errorf("the log doesn't say it: %s", w.log.String())
			}
		})
	}
}

// documents give out a content that may be shorter than they say.
type documents struct {
	api.Documents
	content io.Reader
}

func (d documents) Open(context.Context, string, int64, int64) (io.ReadCloser, blob.Info, error) {
	return io.NopCloser(d.content), blob.Info{Bytes: int64(len(document))}, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errDown }

// TestStoredDocumentMustBeTheRecords: another length than the record's is our failure, before anything is sent.
func TestStoredDocumentMustBeTheRecords(t *testing.T) {
	w := newWorld(t)
	w.post("")
	w.complete("exp_1")
	_, err := w.artifacts.Put(t.Context(), "artifacts/acct/exp_1/"+export.ObjectName("exp_1"), []byte("{}"), blob.PutOptions{})
	w.must(err)
	w.checkDownload(500, "document_mismatch")
}

// TestDocumentBeyondTheTransport names the other way to it.
func TestDocumentBeyondTheTransport(t *testing.T) {
	w := newWorld(t)
	w.post("")
	w.complete("exp_1")
	w.maxDownload(int64(len(document)) - 1)
	if reply := w.checkDownload(409, "export_not_downloadable"); !strings.Contains(reply, "presigned_url") {
		t.Errorf("it doesn't name presigned_url: %s", reply)
	}
	w.maxDownload(int64(len(document)))
	w.checkDownload(200, "")
}

func (w *world) checkDownload(status int, want string) string {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "https://api.example.com/api/v2/exports/exp_1/download", nil)
	w.must(err)
	r.Header.Set("X-API-Key", keys["read"])
	res := w.send(r, nil)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != status || code(w.t, string(raw)) != want {
		w.t.Errorf("%d %s, want %d %s", res.StatusCode, raw, status, want)
	}
	return string(raw)
}
