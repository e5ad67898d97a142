package templatetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/connector"
	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/signkeys"
	"github.com/videovector/exports/internal/store"
)

// runEverything takes exports through every step, twice where a step may run twice.
func runEverything(t *testing.T, l *ledger) {
	t.Run("download", func(t *testing.T) { download(newWorld(t, l)) })
	t.Run("delivery", func(t *testing.T) { delivery(newWorld(t, l)) })
	t.Run("shards", func(t *testing.T) { shards(newWorld(t, l)) })
	t.Run("shards again", func(t *testing.T) { shardsAgain(newWorld(t, l)) })
	t.Run("results are gone", func(t *testing.T) { resultsGone(newWorld(t, l)) })
	t.Run("failures", func(t *testing.T) { failures(newWorld(t, l)) })
	t.Run("rotation", func(t *testing.T) { rotation(newWorld(t, l)) })
	t.Run("connectors", func(t *testing.T) { connectors(newWorld(t, l)) })
	t.Run("controls", func(t *testing.T) { controls(newWorld(t, l)) })
	t.Run("a retry of shards", func(t *testing.T) { retriedShards(newWorld(t, l)) })
	t.Run("webhooks", func(t *testing.T) { webhooks(newWorld(t, l)) })
	t.Run("automations", func(t *testing.T) { automations(newWorld(t, l)) })
}

// rotation replaces the signing keys once.
func rotation(w *world) {
	w.vault.Begin("v1")
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		w.step("rotate-signing-key", map[string]any{"Step": step, "SecretId": "arn:secret", "ClientRequestToken": "v1"})
	}
}

// vault is the secret, as its rotation sees it.
type vault struct {
	signkeys.Vault
	note func(context.Context, string)
}

func (v vault) Labels(ctx context.Context) (map[string][]string, error) {
	v.note(ctx, "secretsmanager:DescribeSecret SigningKeys")
	return v.Vault.Labels(ctx)
}

func (v vault) Value(ctx context.Context, version string) (string, error) {
	v.note(ctx, "secretsmanager:GetSecretValue SigningKeys")
	return v.Vault.Value(ctx, version)
}

func (v vault) Put(ctx context.Context, version, value string) error {
	v.note(ctx, "secretsmanager:PutSecretValue SigningKeys")
	return v.Vault.Put(ctx, version, value)
}

func (v vault) MakeCurrent(ctx context.Context, from, to string) error {
	v.note(ctx, "secretsmanager:UpdateSecretVersionStage SigningKeys")
	return v.Vault.MakeCurrent(ctx, from, to)
}

// connectors takes one through its life.
func connectors(w *world) {
	const body = `{"name":"n","storage_account":"account","container":"container","tenant_id":"example.com",
		"client_id":"11111111-2222-3333-4444-555555555555","client_secret":"secret","scopes":["import","export"]}`
	call := func(method, path, body string, want int) []byte {
		return w.http("manage-connector", method, "/v2/connectors"+path, body, want)
	}
	first := call("POST", "/azure", body, 201)
	if again := call("POST", "/azure", body, 201); !bytes.Equal(first, again) {
		w.t.Errorf("the first reply is %s, again it is %s", first, again)
	}
	var made struct {
		ID string `json:"connector_id"`
	}
	w.must(json.Unmarshal(first, &made))
	call("GET", "", "", 200)
	call("GET", "/"+made.ID, "", 200)
	call("PATCH", "/"+made.ID, `{"client_secret":"another"}`, 200)
	call("POST", "/"+made.ID+"/test", "", 200)
	call("POST", "/"+made.ID+"/browse", "", 200)
	call("DELETE", "/"+made.ID, "", 200)
	call("DELETE", "/"+made.ID, "", 404)
}

// automations saves one and lets it make an export, delivers that, and lets another one be refused.
func automations(w *world) {
	const path = "/v2/indexes/idx/automations/export"
	call := func(method, action, body string, want int) {
		w.http("manage-automation", method, path+action, body, want)
	}
	call("GET", "", "", 404)
	call("PUT", "", `{"destination_connector_id":"conn"}`, 200)
	call("POST", "/pause", "", 200)
	call("POST", "/resume", "", 200)
	heard := func(run string) {
		_, err := w.call("run-automations", []any{map[string]string{"eventID": "1", "kind": "run", "account_id": "acct", "run_id": run, "status": "completed"}})
		w.must(err)
	}
	due := func() export.Automation {
		w.now = w.now.Add(6 * time.Minute)
		w.step("run-automations", map[string]any{"detail-type": "Scheduled Event"})
		a, err := w.store.Automation(w.t.Context(), "acct", "idx")
		w.must(err)
		return a
	}
	heard("run_1")
	a := due()
	job := map[string]any{"account_id": "acct", "export_id": a.LastExportID, "generation": 1}
	for _, step := range []string{"plan", "package", "assemble", "presign", "deliver", "finish"} {
		w.step(step, job)
	}
	heard("run_2")
	w.must(w.store.DeleteConnector(w.t.Context(), "acct", "conn"))
	if a = due(); a.LastError == "" {
		w.t.Errorf("without its connector: %+v", a)
	}
	// A window that has ended and is paused before its export is made.
	a.Firing = &export.Firing{Window: 3, ExportID: "exp_none", NextAt: w.now}
	a.Paused = true
	_, err := w.store.SaveAutomation(w.t.Context(), a, a.Revision, nil)
	w.must(err)
	due()
}

func download(w *world) {
	_, err := w.call("authorize", map[string]any{
		"type": "REQUEST", "methodArn": "arn:aws:execute-api:us-east-1:1:api/api/GET/v2/exports", "headers": map[string]string{"X-API-Key": apiKey},
	})
	w.must(err)
	job := w.create("index/idx", "")
	w.create("index/idx", "") // the first reply again
	w.http("create-export", "POST", "/v2/exports/index/idx", `{"dry_run":true}`, 200)
	w.leave(job)
	for _, step := range []string{"plan", "package", "assemble", "presign", "finish"} {
		w.step(step, job)
		if step != "finish" {
			w.step(step, job)
		}
	}
	path := "/v2/exports/" + job["export_id"].(string)
	w.http("read-export", "GET", "/v2/exports", "", 200)
	w.http("read-export", "GET", path, "", 200)
	w.now = w.now.Add(24 * time.Hour) // the link has ended
	w.http("read-export", "GET", path, "", 200)
	var minted struct {
		DownloadURL string `json:"download_url"`
	}
	w.must(json.Unmarshal(w.http("read-export", "POST", path+"/download-url", "", 200), &minted))
	_, token, _ := strings.Cut(minted.DownloadURL, "?token=")
	w.http("download-export", "GET", path+"/download", "", 200)
	w.http("download-export", "GET", path+"/download?token="+token, "", 200)
	for _, key := range w.artifacts.Keys() {
		w.must(w.artifacts.Delete(w.t.Context(), key))
	}
	w.http("download-export", "GET", path+"/download", "", 409)
}

func delivery(w *world) {
	job := w.create("prompt-run/run_1", `{"destination_connector_id":"conn"}`)
	// A twin of plan opens its upload in the meantime.
	w.before = func(method, key string) {
		if method == "Put" && strings.HasSuffix(key, "/uploads.json") {
			_, err := w.artifacts.Put(w.t.Context(), key, []byte(`{"exp.json":"twin"}`), blob.PutOptions{IfAbsent: true})
			w.must(err)
		}
	}
	w.step("plan", job)
	w.before = nil
	w.restart(job)
	for _, step := range []string{"plan", "package", "assemble", "presign", "deliver", "deliver", "finish"} {
		w.step(step, job)
	}
	gone := w.create("prompt-run/run_2", `{"destination_connector_id":"conn"}`)
	w.step("plan", gone)
	w.restart(gone) // leaves an open upload behind
	for _, step := range []string{"plan", "package", "assemble"} {
		w.step(step, gone)
	}
	for _, key := range w.artifacts.Keys() {
		w.must(w.artifacts.Delete(w.t.Context(), key))
	}
	if _, err := w.call("deliver", gone); err == nil {
		w.t.Error("delivered what is gone")
	}
}

// restart hands the job to its next generation.
func (w *world) restart(job map[string]any) {
	w.t.Helper()
	e, err := w.store.Export(w.t.Context(), "acct", job["export_id"].(string))
	w.must(err)
	_, err = w.store.SaveExport(w.t.Context(), e.Restart(w.now), e.Fence())
	w.must(err)
	job["generation"] = e.Generation + 1
}

func shards(w *world) {
	w.sharded = true
	job := w.create("index/idx", `{"prompt_run_ids":["run_1","run_2","run_3"]}`)
	w.step("plan", job)
	w.http("read-export", "GET", "/v2/exports/"+job["export_id"].(string), "", 200) // what shards say of themselves
	raw, err := w.call("package", shard(job, 0))
	w.must(err)
	if !bytes.Contains(raw, []byte(`"shard":0`)) {
		w.t.Errorf("a shard's output is %s", raw)
	}
	for n := 1; ; n++ {
		if _, ok := w.artifacts.Content(fmt.Sprintf("work/acct/%s/g1/shards.json", job["export_id"])); !ok {
			w.t.Fatal("the export isn't sharded")
		}
		if n == w.countShards(job) {
			break
		}
		w.step("package", shard(job, n))
	}
	w.step("assemble", job)
	w.step("presign", job)
	w.step("finish", job)
}

// shardsAgain runs shards that met irregular results, twice each, and one whose results have changed by then; files of
// their own are uploaded in parts, and dropped where they are there already or not to be.
func shardsAgain(w *world) {
	w.sharded = true
	for _, key := range w.results.Keys() {
		content, _ := w.results.Content(key)
		_, err := w.results.Put(w.t.Context(), key, append(content, strings.Repeat("[]\n", 50)...), blob.PutOptions{})
		w.must(err)
	}
	w.addRunOf("run_odd", strings.Repeat("[]\n", 50)+strings.Repeat(line, 10))
	job := w.create("prompt-run/run_odd", `{"formats":["csv","ndjson"]}`)
	w.step("plan", job)
	for n := range 2 * w.countShards(job) {
		w.step("package", shard(job, n/2))
	}
	if _, err := w.call("assemble", job); err == nil || !strings.Contains(err.Error(), "Export.Irregular") {
		w.t.Errorf("assemble of irregular shards: %v", err)
	}
	for n := range w.countShards(job) {
		w.step("package", shard(job, n))
	}
	w.step("assemble", job)

	changed := w.create("prompt-run/run_1", `{"formats":["csv","json"]}`)
	w.step("plan", changed)
	w.step("package", shard(changed, 0)) // reports that its results have changed
}

func shard(job map[string]any, n int) map[string]any {
	return map[string]any{"account_id": job["account_id"], "export_id": job["export_id"], "generation": job["generation"], "shard": n}
}

func (w *world) countShards(job map[string]any) int {
	raw, _ := w.artifacts.Content(fmt.Sprintf("work/acct/%s/g1/shards.json", job["export_id"]))
	var items []any
	w.must(json.Unmarshal(raw, &items))
	return len(items)
}

// resultsGone ends in refusals, under either layout.
func resultsGone(w *world) {
	w.sharded = true
	job := w.create("index/idx", `{"prompt_run_ids":["run_1","run_2"]}`)
	w.step("plan", job)
	for n := range w.countShards(job) {
		w.step("package", shard(job, n))
	}
	for _, key := range w.results.Keys() {
		w.must(w.results.Delete(w.t.Context(), key))
	}
	for _, step := range []string{"assemble", "package"} {
		if _, err := w.call(step, job); err == nil || !strings.Contains(err.Error(), "no longer in storage") {
			w.t.Errorf("%s without results: %v", step, err)
		}
	}
	w.http("create-export", "POST", "/v2/exports/index/idx", `{"dry_run":true}`, 422)
}

// leave opens uploads of a file and of a work file, as a worker that died.
func (w *world) leave(job map[string]any) {
	for _, prefix := range []string{"work", "artifacts"} {
		_, err := w.artifacts.CreateUpload(w.t.Context(), fmt.Sprintf("%s/acct/%s/left", prefix, job["export_id"]), blob.PutOptions{})
		w.must(err)
	}
}

func failures(w *world) {
	job := w.create("prompt-run/run_1", "")
	w.step("plan", job)
	w.leave(job)
	failed := map[string]any{"failure": map[string]string{"Error": "Export.Permanent", "Cause": "{}"}}
	for k, v := range job {
		failed[k] = v
	}
	w.step("fail", failed)

	// A step that is called again, one that meets a defect, and an attempt that is followed by another.
	again := w.create("prompt-run/run_3", "")
	again["retries"] = 1
	w.step("plan", again)
	if _, err := w.call("finish", again); err == nil || !strings.Contains(err.Error(), "Export.Internal") {
		w.t.Errorf("finished what isn't assembled: %v", err)
	}
	again["failure"] = map[string]string{"Error": "Export.Internal", "Cause": "{}"}
	w.step("fail", again)

	// Silence makes the sweeper restart, and give up in the end.
	silent := w.create("prompt-run/run_2", "")
	w.leave(silent)
	w.step("plan", silent)
	for range export.MaxAttempts + 1 {
		w.now = w.now.Add(24 * time.Hour)
		w.step("sweep", map[string]any{"detail-type": "Scheduled Event"})
		e, err := w.store.Export(w.t.Context(), "acct", silent["export_id"].(string))
		w.must(err)
		if !e.Open() {
			return
		}
		silent["generation"] = e.Generation
		w.step("plan", silent)
	}
	w.t.Error("the sweeper never gave up")
}

// controls cancels, retries and deletes exports that workers come too late for.
func controls(w *world) {
	path := func(job map[string]any) string { return "/v2/exports/" + job["export_id"].(string) }
	job := w.create("prompt-run/run_1", "")
	w.step("plan", job)
	w.leave(job)
	w.http("control-export", "POST", path(job)+"/cancel", "", 200)
	w.http("control-export", "POST", path(job)+"/cancel", "", 200) // the same again
	w.leave(job)
	for _, step := range []string{"plan", "package", "assemble"} {
		if _, err := w.call(step, job); err == nil || !strings.Contains(err.Error(), "Export.Superseded") {
			w.t.Errorf("%s of a cancelled export: %v", step, err)
		}
	}
	w.http("control-export", "POST", path(job)+"/retry", "", 200)

	left := w.create("prompt-run/run_2", "")
	w.http("control-export", "POST", path(left)+"/cancel", "", 200)
	gone := w.create("prompt-run/run_3", "")
	for _, step := range []string{"plan", "package", "assemble"} {
		w.step(step, gone)
	}
	w.leave(gone)
	w.http("control-export", "DELETE", path(gone), "", 200)
	w.http("control-export", "DELETE", path(gone), "", 404)
	for _, late := range []map[string]any{left, gone} {
		w.leave(late)
		for _, prefix := range []string{"work", "artifacts"} {
			_, err := w.artifacts.Put(w.t.Context(), fmt.Sprintf("%s/acct/%s/late", prefix, late["export_id"]), nil, blob.PutOptions{})
			w.must(err)
		}
	}
	w.now = w.now.Add(time.Hour)
	w.step("sweep", map[string]any{"detail-type": "Scheduled Event"})
}

// retriedShards fails an export with one shard done, and retries it, which goes on with that one.
func retriedShards(w *world) {
	w.sharded = true
	job := w.create("index/idx", `{"prompt_run_ids":["run_1","run_2","run_3"]}`)
	w.step("plan", job)
	w.step("package", shard(job, 0))
	job["failure"] = map[string]string{"Error": "Export.Permanent", "Cause": "{}"}
	w.step("fail", job)
	w.http("control-export", "POST", "/v2/exports/"+job["export_id"].(string)+"/retry", "", 200)
	job["generation"] = 2
	w.step("plan", job)
	w.step("package", shard(job, 0))
	report, ok := w.artifacts.Content(fmt.Sprintf("work/acct/%s/g2/report-2-00000.json", job["export_id"]))
	if !ok || !bytes.Contains(report, []byte(`"made":1`)) {
		w.t.Errorf("the shard was not gone on with: %s", report)
	}
}

// starter starts nothing.
type starter struct{ note func(context.Context, string) }

func (s starter) Start(ctx context.Context, _, _ string, _ int) error {
	s.note(ctx, "states:StartExecution states:here:stateMachine:${AWS::StackName}-export:live")
	s.note(ctx, "states:StartExecution states:here:stateMachine:${AWS::StackName}-export") // by which Step Functions checks it
	return nil
}

// bound is what a call of KMS is bound to.
func bound(c seal.Context) string {
	if c.WebhookID != "" {
		return " * if StringEquals kms:EncryptionContext:account_id " + c.AccountID + ", StringLike kms:EncryptionContext:webhook_id " + c.WebhookID
	}
	return " * if StringEquals kms:EncryptionContext:account_id " + c.AccountID + ", StringLike kms:EncryptionContext:connector_id " + c.ConnectorID
}

// sealer seals and opens as KMS would.
type sealer struct{ note func(context.Context, string) }

func (s sealer) Seal(ctx context.Context, c seal.Context, plain []byte) ([]byte, error) {
	s.note(ctx, "kms:GenerateDataKey"+bound(c))
	return plain, nil
}

func (s sealer) Open(ctx context.Context, c seal.Context, sealed []byte) ([]byte, error) {
	s.note(ctx, "kms:Decrypt"+bound(c))
	return sealed, nil
}

// opener opens a bucket of the customer's, with keys that KMS would have decrypted, or under a role of theirs.
type opener struct{ note func(context.Context, string) }

func (o opener) OpenTarget(ctx context.Context, c store.Connector) (connector.Target, error) {
	o.note(ctx, "kms:Decrypt"+bound(seal.Context{AccountID: c.AccountID, ConnectorID: c.ID}))
	o.note(ctx, "sts:AssumeRole iam::999999999999:role/customer")
	return memconn.New("customer"), nil
}
