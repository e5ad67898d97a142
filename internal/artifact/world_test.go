package artifact

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/artifact/artifacttest"
	"github.com/videovector/exports/internal/export"
)

const (
	segment = `{"result_type":"segment","result_id":"segment:s1:run_1","start_time":1.50,"metadata":{"text":"Ä 😀 <b>"},"field_extraction_succeeded":true,"selected":true}`
	lost    = `{"result_type":"segment","result_id":"segment:s2:run_1","field_extraction_succeeded":false,"field_extraction_error":"timeout"}`
	video   = `{"status": "failed", "result_type": "video", "result_id": "video:v1:run_2"}`
	novel   = `{"result_id":"x","result_type":"novel","status":"failed","selected":"true"}`
)

// planned is a document of runs with so many rows each.
func planned(rows ...int64) *Document {
	d := &Document{Head: Head{ExportID: "exp_1", Type: "index", TargetID: "idx_1", AsOf: "2026-03-01T00:00:00.000Z", Selection: Selection{Scope: "all"}}}
	for i, n := range rows {
		id := fmt.Sprintf("run_%d", i+1)
		d.Runs = append(d.Runs, Run{ID: id, PromptID: "prm_1", PromptName: "Find <trucks> & cars", Status: "completed"})
		d.Inputs = append(d.Inputs, Input{RunID: id, Number: 1, Key: id + "/1", Rows: n})
	}
	return d
}

// with is the document with these records, and what it holds.
func (d *Document) with(t testing.TB, records ...string) ([]byte, export.Counts) {
	t.Helper()
	counts := export.Counts{Runs: int64(len(d.Runs))}
	parser := NewParser()
	for _, raw := range records {
		r, err := parser.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		counts = counts.Add(r.Counts())
	}
	opening, err := d.Opening()
	if err != nil {
		t.Fatal(err)
	}
	closing, err := d.Closing(counts)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(opening, []byte(strings.Join(records, Separator)), closing), counts
}

// alone is the manifest of the document alone.
func (d *Document) alone(digests Digests, c export.Counts) Manifest {
	return d.NewManifest([]File{{Name: "exp_1.json", Format: JSON, Rows: c.Results, Digests: digests}}, c, d.Rows()-c.Results)
}

// randomDocument is a document and the records that it is to hold.
func randomDocument(r *rand.Rand) (*Document, []string) {
	var rows []int64
	var records []string
	for range 1 + r.IntN(3) {
		rows = append(rows, r.Int64N(20))
		for range rows[len(rows)-1] {
			records = append(records, artifacttest.Record(r, len(records)))
		}
	}
	return planned(rows...), records
}
