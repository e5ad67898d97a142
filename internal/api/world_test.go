package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/apigw"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/sqlitestore"
	"github.com/videovector/exports/internal/webhook"
)

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// document is what every completed export of these tests holds.
const document = `{"kind":"videovector.export","results":[]}`

// keys are API keys by the name that tests call them.
var keys = func() map[string]string {
	byName := map[string]string{}
	for n, name := range []string{"admin", "write", "read", "search", "other", "revoked", "unknown"} {
		byName[name] = fmt.Sprintf("sk_test_%048x", n+1)
	}
	return byName
}()

// world is the HTTP surface over an embedded record store and a bucket in memory. Requests come as events of the
// gateway, with the authorizer asked before, and every reply is held against the OpenAPI description.
type world struct {
	t          testing.TB
	store      *sqlitestore.Store
	artifacts  *memblob.Bucket
	now        time.Time
	ids        int
	started    []string // executions asked for
	startErr   error
	cleared    []string // what was to be cleared away
	clearErr   error
	coming     []coming // what happens while an answer is held
	links      int      // presigned links made
	linkErr    error
	storeErr   error // of every call of the handlers
	customer   *memconn.Target
	results    *memblob.Bucket
	openErr    error // of opening a connector
	sealing    seal.Sealer
	sealErr    error    // of sealing
	beforeSeal func()   // may be nil
	secrets    []string // of webhooks
	posted     []webhook.Message
	log        bytes.Buffer

	keyring   *auth.Keyring
	authorize apigw.Authorize
	functions map[string]apigw.Buffered
	download  api.DownloadConfig
}

func newWorld(t testing.TB) *world {
	t.Helper()
	records, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "records.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() }) // of a file that goes with the test
	ring, err := auth.NewKeyring(auth.Keys{Current: bytes.Repeat([]byte("k"), auth.MinKeyBytes)})
	if err != nil {
		t.Fatal(err)
	}
	sealing, err := seal.NewKeyFile(filepath.Join(t.TempDir(), "seal.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, store: records, now: t0, customer: memconn.New("customer"), sealing: sealing, keyring: ring}
	clock := func() time.Time { return w.now }
	w.artifacts = memblob.New(memblob.Config{Name: "artifacts", Clock: clock})
	w.results = memblob.New(memblob.Config{Name: "results"})
	log := slog.New(slog.NewJSONHandler(&w.log, nil))
	authenticator := auth.NewAuthenticator(records, clock)
	gate := gate{records, &w.storeErr}
	w.authorize = apigw.Authorizer(authenticator, log)
	w.functions = map[string]apigw.Buffered{
		"ReadExportFunction": apigw.Handler(api.ReadExport(api.ReadConfig{
			Exports: gate, Links: w, Keys: ring, Origin: "https://api.example.com", Clock: clock, Pause: w.pause, Log: log,
		}), log),
		"ManageWebhookFunction": w.hooks(),
		"ManageAutomationFunction": apigw.Handler(api.ManageAutomation(api.AutomationConfig{
			Automations: gate, Window: export.Debounce.Duration, Clock: clock, Log: log,
		}), log),
		"ManageConnectorFunction": w.manager(func(time.Time) string { w.ids++; return fmt.Sprintf("conn_%d", w.ids) }),
	}
	w.download = api.DownloadConfig{
		Exports: gate, Documents: w.artifacts, Authenticator: authenticator, Keys: ring, Clock: clock, Log: log,
	}
	w.limit(admission.Limits{}, gate)
	w.maxDownload(1000)
	w.fill()
	return w
}

// placing is what exports get their places from.
type placing interface {
	api.Records
	api.ControlledExports
}

// limit makes the functions that give exports places anew, with the limits of an account, over the records.
func (w *world) limit(l admission.Limits, records placing) {
	clock, log := func() time.Time { return w.now }, slog.New(slog.NewJSONHandler(&w.log, nil))
	w.functions["CreateExportFunction"] = apigw.Handler(api.CreateExport(api.CreateConfig{
		Records: records, Results: w.results, Starter: w, Limits: l, Keys: w.keyring, Clock: clock, Log: log,
		NewID: func(time.Time) string { w.ids++; return fmt.Sprintf("exp_%d", w.ids) },
	}), log)
	w.functions["ControlExportFunction"] = apigw.Handler(api.ControlExport(api.ControlConfig{
		Exports: records, Clearer: w, Starter: w, Limits: l, Keys: w.keyring, Clock: clock, Log: log,
	}), log)
}

// manager is the function of connectors with the ids.
func (w *world) manager(newID func(time.Time) string) apigw.Buffered {
	log := slog.New(slog.NewJSONHandler(&w.log, nil))
	return apigw.Handler(api.ManageConnector(api.ManageConfig{
		Connectors: gate{w.store, &w.storeErr}, Targets: w, Sealer: sealer{w}, Keys: w.keyring, Clock: func() time.Time { return w.now }, Log: log,
		NewID: newID, NewExternalID: func() string { w.ids++; return fmt.Sprintf("external-%d", w.ids) },
	}), log)
}

// maxDownload sets what the transport can carry, in bytes.
func (w *world) maxDownload(n int64) {
	w.download.MaxBytes = n
	w.functions["DownloadExportFunction"] = apigw.Handler(api.DownloadExport(w.download), w.download.Log)
}

// fill puts the catalogue there: an index with finished, empty, unfinished and late runs, another account's index, and
// connectors with and without the scope.
func (w *world) fill() {
	ctx := w.t.Context()
	for name, key := range keys {
		k := store.APIKey{Hash: auth.HashKey(key), KeyID: "key_" + name, AccountID: "acct", UserID: "user_1", Scope: name}
		switch name {
		case "unknown":
			continue
		case "other":
			k.AccountID, k.Scope = "acct_other", "admin"
		case "revoked":
			k.Scope, k.RevokedAt = "admin", t0
		}
		w.must(w.store.PutAPIKey(ctx, k))
	}
	w.must(w.store.PutIndex(ctx, export.Index{ID: "idx", AccountID: "acct", CreatedAt: t0}))
	w.must(w.store.PutIndex(ctx, export.Index{ID: "idx_empty", AccountID: "acct", CreatedAt: t0}))
	w.must(w.store.PutIndex(ctx, export.Index{ID: "idx_other", AccountID: "acct_other", CreatedAt: t0}))
	w.must(w.store.PutIndex(ctx, export.Index{ID: "idx", AccountID: "acct_other", CreatedAt: t0})) // ids are an account's own
	w.must(w.store.PutRun(ctx, export.Run{
		ID: "run_theirs", AccountID: "acct_other", IndexID: "idx", ExecutedAt: t0.Add(-time.Hour), Status: export.RunCompleted, Rows: 1, Bytes: 1, Parts: 1,
	}, []export.Part{{Number: 1, Key: "results/acct_other/run_theirs", Rows: 1, Bytes: 1}}))
	w.putRun("run_1", "idx", export.RunCompleted, 10)
	w.putRun("run_2", "idx", export.RunCompletedWithFailures, 5)
	w.putRun("run_open", "idx", export.RunProcessing, 3)
	w.putRun("run_empty", "idx", export.RunFailed, 0)
	w.putRun("run_elsewhere", "idx_empty", export.RunPending, 0)
	for id, scopes := range map[string][]string{"conn": {"import", "export"}, "conn_import": {"import"}} {
		w.must(w.store.PutConnector(ctx, store.Connector{
			ID: id, AccountID: "acct", Name: id, Provider: "s3", Status: "active", Scopes: scopes, ExportBasePath: "base", Bucket: "customer",
		}))
	}
}

func (w *world) putRun(id, index string, status export.RunStatus, rows int64) {
	r := export.Run{ID: id, AccountID: "acct", IndexID: index, ExecutedAt: t0.Add(-time.Hour), Status: status, Rows: rows}
	var parts []export.Part
	if rows > 0 {
		content := resultLines(id, rows)
		r.Schema = json.RawMessage(`{"type":"object","properties":{"mood":{"type":"string"},"people":{"type":"integer"}}}`)
		r.Parts, r.Bytes = 1, int64(len(content))
		parts = []export.Part{{Number: 1, Key: "results/acct/" + id, Rows: rows, Bytes: r.Bytes}}
		_, err := w.results.Put(w.t.Context(), parts[0].Key, []byte(content), blob.PutOptions{})
		w.must(err)
	}
	w.must(w.store.PutRun(w.t.Context(), r, parts))
}

// resultLines are results of a run, every third a match.
func resultLines(run string, rows int64) string {
	var lines strings.Builder
	for n := range rows {
		fmt.Fprintf(&lines, `{"result_type":"segment","result_id":"segment:seg_%d:%s","selected":%t}`+"\n", n, run, n%3 == 2)
	}
	return lines.String()
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Start implements api.Starter.
func (w *world) Start(_ context.Context, account, id string, generation int) error {
	w.started = append(w.started, fmt.Sprintf("%s/%s-g%d", account, id, generation))
	return w.startErr
}

// Abort implements api.Clearer.
func (w *world) Abort(_ context.Context, account, id string) error {
	w.cleared = append(w.cleared, "abort "+account+"/"+id)
	return w.clearErr
}

// Purge implements api.Clearer.
func (w *world) Purge(_ context.Context, account, id string) error {
	w.cleared = append(w.cleared, "purge "+account+"/"+id)
	return w.clearErr
}

// Presign implements api.Links.
func (w *world) Presign(_ context.Context, a export.Artifact, filename string, most time.Duration) (export.Link, error) {
	w.links++
	return export.Link{URL: fmt.Sprintf("https://storage.example.com/%s?as=%s&link=%d", a.Key, filename, w.links), ExpiresAt: w.now.Add(min(most, time.Hour))}, w.linkErr
}

// coming is something that happens at a time.
type coming struct {
	at   time.Time
	what func()
}

// pause lets time go by, with what happens meanwhile.
func (w *world) pause(ctx context.Context, d time.Duration) error {
	w.now = w.now.Add(d)
	for len(w.coming) > 0 && !w.coming[0].at.After(w.now) {
		next := w.coming[0]
		w.coming = w.coming[1:]
		next.what()
	}
	return ctx.Err()
}

// OpenTarget implements connector.Opener: every connector leads to one bucket.
func (w *world) OpenTarget(context.Context, store.Connector) (connector.Target, error) {
	return w.customer, w.openErr
}

// sealer seals by the world's rules.
type sealer struct{ w *world }

// Seal implements seal.Sealer.
func (s sealer) Seal(ctx context.Context, c seal.Context, plain []byte) ([]byte, error) {
	if s.w.beforeSeal != nil {
		s.w.beforeSeal()
	}
	if s.w.sealErr != nil {
		return nil, s.w.sealErr
	}
	return s.w.sealing.Seal(ctx, c, plain)
}

// Open implements seal.Sealer.
func (s sealer) Open(ctx context.Context, c seal.Context, sealed []byte) ([]byte, error) {
	return s.w.sealing.Open(ctx, c, sealed)
}

// change replaces the export's record by what next makes of it.
func (w *world) change(id string, next func(export.Export) export.Export) {
	w.t.Helper()
	e, err := w.store.Export(w.t.Context(), "acct", id)
	w.must(err)
	_, err = w.store.SaveExport(w.t.Context(), next(e), e.Fence())
	w.must(err)
}

// complete takes a pending export to its good end, with its files in the bucket.
func (w *world) complete(id string) {
	w.t.Helper()
	folder := "artifacts/acct/" + id + "/"
	w.change(id, func(e export.Export) export.Export { return e.Claim(w.now) })
	w.change(id, func(e export.Export) export.Export {
		files := w.putFiles(folder, e)
		a := export.Artifact{
			Bucket: "artifacts", Key: folder + files[0].Name, ManifestKey: folder + export.ManifestName(id), Bytes: files[0].Bytes, SHA256: files[0].SHA256,
			ManifestSHA256: strings.Repeat("cd", 32), Counts: export.Counts{Runs: 2, Results: 15, Segments: 14, Videos: 1, Failed: 2},
		}
		if len(e.Request.Formats) > 0 { // older records have no list
			a.Files = files
		}
		e = e.Packaged(a, w.now)
		e = e.Linked(export.Link{URL: "https://storage.example.com/" + a.Key + "?as=made", ExpiresAt: w.now.Add(time.Hour)}, w.now)
		if d := e.Request.Destination; d != nil {
			at := "s3://customer/" + export.JoinPath(d.BasePath, d.Subpath)
			e = e.Delivered(export.Receipt{
				URI: at + "/" + files[0].Name, ManifestURI: at + "/" + export.ManifestName(id), Bytes: files[0].Bytes,
				SHA256: strings.Repeat("ab", 32), ETag: "etag", DeliveredAt: w.now,
			}, w.now)
		}
		return e.Complete(w.now)
	})
}

// putFiles puts a file of each format into the folder, and two into one of Parquet's, and gives the record's list.
func (w *world) putFiles(folder string, e export.Export) (files []export.File) {
	put := func(name, content string) {
		_, err := w.artifacts.Put(w.t.Context(), folder+name, []byte(content), blob.PutOptions{})
		w.must(err)
	}
	for _, format := range e.Request.Files() {
		f := export.File{Name: e.ID + export.Extension(format, e.Request.Compression), Format: format, Rows: 15, SHA256: strings.Repeat("ab", 32)}
		content := document
		switch format {
		case export.JSON:
		case export.Parquet:
			f = export.File{Name: e.ID + ".parquet/", Format: format, Rows: 15, Parts: 2, Bytes: 24}
			put(f.Name+"part-00000.parquet", "the first of")
			put(f.Name+"part-00001.parquet", "two files  !")
			files = append(files, f)
			continue
		default:
			content = "results as " + string(format)
		}
		f.Bytes = int64(len(content))
		put(f.Name, content)
		files = append(files, f)
	}
	put(export.ManifestName(e.ID), `{"kind":"videovector.export.manifest"}`)
	return files
}

// send sends the request through the gateway's event and gives the reply, which the description must allow.
func (w *world) send(r *http.Request, body []byte) *http.Response {
	w.t.Helper()
	op := describe(w.t).find(r.Method, r.URL.EscapedPath())
	ev := events.APIGatewayProxyRequest{
		HTTPMethod: r.Method, Path: strings.TrimPrefix(r.URL.EscapedPath(), "/api"), MultiValueHeaders: r.Header, MultiValueQueryStringParameters: r.URL.Query(),
		Body: base64.StdEncoding.EncodeToString(body), IsBase64Encoded: true,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: "req-1"},
	}
	if op == nil || op.authorized() {
		granted, err := w.authorize(r.Context(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
			MultiValueHeaders: r.Header, MethodArn: "arn:aws:execute-api:us-east-1:1:api/api/GET/v2/exports",
		})
		if err == nil {
			ev.RequestContext.Authorizer = granted.Context
		}
	}
	function := "ReadExportFunction"
	if op != nil {
		function = op.function()
	}
	out, err := w.functions[function](r.Context(), ev)
	w.must(err)
	reply := response(w.t, out)
	if reply.Header.Get("X-Request-Id") != "req-1" {
		w.t.Errorf("%s %s: X-Request-ID is %q", r.Method, r.URL.Path, reply.Header.Get("X-Request-Id"))
	}
	describe(w.t).check(w.t, op, r, reply)
	return reply
}

// response is the function's reply as the gateway passes it on.
func response(t testing.TB, out events.APIGatewayProxyResponse) *http.Response {
	t.Helper()
	rec := httptest.NewRecorder()
	for name, v := range out.Headers {
		rec.Header().Set(name, v)
	}
	for name, values := range out.MultiValueHeaders {
		rec.Header()[http.CanonicalHeaderKey(name)] = values
	}
	rec.WriteHeader(out.StatusCode)
	body := []byte(out.Body)
	if out.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(out.Body); err != nil {
			t.Fatal(err)
		}
	}
	if len(body) == 0 { // a 204 may have none
		return rec.Result()
	}
	if _, err := rec.Write(body); err != nil {
		t.Fatal(err)
	}
	return rec.Result()
}

// gate is the record store as the handlers have it: while err is set, every call fails with it.
type gate struct {
	*sqlitestore.Store
	err *error
}

func (g gate) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (store.Idempotency, bool, error) {
	if *g.err != nil {
		return store.Idempotency{}, false, *g.err
	}
	return g.Store.CreateExport(ctx, e, idem, place)
}

func (g gate) Idempotency(ctx context.Context, key store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	return pass(g, func() (store.Idempotency, error) { return g.Store.Idempotency(ctx, key, now) })
}

func (g gate) Index(ctx context.Context, account, id string) (export.Index, error) {
	return pass(g, func() (export.Index, error) { return g.Store.Index(ctx, account, id) })
}

func (g gate) Export(ctx context.Context, account, id string) (export.Export, error) {
	return pass(g, func() (export.Export, error) { return g.Store.Export(ctx, account, id) })
}

func (g gate) SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error) {
	return pass(g, func() (export.Export, error) { return g.Store.SaveExport(ctx, next, fence) })
}

func (g gate) SaveExportOnce(ctx context.Context, next export.Export, fence export.Fence, idem *store.Idempotency, place *admission.Account) (export.Export, store.Idempotency, bool, error) {
	if *g.err != nil {
		return export.Export{}, store.Idempotency{}, false, *g.err
	}
	return g.Store.SaveExportOnce(ctx, next, fence, idem, place)
}

func (g gate) Admission(ctx context.Context, account string) (admission.Account, error) {
	return pass(g, func() (admission.Account, error) { return g.Store.Admission(ctx, account) })
}

func (g gate) SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error) {
	return pass(g, func() (admission.Account, error) { return g.Store.SaveAdmission(ctx, next) })
}

func (g gate) ListExports(ctx context.Context, account string, q store.ListQuery) (store.Page, error) {
	return pass(g, func() (store.Page, error) { return g.Store.ListExports(ctx, account, q) })
}

func (g gate) CreateConnector(ctx context.Context, c store.Connector, idem *store.Idempotency) (store.Idempotency, bool, error) {
	if *g.err != nil {
		return store.Idempotency{}, false, *g.err
	}
	return g.Store.CreateConnector(ctx, c, idem)
}

func (g gate) Connector(ctx context.Context, account, id string) (store.Connector, error) {
	return pass(g, func() (store.Connector, error) { return g.Store.Connector(ctx, account, id) })
}

func (g gate) ListConnectors(ctx context.Context, account string) ([]store.Connector, error) {
	return pass(g, func() ([]store.Connector, error) { return g.Store.ListConnectors(ctx, account) })
}

func (g gate) Automation(ctx context.Context, account, index string) (export.Automation, error) {
	return pass(g, func() (export.Automation, error) { return g.Store.Automation(ctx, account, index) })
}

func (g gate) SaveAutomation(ctx context.Context, a export.Automation, revision int64, noted *store.Ending) (export.Automation, error) {
	return pass(g, func() (export.Automation, error) { return g.Store.SaveAutomation(ctx, a, revision, noted) })
}

func pass[T any](g gate, call func() (T, error)) (T, error) {
	if *g.err != nil {
		var none T
		return none, *g.err
	}
	return call()
}

var errDown = errors.New("connection refused")
