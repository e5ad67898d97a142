package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/demo"
	"github.com/videovector/exports/internal/store/dynamostore/dynamolocal"
)

// latestJSON is what the tests check of the pointer to the latest delivery.
type latestJSON struct {
	ExportID string       `json:"export_id"`
	TargetID string       `json:"target_id"`
	AsOf     string       `json:"as_of"`
	Manifest latestFile   `json:"manifest"`
	Files    []latestFile `json:"files"`
}

type latestFile struct {
	Name   string `json:"name"`
	URI    string `json:"uri"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

const latestURI = "s3://" + customerBucket + "/" + demo.BasePath + "/nightly/latest.json"

// TestAutomation: a run that is loaded makes one export of its index, which is delivered and named by latest.json; the
// next one takes its place; a pause holds, over a kill as well.
func TestAutomation(t *testing.T) {
	s := startService(t, "-debounce", "1s")
	s.load("run_0", 5, "--index", "idx_mine") // the index has to be there before its automation
	s.vvxJSON("automation", "set", "idx_mine", "--connector", demo.ConnectorID, "--subpath", "nightly")

	s.load("run_1", 20, "--index", "idx_mine")
	first := last(s.automatic("idx_mine", 25))
	if first["origin"] != "automation" || first["user_id"] != demo.UserID {
		t.Errorf("the export is %v", first)
	}

	s.load("run_1", 20, "--index", "idx_mine", "--replace") // nothing is new
	s.load("run_2", 30, "--index", "idx_mine")
	s.load("run_3", 10, "--index", "idx_mine")
	s.automatic("idx_mine", 65)
	all := s.settled("idx_mine")
	s.object(first["destination_uri"].(string)) // the older delivery stays

	s.vvxJSON("automation", "pause", "idx_mine")
	s.load("run_4", 10, "--index", "idx_mine")
	s.quiet("idx_mine", len(all))
	s.kill()
	s.start()
	s.vvxJSON("automation", "resume", "idx_mine")
	s.quiet("idx_mine", len(all))
	s.pointsAt(last(all), 65)
	s.load("run_5", 5, "--index", "idx_mine")
	s.automatic("idx_mine", 80)
}

// TestTheDemoMakesNoExport: its runs are told of as well, and nobody waits for them.
func TestTheDemoMakesNoExport(t *testing.T) {
	s := startService(t, "-debounce", "1s")
	s.quiet(demo.IndexID, 0)
	s.vvxJSON("automation", "set", demo.IndexID, "--connector", demo.ConnectorID)
	s.kill()
	s.start() // nothing is loaded anew
	s.quiet(demo.IndexID, 0)
}

// TestAutomationOnDynamoDB: the table's stream tells of a run, and one export follows.
func TestAutomationOnDynamoDB(t *testing.T) {
	s := startService(t, "-debounce", "1s", "-dynamodb-endpoint", dynamolocal.Own(t))
	s.load("run_0", 5, "--index", "idx_mine")
	s.vvxJSON("automation", "set", "idx_mine", "--connector", demo.ConnectorID, "--subpath", "nightly")
	s.load("run_1", 20, "--index", "idx_mine")
	s.automatic("idx_mine", 25)
	s.quiet("idx_mine", len(s.settled("idx_mine")))
}

// TestAutomationOverKills pulls the plug again and again while runs are loaded: in the end latest.json names an export of
// them all, there are no more exports than there were runs, and at rest none follows.
func TestAutomationOverKills(t *testing.T) {
	s := startService(t, "-debounce", "1s")
	s.load("run_0", 1, "--index", "idx_mine")
	s.vvxJSON("automation", "set", "idx_mine", "--connector", demo.ConnectorID, "--subpath", "nightly")
	const runs = 6
	for n := 1; n <= runs; n++ {
		s.load(fmt.Sprintf("run_%d", n), 10, "--index", "idx_mine")
		time.Sleep(time.Duration(n) * 300 * time.Millisecond)
		s.kill()
		s.start()
	}
	s.automatic("idx_mine", runs*10+1)
	all := s.settled("idx_mine")
	if len(all) > runs+1 {
		t.Errorf("%d exports of %d runs", len(all), runs+1)
	}
	s.pointsAt(last(all), runs*10+1)
}

// load brings a run in by vvx.
func (s *service) load(run string, records int, args ...string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), run+".ndjson")
	writeRecords(s.t, file, run, records)
	out, err := s.vvx("load-run", append(append([]string{"--run", run}, args...), file)...)
	if err != nil || !strings.Contains(out, fmt.Sprintf("Loaded %d records", records)) {
		s.t.Fatalf("load-run: %v\n%s", err, out)
	}
}

func (s *service) vvxJSON(args ...string) map[string]any {
	s.t.Helper()
	out, err := s.vvx(args[0], append(args[1:], "--json")...)
	var v map[string]any
	if err != nil || json.Unmarshal([]byte(out), &v) != nil {
		s.t.Fatalf("vvx %v: %v\n%s", args, err, out)
	}
	return v
}

// exportsOf are the index's exports, oldest first.
func (s *service) exportsOf(index string) []map[string]any {
	s.t.Helper()
	r := s.call("GET", "/exports?limit=200&target_id="+index, s.local.APIKeys.Read, "")
	var all []map[string]any
	if err := json.Unmarshal(r.body, &all); err != nil || r.status != http.StatusOK {
		s.t.Fatalf("%d %s", r.status, r.body)
	}
	slices.Reverse(all)
	return all
}

// last is the youngest of exports.
func last(all []map[string]any) map[string]any { return all[len(all)-1] }

// automatic waits until the index's latest export is whole, holds so many results and is named by latest.json, and gives
// all of its exports.
func (s *service) automatic(index string, results int) []map[string]any {
	s.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		all := s.exportsOf(index)
		if len(all) > 0 {
			all[len(all)-1] = s.await(last(all)["export_id"].(string), 2*time.Minute)
			counts, ok := last(all)["counts"].(map[string]any)
			if a := s.vvxJSON("automation", "get", index); ok && counts["results"] == float64(results) && a["last_export_id"] == last(all)["export_id"] {
				s.pointsAt(last(all), results)
				return all
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no export of %d results: %v, %v\n%s", results, all, s.vvxJSON("automation", "get", index), s.tail())
		}
	}
}

// settled waits until no export of the index has followed for some windows, and gives all.
func (s *service) settled(index string) []map[string]any {
	s.t.Helper()
	for {
		before := s.exportsOf(index)
		time.Sleep(4 * time.Second)
		if len(s.exportsOf(index)) == len(before) {
			before[len(before)-1] = s.await(last(before)["export_id"].(string), 2*time.Minute)
			return before
		}
	}
}

// quiet fails unless the index has so many exports some windows later.
func (s *service) quiet(index string, n int) {
	s.t.Helper()
	time.Sleep(4 * time.Second)
	if all := s.exportsOf(index); len(all) != n {
		s.t.Errorf("%d exports, want %d", len(all), n)
	}
}

// pointsAt holds latest.json against the export and everything that it names against what stands there.
func (s *service) pointsAt(e map[string]any, results int) {
	s.t.Helper()
	var l latestJSON
	if err := json.Unmarshal(s.object(latestURI), &l); err != nil {
		s.t.Fatal(err)
	}
	if l.ExportID != e["export_id"] || l.TargetID != e["target_id"] || l.Manifest.SHA256 != e["manifest_sha256"] || len(l.Files) != 1 {
		s.t.Fatalf("latest.json is %+v, the export %v", l, e)
	}
	if receipt := e["delivery_receipt"].(map[string]any); receipt["latest_uri"] != latestURI || l.Files[0].URI != receipt["uri"] || l.Files[0].SHA256 != receipt["sha256"] {
		s.t.Errorf("latest.json is %+v, the receipt %v", l, receipt)
	}
	for _, f := range append(l.Files, l.Manifest) {
		content := s.object(f.URI)
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(content)) != f.Bytes || !strings.HasSuffix(f.URI, "/nightly/"+f.Name) {
			s.t.Errorf("%+v has %d bytes of SHA-256 %x", f, len(content), sum)
		}
	}
	checkDocument(s.t, s.object(l.Files[0].URI), s.object(l.Manifest.URI), results)
}
