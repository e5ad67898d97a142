package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/store/dynamostore/dynamolocal"
)

// TestOnDynamoDB is the documented example with the records in DynamoDB, and once more with the plug pulled.
func TestOnDynamoDB(t *testing.T) {
	s := startService(t, "-dynamodb-endpoint", dynamolocal.Own(t))
	checkExample(t, s, 10*time.Second)
	checkDownload(t, s)
	id := s.create("/exports/index/idx_archive", "")
	s.kill()
	s.start()
	if e := s.await(id, 2*time.Minute); e["status"] != "completed" {
		t.Errorf("after the kill: %v\n%s", e, s.tail())
	}
	if _, err := os.Stat(filepath.Join(s.dir, "records.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is an SQLite file beside DynamoDB: %v", err)
	}
	s.stop()
}

// TestCompiledFunctions is the documented example through compiled functions, each a process behind a Lambda Runtime
// API. They end with the service, however it ends.
func TestCompiledFunctions(t *testing.T) {
	s := startService(t, "-real-bootstrap", "-dynamodb-endpoint", dynamolocal.Own(t))
	checkExample(t, s, 30*time.Second)
	checkDownload(t, s)
	running := processesOf(t, s.dir)
	if len(running) < 8 { // authorize, create, read, download, and at least the steps of a delivered export
		t.Errorf("%d functions run as processes: %v", len(running), running)
	}
	s.kill()
	for deadline := time.Now().Add(10 * time.Second); len(processesOf(t, s.dir)) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("functions outlive the service: %v", processesOf(t, s.dir))
		}
	}
}

// processesOf lists the programs below the folder that run now.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, link := range links {
		program, err := os.Readlink(link) // fails for processes that have just ended
		if err == nil && strings.HasPrefix(program, dir+string(filepath.Separator)) {
			found = append(found, strings.TrimPrefix(program, dir))
		}
	}
	return found
}

func TestBootstrapFlagsGoTogether(t *testing.T) {
	for want, o := range map[string]options{
		"needs -dynamodb-endpoint": {realBootstrap: true},
		"give both":                {bootstraps: "build"},
	} {
		if err := o.checkBootstraps(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	if err := (options{realBootstrap: true, dynamoDBEndpoint: "http://127.0.0.1:8000", bootstraps: "build"}).checkBootstraps(); err != nil {
		t.Error(err)
	}
}
