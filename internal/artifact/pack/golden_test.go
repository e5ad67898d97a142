package pack

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/artifacttest"
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

// TestGolden holds documents and their manifests against files, byte by byte.
func TestGolden(t *testing.T) {
	const (
		segment = `{"result_type":"segment","result_id":"segment:s1:run_1","start_time":1.50,"metadata":{"text":"Ä 😀 <b>"},"field_extraction_succeeded":true,"selected":true}`
		lost    = `{"result_type":"segment","result_id":"segment:s2:run_1","field_extraction_succeeded":false,"field_extraction_error":"timeout"}`
		novel   = `{"result_id":"x","result_type":"novel","status":"failed","selected":"true"}`
	)
	matches := newShelf([]string{segment + "\n" + lost + "\n"}, []string{video + "\n"})
	matches.MatchesOnly, matches.Head.Selection = true, artifact.Selection{RunIDs: []string{"run_1", "run_2"}, Scope: "matches"}
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
			made := s.make(t, blockBytes, 1, Output{Format: artifact.JSON, Whole: true})
			golden(t, name+".json", []byte(made.Files[0]))
			digests, err := artifact.DigestOf(strings.NewReader(made.Files[0]), 400)
			if err != nil {
				t.Fatal(err)
			}
			r := made.Result
			file := r.Outputs[0].File("exp_1.json", artifact.JSON, artifact.None, digests)
			raw, err := s.NewManifest([]artifact.File{file}, r.Counts, r.Filtered).Encode()
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
	for seed, r := range artifacttest.Seeds(300) {
		s := randomShelf(r, true)
		var want, got []string
		for _, in := range s.Inputs {
			for line := range strings.Lines(s.content[in.Key]) {
				want = append(want, strings.TrimSuffix(line, "\n"))
			}
		}
		var d struct{ Results []json.RawMessage }
		document := s.make(t, 1+r.IntN(900), 1+r.IntN(3), Output{Format: artifact.JSON, Whole: true}).Files[0]
		if err := json.Unmarshal([]byte(document), &d); err != nil {
			t.Fatalf("seed %d: the document is not JSON: %v\n%s", seed, err, document)
		}
		for _, record := range d.Results {
			got = append(got, string(record))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: records (-want +got):\n%s", seed, diff)
		}
	}
}
