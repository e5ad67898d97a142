package artifact

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds got against a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

const (
	segment = `{"result_type":"segment","result_id":"segment:s1:run_1","start_time":1.50,"metadata":{"text":"Ä 😀 <b>"},"field_extraction_succeeded":true,"selected":true}`
	lost    = `{"result_type":"segment","result_id":"segment:s2:run_1","field_extraction_succeeded":false,"field_extraction_error":"timeout"}`
	video   = `{"status": "failed", "result_type": "video", "result_id": "video:v1:run_2"}`
	novel   = `{"result_id":"x","result_type":"novel","status":"failed","selected":"true"}`
)

func TestGolden(t *testing.T) {
	matches := newShelf([]string{segment + "\n" + lost + "\n"}, []string{video + "\n"})
	matches.MatchesOnly, matches.Head.Selection = true, Selection{RunIDs: []string{"run_1", "run_2"}, Scope: "matches"}
	schema := newShelf([]string{segment + "\n"})
	schema.Runs[0].Schema = json.RawMessage(`{"type":"object","properties":{"text":{"type":"string"}}}`)
	none := newShelf()
	none.MatchesOnly = true
	for name, s := range map[string]*shelf{
		"all":       newShelf([]string{segment + "\n" + lost + "\n"}, []string{video + "\n", "", novel + "\n"}),
		"matches":   matches,
		"schema":    schema,
		"nothing":   none,
		"irregular": newShelf([]string{"\ufeff" + segment + "\r\n\n  \n" + lost, " " + video + " "}),
	} {
		t.Run(name, func(t *testing.T) {
			document, counts := s.plain(t)
			golden(t, name+".json", document)
			digests, err := DigestOf(bytes.NewReader(document), 400)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := s.manifest(digests, counts).Encode()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".manifest.json", raw)
		})
	}
}

// TestDocumentIsJSONForEveryReader reads random documents with another parser: the records are there, in order, byte
// for byte.
func TestDocumentIsJSONForEveryReader(t *testing.T) {
	for seed, r := range seeds(300) {
		s, want := randomShelf(r)
		if diff := cmp.Diff(want, records(t, s.whole(t))); diff != "" {
			t.Fatalf("seed %d: records (-want +got):\n%s", seed, diff)
		}
	}
}

func TestCounts(t *testing.T) {
	for line, want := range map[string]export.Counts{
		segment: {Runs: 1, Results: 1, Segments: 1},
		lost:    {Runs: 1, Results: 1, Segments: 1, Failed: 1},
		video:   {Runs: 1, Results: 1, Videos: 1, Failed: 1},
		novel:   {Runs: 1, Results: 1},
		`{"result_type":"video","field_extraction_succeeded":false}`: {Runs: 1, Results: 1, Videos: 1},
		`{"result_type":"segment","status":"failed"}`:                {Runs: 1, Results: 1, Segments: 1},
	} {
		if _, got := newShelf([]string{line + "\n"}).plain(t); got != want {
			t.Errorf("%s counts as %+v, want %+v", line, got, want)
		}
	}
}

func TestStamp(t *testing.T) {
	at := time.Date(2026, 3, 1, 1, 2, 3, 4_999_999, time.FixedZone("", 3600))
	if got := Stamp(at); got != "2026-03-01T00:02:03.004Z" {
		t.Errorf("Stamp = %s", got)
	}
}
