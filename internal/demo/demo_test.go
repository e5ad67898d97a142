package demo

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestRunsAreDeterministicAndComplete(t *testing.T) {
	for _, p := range Runs() {
		first, rows := p.NDJSON()
		second, _ := p.NDJSON()
		if !bytes.Equal(first, second) {
			t.Errorf("%s: two generations differ", p.Run.ID)
		}
		if want := int64(p.Videos * (p.Segments + 1)); rows != want {
			t.Errorf("%s: rows = %d, want %d", p.Run.ID, rows, want)
		}
		seen := map[string]bool{}
		for line := range bytes.Lines(first) {
			var r struct {
				ResultID string `json:"result_id"`
				RunID    string `json:"run_id"`
			}
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatal(err)
			}
			if seen[r.ResultID] || r.RunID != p.Run.ID {
				t.Errorf("%s: record %q of run %q repeats or strays", p.Run.ID, r.ResultID, r.RunID)
			}
			seen[r.ResultID] = true
		}
	}
}
