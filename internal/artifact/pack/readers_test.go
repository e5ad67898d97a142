package pack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/bench/corpus"
	"github.com/videovector/exports/internal/emulator"
)

// TestDuckDBFindsEveryCell packs believable records as NDJSON, CSV and Parquet in one pass, and has DuckDB read both
// tables: each cell is the record's value.
func TestDuckDBFindsEveryCell(t *testing.T) {
	s := newShelf(strings.Split(believable(3000), "\n\n"))
	s.Runs[0].Schema = json.RawMessage(corpus.Schema())
	table := columns.New([]json.RawMessage{s.Runs[0].Schema})
	var ndjson, csv, parquet bytes.Buffer
	p := s.pass(Output{Format: artifact.NDJSON, W: &ndjson, Whole: true}, Output{Format: artifact.CSV, W: &csv, Whole: true}, Output{Format: artifact.Parquet, W: &parquet, Whole: true})
	p.Table = table
	r, err := Run(t.Context(), p)
	if err != nil || r.Counts.Results != 3000 {
		t.Fatalf("packed %+v: %v", r.Counts, err)
	}
	folder := t.TempDir()
	for name, content := range map[string][]byte{
		"table.ndjson": ndjson.Bytes(), "table.csv": csv.Bytes(), "table.parquet": parquet.Bytes(), "columns.json": described(t, table),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := emulator.Output(t, "DuckDB", exec.CommandContext(t.Context(), "../../../scripts/readers.sh", "run", "testdata/readers.py", folder))
	if want := fmt.Sprintf("%d cells of 3000 records", 2*3000*len(table.Columns())); err != nil || !strings.Contains(string(out), want) {
		t.Fatalf("%v, want %s\n%s", err, want, out)
	}
}

// believable are so many records of the benchmarks' runs, in two inputs with a blank line between them.
func believable(n int) string {
	var all strings.Builder
	made := 0
	for run := range 2 {
		for record := range corpus.Records(run) {
			all.Write(record)
			if made++; made == (run+1)*n/2 {
				break
			}
		}
		if run == 0 {
			all.WriteByte('\n')
		}
	}
	return all.String()
}

func described(t *testing.T, table *columns.Table) []byte {
	t.Helper()
	names := map[columns.Type]string{
		columns.Text: "text", columns.Integer: "integer", columns.Number: "number", columns.Boolean: "boolean", columns.Timestamp: "timestamp",
	}
	var all [][2]string
	for _, c := range table.Columns() {
		kind, ok := names[c.Type]
		switch {
		case ok:
		case c.Type == columns.JSON:
			kind = "json"
		default:
			kind = "list"
		}
		all = append(all, [2]string{c.Name, kind})
	}
	content, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
