package edge

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/embeds3/embeds3test"
	"github.com/videovector/exports/internal/blob/s3blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/sqlitestore"
	"github.com/videovector/exports/internal/wiring"
)

func TestMain(m *testing.M) { os.Exit(embeds3test.Main(m)) }

// t0 is when a world begins.
var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// apiKey is a key of the name.
func apiKey(name string) string { return "sk_test_" + auth.Digest(name)[:48] }

// world is an API with exports, its bucket, and a distribution in front of both.
type world struct {
	t         *testing.T
	store     *sqlitestore.Store
	bucket    *s3blob.Bucket
	old, keys *auth.Keyring // with the key before the current one, and with both
	now       atomic.Pointer[time.Time]
	front     *cloudFront
	edge, api *httptest.Server
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t}
	w.now.Store(&t0)
	var err error
	w.store, err = sqlitestore.Open(t.Context(), filepath.Join(dir, "records.db"))
	w.must(err)
	t.Cleanup(func() { _ = w.store.Close() }) // of a file that goes with the test
	current, previous := bytes.Repeat([]byte("c"), auth.MinKeyBytes), bytes.Repeat([]byte("p"), auth.MinKeyBytes)
	w.old, err = auth.NewKeyring(auth.Keys{Current: previous})
	w.must(err)
	w.keys, err = auth.NewKeyring(auth.Keys{Current: current, Previous: previous})
	w.must(err)
	name := embeds3test.Bucket(t)
	w.bucket = s3blob.New(s3blob.NewClient(embeds3test.Config(), embeds3test.Endpoint()), name)
	w.api = httptest.NewServer(w.gateway())
	t.Cleanup(w.api.Close)
	w.front, w.edge = newCloudFront(t, w.api.URL, name)
	w.fill()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// gateway is the API as it is deployed, without the edge.
func (w *world) gateway() http.Handler {
	w.t.Helper()
	parts := wiring.Parts{
		Store: w.store, Artifacts: w.bucket, Keyring: w.keys, Origin: "https://api.example.com", Log: slog.New(slog.DiscardHandler),
		Clock: func() time.Time { return *w.now.Load() },
	}
	functions, err := localgw.NewInProcess(localgw.InProcessConfig{
		Functions: map[string]localgw.Function{
			"authorize":       {Handler: wiring.Authorize(parts)},
			"read-export":     {Handler: wiring.ReadExport(parts)},
			"download-export": {Handler: wiring.DownloadExport(parts), Timeout: time.Minute},
		},
		Region: "us-east-1", AccountID: "000000000000", NewID: rand.Text, Log: parts.Log,
	})
	w.must(err)
	w.t.Cleanup(func() { _ = functions.Close(context.Background()) }) // what still runs ends with the test
	h, err := localgw.New(localgw.Config{
		OpenAPI: openapi.Description, Template: exports.Template, Functions: functions, Stage: "api", Region: "us-east-1",
		AccountID: "000000000000", APIID: "local", Clock: time.Now, NewID: rand.Text, Log: parts.Log,
	})
	w.must(err)
	return h
}

// fill puts keys, and exports in every state there.
func (w *world) fill() {
	w.t.Helper()
	for name, k := range map[string]store.APIKey{
		"read": {AccountID: "acct", Scope: "read"}, "search": {AccountID: "acct", Scope: "search"}, "other": {AccountID: "acct_other", Scope: "admin"},
		"revoked": {AccountID: "acct", Scope: "admin", RevokedAt: t0},
	} {
		k.Hash, k.KeyID = auth.HashKey(apiKey(name)), "key_"+name
		w.must(w.store.PutAPIKey(w.t.Context(), k))
	}
	small := []byte(`{"kind":"videovector.export","results":[]}`)
	w.put("exp_done", export.Request{}, small)
	w.put("exp_second", export.Request{}, small)
	w.put("exp_csv", export.Request{Formats: []export.Format{export.CSV, export.NDJSON}, Compression: export.Gzip}, small, small[1:])
	w.put("exp_delivered", export.Request{Destination: &export.Destination{ConnectorID: "conn"}}, small)
	w.put("exp_gone", export.Request{}, small)
	w.must(w.bucket.Delete(w.t.Context(), "artifacts/acct/exp_gone/exp_gone.json"))
	_, _, err := w.store.CreateExport(w.t.Context(), newExport("exp_pending", export.Request{}), nil, nil)
	w.must(err)
	failed := newExport("exp_failed", export.Request{})
	_, _, err = w.store.CreateExport(w.t.Context(), failed, nil, nil)
	w.must(err)
	w.change("exp_failed", func(e export.Export) export.Export {
		return e.Claim(t0).Fail(export.Failure{Message: "no", Permanent: true}, t0)
	})
}

func newExport(id string, r export.Request) export.Export {
	r.Type, r.TargetID, r.Scope = export.TypeIndex, "idx", export.ScopeAll
	return export.New(id, "acct", "user", r, t0)
}

func (w *world) change(id string, f func(export.Export) export.Export) {
	w.t.Helper()
	e, err := w.store.Export(w.t.Context(), "acct", id)
	w.must(err)
	_, err = w.store.SaveExport(w.t.Context(), f(e), e.Fence())
	w.must(err)
}

// manifest is the content of the export's manifest.
func manifest(id string) string { return `{"export_id":"` + id + `"}` }

// put completes an export of the files, one for each format.
func (w *world) put(id string, r export.Request, contents ...[]byte) {
	w.t.Helper()
	e := newExport(id, r)
	_, _, err := w.store.CreateExport(w.t.Context(), e, nil, nil)
	w.must(err)
	folder := "artifacts/acct/" + id + "/"
	a := export.Artifact{Bucket: w.bucket.Name(), ManifestKey: folder + export.ManifestName(id), ManifestSHA256: auth.Digest(manifest(id))}
	for i, format := range e.Request.Files() {
		f := export.File{Name: id + export.Extension(format, r.Compression), Format: format, Bytes: int64(len(contents[i]))}
		_, err := w.bucket.Put(w.t.Context(), folder+f.Name, contents[i], blob.PutOptions{ContentType: export.ContentType(format, r.Compression)})
		w.must(err)
		a.Files = append(a.Files, f)
	}
	_, err = w.bucket.Put(w.t.Context(), a.ManifestKey, []byte(manifest(id)), blob.PutOptions{ContentType: "application/json"})
	w.must(err)
	a.Key, a.Bytes, a.SHA256 = folder+a.Files[0].Name, a.Files[0].Bytes, auth.Digest(string(contents[0]))
	w.change(id, func(e export.Export) export.Export { return e.Claim(t0) })
	w.change(id, func(e export.Export) export.Export {
		e = e.Packaged(a, t0)
		if e.ToConnector() {
			e = e.Delivered(export.Receipt{URI: "s3://customer/" + id, DeliveredAt: t0}, t0)
		}
		return e.Complete(t0)
	})
}

// token opens the export's document for 15 minutes from now.
func (w *world) token(keys *auth.Keyring, id string) string {
	w.t.Helper()
	token, err := keys.MintToken(auth.Grant{AccountID: "acct", ExportID: id, Artifact: auth.Digest(manifest(id)), KeyHash: auth.HashKey(apiKey("read"))}, *w.now.Load())
	w.must(err)
	return token
}

// answer is what a viewer got.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// send sends a request to a server: method and target, and headers in pairs. A redirect is an answer.
func (w *world) send(srv *httptest.Server, method, target string, headers ...string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, srv.URL+target, nil)
	w.must(err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := srv.Client().Transport.RoundTrip(req)
	w.must(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	w.must(err)
	return answer{res.StatusCode, res.Header, string(raw)}
}

// settled is the answer without what no two answers share.
func (a answer) settled() answer {
	id := a.Header.Get("X-Request-Id")
	h := http.Header{}
	for _, name := range []string{
		"Content-Type", "Content-Length", "Content-Disposition", "Content-Encoding", "X-Content-Type-Options", "Cache-Control", "Retry-After", "Location", "Allow",
	} {
		if v := a.Header.Values(name); len(v) > 0 {
			h[name] = v
		}
	}
	if id == "" {
		return answer{a.Status, h, a.Body}
	}
	if a.Status != http.StatusOK {
		h.Set("X-Request-Id", "ID")
		h.Del("Content-Length") // of an envelope with another id
	}
	return answer{a.Status, h, strings.ReplaceAll(a.Body, id, "ID")}
}
