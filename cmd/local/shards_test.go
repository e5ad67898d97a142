package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shardedRuns are how many runs of some 10 MB the archive of the sharded tests has, each a shard of its own.
const shardedRuns = 5

// loadShardedArchive fills idx_sharded.
func loadShardedArchive(t *testing.T, s *service) {
	t.Helper()
	for n := range shardedRuns {
		run := fmt.Sprintf("run_s%d", n)
		file := filepath.Join(t.TempDir(), run+".ndjson")
		writeRecords(t, file, run, 18_000)
		schema := filepath.Join(t.TempDir(), "schema.json")
		if err := os.WriteFile(schema, []byte(`{"type":"object","properties":{"note":{"type":"string"}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := s.vvx("load-run", "--index", "idx_sharded", "--run", run, "--schema", schema, file); err != nil {
			t.Fatalf("load-run: %v\n%s", err, out)
		}
	}
}

const everyShardedFormat = `{"formats":["csv","json","ndjson","parquet"],"compression":%q}`

// killsWanted are how often a sharded export of each compression is killed.
const killsWanted = 6

// TestKilledWhileSharding pulls the plug of sharded exports again and again, at random moments of the time that one takes
// when nobody disturbs it. Each is resumed and ends whole; its files are those of the undisturbed one, byte for byte, but
// for the document's head, which has the export's own id and time. An export that was faster than its plug is followed by
// another, so the count of kills does not depend on the machine.
func TestKilledWhileSharding(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	s := startService(t, "-shard-above", "1", "-shard-size", "1")
	loadShardedArchive(t, s)
	for _, compression := range []string{"none", "zstd"} {
		body := fmt.Sprintf(everyShardedFormat, compression)
		began := time.Now()
		undisturbed := s.create("/exports/index/idx_sharded", body)
		ended := s.await(undisturbed, 5*time.Minute)
		took := time.Since(began)
		want := filesOf(t, s, ended, undisturbed)
		kills, exports := 0, 0
		for ; kills < killsWanted && exports < 10*killsWanted; exports++ {
			disturbed := s.create("/exports/index/idx_sharded", body)
			for kills < killsWanted {
				time.Sleep(time.Duration(rng.Int64N(int64(took))))
				if e := s.call("GET", "/exports/"+disturbed, s.local.APIKeys.Read, "").json(t); e["status"] == "completed" {
					break
				}
				s.kill()
				kills++
				s.start()
			}
			got := filesOf(t, s, s.await(disturbed, 5*time.Minute), disturbed)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: after %d kills (-undisturbed +disturbed):\n%s", compression, kills, diff)
			}
		}
		if kills < killsWanted {
			t.Errorf("%s: %d exports were all done before their plug was pulled", compression, exports)
		}
		t.Logf("%s: %d kills of %d exports, %d files", compression, kills, exports, len(want))
	}
}

// filesOf verifies every file of a completed export, and gives what each holds: the SHA-256 of the file, of a document
// that of its results.
func filesOf(t *testing.T, s *service, e map[string]any, id string) map[string]string {
	t.Helper()
	if e["status"] != "completed" {
		t.Fatalf("%s ended as %v: %v\n%s", id, e["status"], e["error_message"], s.tail())
	}
	folder := "s3://" + s.local.ArtifactsBucket + "/artifacts/acct_demo/" + id + "/"
	if out, err := s.vvx("verify", "--all", folder+id+".manifest.json", "--export", id); err != nil {
		t.Fatalf("verify: %v\n%s", err, out)
	}
	var m manifest
	if err := json.Unmarshal(s.object(folder+id+".manifest.json"), &m); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range m.Files {
		name := strings.TrimPrefix(f.Name, id)
		if strings.HasPrefix(name, ".json") {
			files[name] = fmt.Sprintf("%d rows", f.Rows)
			continue
		}
		files[name] = f.SHA256
	}
	if len(files) != 2+2*shardedRuns {
		t.Fatalf("%s has the files %v; was it sharded?", id, files)
	}
	return files
}
