package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/connector/conntest/memconn"
	"github.com/videovector/exports/internal/fault"
)

const jsonType = "application/json"

// TestNoSecretIsSeen puts 24 secrets through all that a connector goes through: those that it is made with, those that
// it is changed to, and those of requests that are refused. None of them may be found in any encoding afterwards: not in
// the log, a reply, what other functions are called with and answer, an execution's history, or a record or object.
func TestNoSecretIsSeen(t *testing.T) {
	made, changed, refused := newCanaries(t, "a"), newCanaries(t, "b"), newCanaries(t, "c")
	w := newCanaryWorld(t)
	ids := w.makeConnectors(made)
	w.use(ids)
	w.refuse(ids, refused)
	w.changeConnectors(ids, changed)
	w.use(ids)
	w.fail(ids)
	w.failForReal(ids["s3"])
	for _, id := range ids {
		w.call("DELETE", "/connectors/"+id, "", "", 200)
	}
	w.makeConnectors(made) // the first replies again, although nothing is left
	w.check(map[string]canaries{"made": made, "changed": changed, "refused": refused})
	w.checkLog()
}

// bodies are create requests.
func bodies(c canaries) map[string]string {
	s3, _ := json.Marshal(map[string]any{ // of strings
		"name": "S", "bucket": customerBucket, "region": region, "aws_access_key_id": c.S3KeyID, "aws_secret_access_key": c.S3Secret, "scopes": []string{"import", "export"},
	})
	azure, _ := json.Marshal(map[string]any{
		"name": "A", "storage_account": "account", "container": "container", "tenant_id": c.TenantID, "client_id": c.ClientID, "client_secret": c.AzureSecret, "scopes": []string{"import", "export"},
	})
	return map[string]string{"s3": string(s3), "azure": string(azure)}
}

// makeConnectors creates one of each provider, twice under one key, and gives their ids.
func (w *canaryWorld) makeConnectors(c canaries) map[string]string {
	w.t.Helper()
	ids := map[string]string{}
	for range 2 {
		for provider, body := range bodies(c) {
			ids[provider] = w.call("POST", "/connectors/"+provider, jsonType, body, 201, "Idempotency-Key", "once")["connector_id"].(string)
		}
		contentType, body := canaryForm(w.t, c.file())
		ids["gcs"] = w.call("POST", "/connectors/gcs", contentType, body, 201, "Idempotency-Key", "once")["connector_id"].(string)
	}
	return ids
}

// use does everything with connectors that work.
func (w *canaryWorld) use(ids map[string]string) {
	w.t.Helper()
	w.call("GET", "/connectors", "", "", 200)
	for provider, id := range ids {
		w.call("GET", "/connectors/"+id, "", "", 200)
		if r := w.call("POST", "/connectors/"+id+"/test", "", "", 200); r["success"] != true {
			w.t.Errorf("%s doesn't work: %v", provider, r)
		}
		w.call("POST", "/connectors/"+id+"/browse", "", "", 200)
		if e := w.export(id); e["status"] != "completed" {
			w.t.Errorf("delivery to %s: %v", provider, e["error_message"])
		}
	}
}

// refuse sends secrets in requests that come to nothing.
func (w *canaryWorld) refuse(ids map[string]string, c canaries) {
	w.t.Helper()
	for provider, body := range bodies(c) {
		path := "/connectors/" + provider
		w.call("POST", path, jsonType, body, 422, "Idempotency-Key", "once") // of another request
		w.call("POST", path, jsonType, strings.Replace(body, `"name":`, `"nickname":`, 1), 422)
		w.call("POST", path, jsonType, body+"{}", 400)
		w.call("POST", path, jsonType, body[:len(body)-5], 400)
		w.call("POST", path, jsonType, "["+body+"]", 422)
		w.call("POST", path, jsonType, "{"+strings.Repeat(body[1:len(body)-1]+",", 2)+`"x":1}`, 400) // every name twice
		w.call("POST", path, "text/plain", body, 400)
		w.call("POST", path, jsonType, body, 401, "X-API-Key", "sk_live_"+strings.Repeat("0", 48))
		w.call("POST", path, jsonType, body, 403, "X-API-Key", w.secrets.APIKeys.Read)
		w.call("PATCH", "/connectors/"+ids["gcs"], jsonType, body, 422)
	}
	for _, value := range c.needles() { // secrets where none belongs
		w.call("POST", "/connectors/s3", jsonType, fmt.Sprintf(`{"name":%q,"bucket":%q,"region":%q,"scopes":[%q],"import_mode":%q,"export_base_path":%q}`,
			strings.Repeat(value, 20), value, value, value, value, "../"+value), 422)
		w.call("POST", "/connectors/"+ids["s3"]+"/browse", jsonType, fmt.Sprintf(`{"limit":%q,"recursive":%q,"pattern":%q}`, value, value, "["+value), 422)
	}
	contentType, form := canaryForm(w.t, c.file())
	w.call("POST", "/connectors/gcs", contentType, form, 422, "Idempotency-Key", "once")
	w.call("POST", "/connectors/gcs", contentType, form[:len(form)-10], 400)
	w.call("POST", "/connectors/gcs", contentType+"x", form, 400)
	w.call("POST", "/connectors/gcs", jsonType, form, 400)
	for _, broken := range []string{c.file() + "{}", strings.Replace(c.file(), "service_account", "authorized_user", 1), strings.Replace(c.file(), "oauth2.", "", 1), c.PEM, c.file()[:800]} {
		contentType, form := canaryForm(w.t, broken)
		w.call("POST", "/connectors/gcs", contentType, form, 422)
		raw, _ := json.Marshal(map[string]string{"credentials_file": broken}) // of strings
		w.call("PATCH", "/connectors/"+ids["gcs"], jsonType, string(raw), 422)
	}
}

// changeConnectors gives each other secrets.
func (w *canaryWorld) changeConnectors(ids map[string]string, c canaries) {
	w.t.Helper()
	for provider, fields := range map[string]map[string]string{
		"s3":    {"aws_access_key_id": c.S3KeyID, "aws_secret_access_key": c.S3Secret},
		"azure": {"tenant_id": c.TenantID, "client_id": c.ClientID, "client_secret": c.AzureSecret},
		"gcs":   {"credentials_file": c.file()},
	} {
		raw, _ := json.Marshal(fields) // of strings
		for range 2 {
			w.call("PATCH", "/connectors/"+ids[provider], jsonType, string(raw), 200)
		}
	}
}

// failForReal lets the real adapter ask a real S3 with keys that it doesn't know.
func (w *canaryWorld) failForReal(id string) {
	w.t.Helper()
	w.clouds["s3"].real = w.real
	if r := w.call("POST", "/connectors/"+id+"/test", "", "", 200); r["success"] != false {
		w.t.Errorf("strange keys open the bucket: %v", r)
	}
	w.call("POST", "/connectors/"+id+"/browse", "", "", 422)
	if e := w.export(id); e["status"] != "failed" || e["error_message"] == nil {
		w.t.Errorf("delivery with strange keys: %v", e)
	}
}

// fail lets everything fail that can.
func (w *canaryWorld) fail(ids map[string]string) {
	w.t.Helper()
	denied := fault.New(fault.Invalid, "destination_access_denied", "The connector may not do that.")
	for name, c := range w.clouds {
		path := "/connectors/" + ids[name]
		c.fail(denied)
		w.call("POST", path+"/test", "", "", 200)
		c.fail(memconn.ErrInjected)
		w.call("POST", path+"/browse", "", "", 503)
		for _, at := range []string{"/test", "/browse"} {
			c.fail(errPanic)
			w.call("POST", path+at, "", "", 500)
		}
		c.fail(denied)
		if e := w.export(ids[name]); e["status"] != "failed" {
			w.t.Errorf("a denied delivery: %v", e)
		}
		c.fail(memconn.ErrInjected, errPanic) // the task is tried again, and once more
		if e := w.export(ids[name]); e["status"] != "completed" {
			w.t.Errorf("a delivery that is tried again: %v", e)
		}
	}
}

// check looks for every canary everywhere.
func (w *canaryWorld) check(sets map[string]canaries) {
	w.t.Helper()
	needles := map[string]string{}
	for set, c := range sets {
		for name, secret := range c.needles() {
			needles[set+" "+name] = secret
			if !bytes.Contains(w.sent.Bytes(), []byte(secret)) {
				w.t.Errorf("the %s %s was never sent: the test shows nothing", set, name)
			}
		}
	}
	if len(needles) != 24 {
		w.t.Errorf("%d canaries, want 24", len(needles))
	}
	for _, set := range []string{"made", "changed"} {
		for name, secret := range sets[set].needles() {
			if !w.clouds["s3"].saw(secret) && !w.clouds["gcs"].saw(secret) && !w.clouds["azure"].saw(secret) {
				w.t.Errorf("no adapter was given the %s %s", set, name)
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	places := map[string][]byte{"replies and what functions say to each other": w.seen.Bytes()}
	maps.Copy(places, w.files())
	kinds := map[string]bool{}
	for place, text := range places {
		for _, found := range find(text, needles) {
			w.t.Errorf("%s holds the %s", place, found)
		}
		for _, kind := range []string{"local.log", "records.db", "executions", "s3"} {
			kinds[kind] = kinds[kind] || strings.Contains(place, "/"+kind) && len(text) > 0
		}
	}
	if len(kinds) != 4 || !kinds["local.log"] || !kinds["records.db"] || !kinds["executions"] || !kinds["s3"] {
		w.t.Errorf("looked at %v: the test shows nothing of what is missing", kinds)
	}
}
