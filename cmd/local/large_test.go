//go:build large

package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/bench/corpus"
)

var (
	largeBytes  = flag.Int64("large.bytes", 10e9, "bytes of records to export")
	largeCorpus = flag.String("large.corpus", "", "folder to keep the records in; a temporary one unless given")
)

// TestLargeExport exports many records as a document, in the shards that are deployed, through the whole
// local service, and has vvx verify every byte. The service's memory is bounded by the shards that run at once, not by
// the export. `make large` runs it.
func TestLargeExport(t *testing.T) {
	folder := *largeCorpus
	if folder == "" {
		folder = t.TempDir()
	}
	records, err := corpus.Ensure(folder, *largeBytes)
	if err != nil {
		t.Fatal(err)
	}
	s := startService(t, "-demo=false")
	for _, file := range records.Files {
		run := strings.TrimSuffix(filepath.Base(file), ".ndjson")
		began := time.Now()
		if out, err := s.vvx("load-run", "--index", "idx_large", "--run", run, file); err != nil {
			t.Fatalf("load-run: %v\n%s", err, out)
		}
		t.Logf("%s loaded in %s", file, time.Since(began).Round(time.Second))
	}
	idle := s.peakMemory()
	began := time.Now()
	id := s.create("/exports/index/idx_large", "")
	e := s.await(id, time.Hour)
	if e["status"] != "completed" {
		t.Fatalf("%s ended as %v: %v\n%s", id, e["status"], e["error_message"], s.tail())
	}
	peak := s.peakMemory()
	t.Logf("%v bytes exported in %s; peak memory %d MiB, %d MiB before", e["file_size_bytes"], time.Since(began).Round(time.Second), peak>>20, idle>>20)
	if peak > 1<<30 {
		t.Errorf("peak memory is %d MiB", peak>>20)
	}
	began = time.Now()
	at := "s3://" + s.local.ArtifactsBucket + "/artifacts/acct_demo/" + id + "/" + id + ".manifest.json"
	out, err := s.vvx("verify", "--all", at, "--export", id)
	t.Logf("verified in %s:\n%s", time.Since(began).Round(time.Second), out)
	if err != nil {
		t.Errorf("verify: %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "local.json")); err != nil {
		t.Error(err)
	}
}
