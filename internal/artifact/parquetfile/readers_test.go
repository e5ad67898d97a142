package parquetfile

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/emulator"
)

// kinds are what testdata/readers.py calls the types.
var kinds = map[columns.Type]string{
	columns.Text: "text", columns.Integer: "integer", columns.Number: "number", columns.Boolean: "boolean",
	columns.Timestamp: "timestamp", columns.JSON: "json", columns.TextList: "list of text",
	columns.IntegerList: "list of integer", columns.NumberList: "list of number", columns.BooleanList: "list of boolean",
}

// TestOthersReadEveryValue has DuckDB and pyarrow read files, and compare them with the JSON that they were made of.
func TestOthersReadEveryValue(t *testing.T) {
	folder := t.TempDir()
	for name, j := range jobs() {
		save(t, folder, name, j)
	}
	out, err := emulator.Output(t, "DuckDB and pyarrow", exec.Command("../../../scripts/readers.sh", "run", "testdata/readers.py", folder))
	if err != nil || !strings.Contains(string(out), " values in ") {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// jobs are files of every kind: none to many rows, pages, row groups and dictionaries, under each codec.
func jobs() map[string]job {
	all := map[string]job{
		"empty":    {cols: everyType},
		"one-page": {cols: everyType, rows: randomRows(rand.New(rand.NewPCG(1, 3)), everyType, 100)},
		"groups":   {cols: everyType, rows: randomRows(rand.New(rand.NewPCG(2, 3)), everyType, 20000), options: Options{RowGroupBytes: 1 << 20}},
		"pages":    {cols: everyType, rows: randomRows(rand.New(rand.NewPCG(3, 3)), everyType, 70000)},
		"special":  {cols: everyType, rows: specialRows()},
		"null":     {cols: everyType, rows: [][]string{nulls(), nulls(), nulls()}},
	}
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 4))
		all[fmt.Sprintf("small-%02d", seed)] = job{
			cols: everyType, rows: randomRows(r, everyType, 1+r.IntN(1000)), limits: small(r),
			options: Options{Codec: Codec(seed % 3), RowGroupBytes: 1 << (10 + r.IntN(10))},
		}
	}
	return all
}

func nulls() []string {
	return strings.Split(strings.TrimSuffix(strings.Repeat("null,", len(everyType)), ","), ",")
}

// specialRows hold each special value of each type, alone and in a list.
func specialRows() (rows [][]string) {
	for i := range 16 {
		row := nulls()
		for k, c := range everyType {
			values := special[element(c.Type)]
			switch {
			case strings.HasPrefix(c.Name, "null"):
			case isList(c.Type):
				row[k] = "[" + strings.Join(values[:i%(len(values)+1)], ", ") + "]"
			default:
				row[k] = values[i%len(values)]
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// save writes the job's file and, beside it, what it was made of.
func save(t *testing.T, folder, name string, j job) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name+".parquet"), j.write(t), 0o600); err != nil {
		t.Fatal(err)
	}
	var source struct {
		Columns []map[string]string `json:"columns"`
		Rows    [][]*string         `json:"rows"`
	}
	for _, c := range j.cols {
		source.Columns = append(source.Columns, map[string]string{"name": c.Name, "type": kinds[c.Type]})
	}
	source.Rows = [][]*string{}
	for _, row := range j.rows {
		source.Rows = append(source.Rows, texts(t, j.cols, row))
	}
	content, err := json.Marshal(source)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// texts are the row's values as JSON texts, nil for null; of times, milliseconds.
func texts(t *testing.T, cols []columns.Column, row []string) []*string {
	t.Helper()
	all := make([]*string, len(row))
	for i, raw := range row {
		if raw == "null" {
			continue
		}
		if cols[i].Type == columns.Timestamp {
			n, err := milliseconds(raw)
			if err != nil {
				t.Fatal(err)
			}
			raw = fmt.Sprint(n)
		}
		all[i] = &raw
	}
	return all
}
