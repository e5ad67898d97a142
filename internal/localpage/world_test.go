package localpage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/videovector/exports/internal/asl"
	"github.com/videovector/exports/statemachine"
)

const testKey = "sk_live_0123456789abcdef0123456789abcdef0123456789abcdef"

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// world is a page over an API that answers what a test says, and over histories that it makes up.
type world struct {
	t         *testing.T
	page      http.Handler
	api       *httptest.Server
	mu        sync.Mutex
	calls     []call
	answers   map[string]answer // by method and path
	histories map[string][]asl.Event
	log       bytes.Buffer
}

// call is one that the API got.
type call struct {
	line, body string
	header     http.Header
}

type answer struct {
	status int
	body   string
	header map[string]string
}

// withRoutes is a description of an API with the additional calls.
const withRoutes = "paths:\n  /v2/exports/{export_id}/cancel: {}\n  /v2/exports/{export_id}/retry: {}\n"

func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, answers: map[string]answer{}, histories: map[string][]asl.Event{}}
	w.api = httptest.NewServer(http.HandlerFunc(w.answer))
	t.Cleanup(w.api.Close)
	g, err := asl.Draw(statemachine.Export)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		BaseURL: w.api.URL + "/api/v2", Key: testKey, KeyFile: "/data/api-key.header", Description: []byte(withRoutes), Machine: g,
		History: w.history, Example: &Example{Index: "idx_archive", Connector: "conn_export", Subpath: "exports/review-team", IdempotencyKey: "export-archive-review", Runs: []string{"run_123", "run_124"}},
		Clock: func() time.Time { return t0.Add(time.Minute) }, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	if w.page, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	w.exports()
	return w
}

func (w *world) history(name string) ([]asl.Event, error) {
	if h := w.histories[name]; h != nil {
		return h, nil
	}
	return nil, asl.ErrNoExecution
}

func (w *world) answer(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	line := r.Method + " " + r.URL.RequestURI()
	w.mu.Lock()
	w.calls = append(w.calls, call{line, string(body), r.Header})
	a, ok := w.answers[line]
	if !ok {
		a, ok = w.answers[r.Method+" "+r.URL.EscapedPath()]
	}
	w.mu.Unlock()
	if !ok {
		a = refused(404, "export_not_found", "There is no such export.")
	}
	for name, value := range a.header {
		rw.Header().Set(name, value)
	}
	rw.WriteHeader(a.status)
	_, _ = io.WriteString(rw, a.body)
}

func refused(status int, code, message string) answer {
	return answer{status: status, body: fmt.Sprintf(`{"error":{"code":%q,"message":%q,"details":{},"request_id":"req-7"}}`, code, message)}
}

// exports makes the API list them, and tell of each.
func (w *world) exports(all ...map[string]any) {
	w.t.Helper()
	if all == nil {
		all = []map[string]any{}
	}
	for _, e := range all {
		w.on("GET /api/v2/exports/"+url.PathEscape(e["export_id"].(string)), answer{status: 200, body: text(w.t, e)})
	}
	w.on("GET /api/v2/exports", answer{status: 200, body: text(w.t, all)})
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (w *world) on(line string, a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[line] = a
}

// called are the calls so far whose line begins so.
func (w *world) called(prefix string) (found []call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if strings.HasPrefix(c.line, prefix) {
			found = append(found, c)
		}
	}
	return found
}

// local makes a request as a browser on this machine does.
func local(method, target string, form url.Values) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.RemoteAddr, r.Host = "127.0.0.1:50000", "127.0.0.1:3000"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

func (w *world) get(target string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.serve(local("GET", target, nil))
}

func (w *world) post(form url.Values) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.serve(local("POST", "/", form))
}

func (w *world) serve(r *http.Request) *httptest.ResponseRecorder {
	w.t.Helper()
	rw := httptest.NewRecorder()
	w.page.ServeHTTP(rw, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, addr("127.0.0.1:3000"))))
	return rw
}

// addr is a network address.
type addr string

func (a addr) Network() string { return "tcp" }
func (a addr) String() string  { return string(a) }

// completed is an export as the API tells of it, with what a test changes.
func completed(id string, change map[string]any) map[string]any {
	e := map[string]any{
		"export_id": id, "target_id": "idx_archive", "export_type": "index", "status": "completed", "queue_status": "succeeded", "attempts": 1, "max_attempts": 3,
		"created_at": "2026-05-01T12:00:00.000Z", "started_at": "2026-05-01T12:00:00.100Z", "completed_at": "2026-05-01T12:00:01.000Z",
		"download_url": "/api/v2/exports/" + id + "/download", "error_message": nil, "export_params": nil, "destination_connector_id": nil,
		"presigned_url": "https://elsewhere.example/secret", "progress": map[string]any{"phase": "done", "records_done": 7, "records_total": 7, "bytes_written": 1500, "percent": 100},
		"files": []any{
			map[string]any{"name": id + ".json", "format": "json", "bytes": 1500, "rows": 7, "sha256": strings.Repeat("ab", 32), "parts": nil, "href": nil},
			map[string]any{"name": id + ".manifest.json", "format": "manifest", "bytes": nil, "rows": nil, "sha256": strings.Repeat("cd", 32), "parts": nil, "href": nil},
		},
	}
	for name, value := range change {
		e[name] = value
	}
	return e
}

// has fails the test for every piece that isn't in the page.
func has(t *testing.T, page string, pieces ...string) {
	t.Helper()
	for _, piece := range pieces {
		if !strings.Contains(page, piece) {
			t.Errorf("the page lacks %q", piece)
		}
	}
}

// lacks fails the test for every piece that is in the page.
func lacks(t *testing.T, page string, pieces ...string) {
	t.Helper()
	for _, piece := range pieces {
		if i := strings.Index(page, piece); i >= 0 {
			t.Errorf("the page holds %q: …%s…", piece, page[max(0, i-60):min(len(page), i+60)])
		}
	}
}
