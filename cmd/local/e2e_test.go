package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/demo"
)

const (
	exampleKey  = "export-archive-review"
	exampleBody = `{"prompt_run_ids":["run_123","run_124"],"destination_connector_id":"conn_export","destination_subpath":"exports/review-team"}`
)

func demoRows() int {
	var n int64
	for _, p := range demo.Runs() {
		_, rows := p.NDJSON()
		n += rows
	}
	return int(n)
}

func TestDocumentedExample(t *testing.T) {
	s := startService(t)
	if s.ready > 3*time.Second && !raceDetector {
		t.Errorf("ready after %s, want at most 3 s", s.ready)
	}
	checkExample(t, s, 3*time.Second)
	checkDownload(t, s)
	s.stop()
}

// checkExample makes the documented request and follows it to the delivered object, which must stand there in time.
func checkExample(t *testing.T, s *service, limit time.Duration) {
	t.Helper()
	first := s.call("POST", "/exports/index/idx_archive", s.local.APIKeys.Write, exampleBody, "Idempotency-Key", exampleKey)
	if first.status != http.StatusAccepted {
		t.Fatalf("status = %d, body %s", first.status, first.body)
	}
	id := first.json(t)["export_id"].(string)
	if got, want := first.header.Get("Location"), "/api/v2/exports/"+id; got != want {
		t.Errorf("Location = %q, want %q", got, want)
	}
	began := time.Now()
	e := s.await(id, 30*time.Second)
	if took := time.Since(began); e["status"] != "completed" || took > limit && !raceDetector {
		t.Fatalf("%v after %s: %v\n%s", e["status"], took, e, s.tail())
	}
	uri, _ := e["destination_uri"].(string)
	if uri == "" || uri != e["gcs_uri"] || e["download_url"] != nil || !strings.HasSuffix(uri, "/exports/review-team/"+id+".json") {
		t.Errorf("destination_uri %q, gcs_uri %v, download_url %v", uri, e["gcs_uri"], e["download_url"])
	}
	checkDocument(t, s.object(uri), s.object(strings.TrimSuffix(uri, ".json")+".manifest.json"), demoRows())

	again := s.call("POST", "/exports/index/idx_archive", s.local.APIKeys.Write, exampleBody, "Idempotency-Key", exampleKey)
	if again.header.Get("Idempotency-Replayed") != "true" || again.json(t)["export_id"] != id || again.status != http.StatusAccepted {
		t.Errorf("replay = %d %v %s", again.status, again.header, again.body)
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	if got := s.keys(bucket, path.Dir(key)); len(got) != 2 {
		t.Errorf("the destination holds %v, want the document and its manifest", got)
	}
}

// checkDownload makes an export without connector and fetches it in every way there is.
func checkDownload(t *testing.T, s *service) {
	t.Helper()
	id := s.create("/exports/index/idx_archive", "")
	e := s.await(id, 30*time.Second)
	want := "/api/v2/exports/" + id + "/download"
	if e["status"] != "completed" || e["download_url"] != want {
		t.Fatalf("export = %v\n%s", e, s.tail())
	}
	byKey := s.call("GET", "/exports/"+id+"/download", s.local.APIKeys.Read, "", "Range", "bytes=0-9", "Accept-Encoding", "gzip")
	if byKey.status != http.StatusOK || byKey.header.Get("Content-Encoding") != "" || byKey.header.Get("Content-Type") != "application/json" {
		t.Errorf("download = %d %v", byKey.status, byKey.header)
	}
	link := s.call("POST", "/exports/"+id+"/download-url", s.local.APIKeys.Read, "").json(t)
	minted, _ := link["download_url"].(string)
	if len(link) != 5 || !strings.HasPrefix(minted, s.local.TLSBaseURL+"/exports/"+id+"/download?token=v1.") {
		t.Fatalf("link = %v", link)
	}
	byToken := s.call("GET", minted, "", "")
	byPresigned := s.call("GET", e["presigned_url"].(string), "", "")
	if !bytes.Equal(byKey.body, byToken.body) || !bytes.Equal(byKey.body, byPresigned.body) {
		t.Errorf("by key %d bytes, by token %d (status %d), by presigned link %d (status %d)",
			len(byKey.body), len(byToken.body), byToken.status, len(byPresigned.body), byPresigned.status)
	}
	gcs := e["gcs_uri"].(string)
	checkDocument(t, byKey.body, s.object(strings.TrimSuffix(gcs, ".json")+".manifest.json"), demoRows())
	if got := e["file_size_bytes"].(float64); int(got) != len(byKey.body) {
		t.Errorf("file_size_bytes = %v, want %d", got, len(byKey.body))
	}
}

func TestPromptRunAndMatches(t *testing.T) {
	s := startService(t)
	id := s.create("/exports/prompt-run/run_123", `{"result_scope":"matches"}`)
	e := s.await(id, 30*time.Second)
	if e["status"] != "completed" {
		t.Fatalf("export = %v\n%s", e, s.tail())
	}
	var d struct {
		Results []struct {
			Selected bool   `json:"selected"`
			RunID    string `json:"run_id"`
		} `json:"results"`
	}
	if err := json.Unmarshal(s.call("GET", "/exports/"+id+"/download", s.local.APIKeys.Read, "").body, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Results) == 0 || len(d.Results) >= demoRows()/2 {
		t.Errorf("%d matches", len(d.Results))
	}
	for _, r := range d.Results {
		if !r.Selected || r.RunID != "run_123" {
			t.Errorf("a result of %s, selected %v", r.RunID, r.Selected)
		}
	}
}

func TestOtherAccountsAndScopes(t *testing.T) {
	s := startService(t)
	id := s.create("/exports/prompt-run/run_123", "")
	s.await(id, 30*time.Second)
	k := s.local.APIKeys
	for _, c := range []struct {
		method, path, key string
		status            int
		code              string
	}{
		{"GET", "/exports/" + id, k.OtherAccount, 404, "export_not_found"},
		{"GET", "/exports/" + id + "/download", k.OtherAccount, 404, "export_not_found"},
		{"POST", "/exports/" + id + "/download-url", k.OtherAccount, 404, "export_not_found"},
		{"POST", "/exports/index/idx_archive", k.OtherAccount, 404, "index_not_found"},
		{"POST", "/exports/prompt-run/run_123", k.OtherAccount, 404, "prompt_run_not_found"},
		{"POST", "/exports/index/idx_unknown", k.Read, 403, "authorization_insufficient_scope"},
		{"POST", "/exports/prompt-run/run_unknown", k.Search, 403, "authorization_insufficient_scope"},
		{"GET", "/exports", k.Search, 403, "authorization_insufficient_scope"},
		{"GET", "/exports", "", 401, "authentication_invalid_api_key"},
		{"GET", "/exports", "sk_live_" + strings.Repeat("0", 48), 401, "authentication_invalid_api_key"},
		{"GET", "/nothing/here", k.Read, 404, "route_not_found"},
	} {
		r := s.call(c.method, c.path, c.key, "")
		e, _ := r.json(t)["error"].(map[string]any)
		if r.status != c.status || e["code"] != c.code || e["request_id"] == "" || e["request_id"] != r.header.Get("X-Request-ID") {
			t.Errorf("%s %s = %d %s, want %d %s", c.method, c.path, r.status, r.body, c.status, c.code)
		}
	}
	var others []any
	if err := json.Unmarshal(s.call("GET", "/exports", k.OtherAccount, "").body, &others); err != nil || len(others) != 0 {
		t.Errorf("the other account lists %v, %v", others, err)
	}
	if r := s.call("GET", "/auth/validate", k.Search, ""); r.status != http.StatusNoContent || len(r.body) != 0 {
		t.Errorf("validate = %d %q", r.status, r.body)
	}
	activity := s.call("POST", "/auth/processing-activity", k.Search, `{"event_id":"x","surface":"sdk","reason":"authentication"}`)
	if string(bytes.TrimSpace(activity.body)) != `{"accepted":true,"wake_status":"accepted","reason":"recorded"}` {
		t.Errorf("processing-activity = %d %s", activity.status, activity.body)
	}
}
