package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startLocal starts the local service in the user's folder, as the README says, and stops it with the test.
func startLocal(t *testing.T) *shell {
	t.Helper()
	s := newShell(t, "")
	var out bytes.Buffer
	cmd := exec.Command(programs.local, "-addr", "127.0.0.1:0", "-tls-addr", "127.0.0.1:0")
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended by itself
		if err := <-ended; err != nil || strings.Contains(out.String(), "DATA RACE") {
			t.Errorf("the local service ended with %v:\n%s", err, out.String())
		}
	})
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(s.dir, ".local", "local.json")); err == nil {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatal("the local service did not get ready")
		}
	}
}

// TestWithTheLocalService goes the whole way as a user would, without a word of where the service is.
func TestWithTheLocalService(t *testing.T) {
	s := startLocal(t)
	var lines strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&lines, `{"result_type":"segment","result_id":"r%d","note":"Hafen 🚢 %s"}`+"\n", i, strings.Repeat("x", i%300))
	}
	s.file("mine.ndjson", lines.String())
	if v := s.want(exitOK, "load-run", "--index", "idx_mine", "--run", "run_mine", "mine.ndjson", "--json").values(t); v[0]["records"] != 5000.0 {
		t.Errorf("load-run printed %v", v)
	}
	s.want(exitFailed, "load-run", "--index", "idx_mine", "--run", "run_mine", "mine.ndjson")

	e := s.want(exitOK, "export", "create", "run", "run_mine", "--wait", "--json").values(t)[0]
	id := e["export_id"].(string)
	s.want(exitOK, "export", "download", id)
	if document := s.content(id + ".json"); strings.Count(document, `"result_id":`) != 5000 {
		t.Errorf("the document holds %d results", strings.Count(document, `"result_id":`))
	}
	address := e["gcs_uri"].(string)
	manifest := strings.TrimSuffix(address, ".json") + ".manifest.json"
	if v := s.want(exitOK, "verify", id+".json", "--manifest", manifest, "--export", id, "--json").values(t); v[0]["ok"] != true || v[0]["records"] != 5000.0 {
		t.Errorf("verify printed %v", v)
	}
	s.want(exitOK, "verify", address)
	link := s.want(exitOK, "export", "get", id, "--json").values(t)[0]["presigned_url"].(string)
	s.want(exitOK, "verify", link, "--manifest", manifest)
	s.want(exitNotFound, "verify", strings.Replace(address, id, "exp_none", 2))

	if listed := s.want(exitOK, "export", "list", "--target", "run_mine", "--json").values(t); len(listed) != 1 || listed[0]["export_id"] != id {
		t.Errorf("list printed %v", listed)
	}
	s.want(exitNotFound, "export", "get", "exp_01kx0000000000000000000000")
	s.want(exitNotFound, "export", "create", "run", "run_none")
}

// TestDeliveryWithTheLocalService exports into the demo's bucket and checks what has arrived there.
func TestDeliveryWithTheLocalService(t *testing.T) {
	s := startLocal(t)
	create := []string{"export", "create", "index", "idx_archive", "--run", "run_123", "--run", "run_124", "--connector", "conn_export", "--subpath", "exports/review-team", "--idempotency-key", "k", "--json"}
	id := s.want(exitOK, create...).values(t)[0]["export_id"]
	e := s.want(exitOK, append(create, "--wait")...).values(t)[0]
	if e["export_id"] != id || e["status"] != "completed" {
		t.Fatalf("the same command gave %v first and then %v", id, e)
	}
	s.want(exitOK, "verify", e["destination_uri"].(string))
	if o := s.want(exitOK, "export", "download", e["export_id"].(string), "-o", "delivered.json"); !strings.Contains(o.out, "delivered.json") {
		t.Errorf("a delivered export is downloaded by its presigned link: %q", o.out)
	}
}
