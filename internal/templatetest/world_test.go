package templatetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/blob/blobtest/memblob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/signkeys"
	"github.com/videovector/exports/internal/signkeys/memvault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/sqlitestore"
	"github.com/videovector/exports/internal/webhook"
	"github.com/videovector/exports/internal/wiring"
)

const apiKey = "sk_live_000000000000000000000000000000000000000000000001"

var t0 = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// handlers are what the functions' mains start.
var handlers = map[string]func(wiring.Parts) any{
	"authorize": wiring.Authorize, "create-export": wiring.CreateExport, "read-export": wiring.ReadExport,
	"download-export": wiring.DownloadExport, "plan": wiring.Plan, "package": wiring.Package, "assemble": wiring.Assemble,
	"presign": wiring.Presign, "manage-connector": wiring.ManageConnector, "deliver": wiring.Deliver, "finish": wiring.Finish, "fail": wiring.Fail, "sweep": wiring.Sweep,
	"rotate-signing-key": wiring.RotateSigningKey, "manage-webhook": wiring.ManageWebhook, "send-events": wiring.SendEvents,
}

// world is the whole service in memory, over one record store and two buckets, with every function's calls noted.
type world struct {
	t                  *testing.T
	ledger             *ledger
	store              *sqlitestore.Store
	results, artifacts *memblob.Bucket
	keys               *auth.Keyring
	vault              *memvault.Vault
	now                time.Time
	ids                int
	sharded            bool
	before             func(method, key string) // of calls of the artifacts bucket
	answers            []int                    // of the receiver of events, the next one first; 200 after them
}

func newWorld(t *testing.T, l *ledger) *world {
	t.Helper()
	records, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "records.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = records.Close() }) // of a file that goes with the test
	keys, err := auth.NewKeyring(auth.Keys{Current: bytes.Repeat([]byte("k"), auth.MinKeyBytes)})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ledger: l, store: records, vault: memvault.New("v0", `{"current":"`+strings.Repeat("k", auth.MinKeyBytes)+`"}`), results: memblob.New(memblob.Config{Name: "results"}), keys: keys, now: t0}
	w.artifacts = memblob.New(memblob.Config{Name: "artifacts", Clock: func() time.Time { return w.now }})
	w.fill()
	return w
}

// fill puts an index with nine runs, an API key and a connector there.
func (w *world) fill() {
	ctx := w.t.Context()
	w.must(w.store.PutIndex(ctx, export.Index{ID: "idx", AccountID: "acct", Name: "Archive", CreatedAt: t0}))
	for n := range 9 {
		w.addRun(fmt.Sprintf("run_%d", n))
	}
	w.must(w.store.PutAPIKey(ctx, store.APIKey{Hash: auth.HashKey(apiKey), KeyID: "key_1", AccountID: "acct", UserID: "user", Scope: "admin"}))
	w.must(w.store.PutConnector(ctx, store.Connector{
		ID: "conn", AccountID: "acct", Name: "Bucket", Provider: "s3", Status: "active", Scopes: []string{"export"}, Bucket: "customer",
	}))
}

// line is a result.
const line = `{"result_type":"segment","result_id":"segment:a:b","metadata":{"text":"……………………………………………………………………"}}` + "\n"

func (w *world) addRun(id string) { w.addRunOf(id, strings.Repeat(line, 20)) }

// addRunOf adds a run of these lines, in two parts.
func (w *world) addRunOf(id, lines string) {
	run := export.Run{ID: id, AccountID: "acct", IndexID: "idx", ExecutedAt: t0.Add(-time.Hour), Status: export.RunCompleted}
	var parts []export.Part
	middle := strings.Index(lines[len(lines)/2:], "\n") + len(lines)/2 + 1
	for n, content := range []string{lines[:middle], lines[middle:]} {
		key := fmt.Sprintf("results/acct/%s/part-%05d.ndjson", id, n+1)
		_, err := w.results.Put(w.t.Context(), key, []byte(content), blob.PutOptions{})
		w.must(err)
		sum := sha256.Sum256([]byte(content))
		p := export.Part{Number: n + 1, Key: key, Bytes: int64(len(content)), Rows: int64(strings.Count(content, "\n")), SHA256: hex.EncodeToString(sum[:])}
		parts, run.Parts, run.Rows, run.Bytes = append(parts, p), run.Parts+1, run.Rows+p.Rows, run.Bytes+p.Bytes
	}
	w.must(w.store.PutRun(w.t.Context(), run, parts))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// parts are the function's, with its calls noted.
func (w *world) parts(folder string) wiring.Parts {
	note := func(part string) func(context.Context, string) {
		return func(ctx context.Context, call string) { w.ledger.note(ctx, folder, part, call) }
	}
	records := records{w.store, func(ctx context.Context, method string) { note("Records")(ctx, "records:"+method) }}
	if slices.Contains(needs(w.t, folder), "Keys") { // read at the start, before any work
		note("Keys")(context.Background(), "secretsmanager:GetSecretValue SigningKeys")
	}
	p := wiring.Parts{
		Store:      records,
		Artifacts:  bucket{w.artifacts, "ArtifactsBucket", note("Artifacts"), w.before},
		Results:    bucket{w.results, "ResultsBucket", note("Results"), nil},
		Executions: starter{note("Executions")},
		Connectors: opener{note("Connectors")}, Sealer: sealer{w.sealing(folder, note)},
		WebhookClient: w.receiver(), NewWebhookID: func(time.Time) string { w.ids++; return fmt.Sprintf("wh_%d", w.ids) },
		NewEventID: func(time.Time) string { w.ids++; return fmt.Sprintf("evt_%d", w.ids) }, NewWebhookSecret: webhook.NewSecret,
		Rotation: &signkeys.Rotation{SecretID: "arn:secret", Vault: vault{w.vault, note("KeyRotation")}},
		Keyring:  w.keys, Origin: "https://api.example.com", Log: slog.New(slog.DiscardHandler), MetricsNamespace: namespace, BufferDownloads: true,
		Clock:          func() time.Time { return w.now },
		NewID:          func(time.Time) string { w.ids++; return fmt.Sprintf("exp_%d", w.ids) },
		NewConnectorID: func(time.Time) string { w.ids++; return fmt.Sprintf("conn_%d", w.ids) },
		NewExternalID:  func() string { return "external" },
	}
	if w.ledger.log != nil {
		p.Log = w.ledger.log
	}
	if w.sharded {
		p.ShardThreshold, p.ShardBytes, p.PartBytes = 1, 2000, 1000
	}
	return p
}

// call invokes the function with the event, as Lambda does.
func (w *world) call(folder string, event any) ([]byte, error) {
	w.t.Helper()
	raw, err := json.Marshal(event)
	w.must(err)
	return lambda.NewHandler(handlers[folder](w.parts(folder))).Invoke(w.t.Context(), raw)
}

// step invokes a step, which must succeed.
func (w *world) step(folder string, in map[string]any) {
	w.t.Helper()
	if _, err := w.call(folder, in); err != nil {
		w.t.Fatalf("%s: %v", folder, err)
	}
}

// http sends a request to the function and gives the reply's body; the status must be the wanted one.
func (w *world) http(folder, method, path, body string, want int) []byte {
	w.t.Helper()
	path, query, _ := strings.Cut(path, "?token=")
	event := map[string]any{
		"httpMethod": method, "path": path, "body": body, "headers": map[string]string{"Idempotency-Key": "once"},
		"requestContext": map[string]any{"requestId": "req", "authorizer": map[string]string{
			"account_id": "acct", "user_id": "user", "key_id": "key_1", "scope": "admin",
		}},
	}
	switch {
	case query != "":
		event["queryStringParameters"] = map[string]string{"token": query}
	case folder == "download-export":
		event["headers"] = map[string]string{"X-API-Key": apiKey}
	}
	raw, err := w.call(folder, event)
	w.must(err)
	var reply struct {
		StatusCode int
		Body       string
	}
	w.must(json.Unmarshal(raw, &reply))
	if reply.StatusCode != want {
		w.t.Fatalf("%s %s: %d, want %d: %s", method, path, reply.StatusCode, want, reply.Body)
	}
	return []byte(reply.Body)
}

// create orders an export and gives its job.
func (w *world) create(path, body string) map[string]any {
	w.t.Helper()
	var reply struct {
		ExportID string `json:"export_id"`
	}
	w.must(json.Unmarshal(w.http("create-export", "POST", "/v2/exports/"+path, body, 202), &reply))
	return map[string]any{"account_id": "acct", "export_id": reply.ExportID, "generation": 1}
}
