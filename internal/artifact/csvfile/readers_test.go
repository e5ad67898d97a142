package csvfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/columns"
	"github.com/videovector/exports/internal/emulator"
)

// kinds are what testdata/readers.py calls the types.
var kinds = map[columns.Type]string{
	columns.Text: "text", columns.Integer: "integer", columns.Number: "number", columns.Boolean: "boolean",
	columns.Timestamp: "timestamp", columns.JSON: "json", columns.TextList: "list of text",
	columns.IntegerList: "list of integer", columns.NumberList: "list of number", columns.BooleanList: "list of boolean",
}

const readersSchema = `{"properties":{"t":{"type":"string"},"i":{"type":"integer"},"n":{"type":"number"},"b":{"type":"boolean"},
	"d":{"type":"string","format":"date-time"},"j":{},"lt":{"type":"array","items":{"type":"string"}},"li":{"type":"array","items":{"type":"integer"}},
	"ln":{"type":"array","items":{"type":"number"}},"lb":{"type":"array","items":{"type":"boolean"}},
	"scene":{"properties":{"people":{"type":"integer"},"mood":{"type":"string"}}}}}`

// anything are values of every type.
var anything = []string{
	"null", "null", `""`, `"plain"`, `"a,b"`, `" "`, `"say \"x\""`, `"two\r\nlines\n\rand\ra half"`, `"=1+1"`, `"'=1"`, `"'"`, `"-"`, `"\t"`, `"＝"`, `"  @x"`, `"\"\""`, `","`, `"#"`,
	`"Straße 人物 😀 \ud83d\ude00 \u00e9 \u2028"`, `"NULL"`, `"\\N"`, `"\\"`, `"control \u0001\u001f\u007f"`, "0", "-7", "1173.10", "-0.0", "1e5", "1E-07", "9223372036854775807", "9223372036854775808", "true", "false",
	`"2026-03-02T09:30:00.137Z"`, `"1969-12-31T23:59:59+05:30"`, `[]`, `["a",null,"b,\"c\""]`, `[1, -2]`, `[1.5,null]`, `[true]`, `[[1]]`, `{"x": {"y":"\n"}}`, `["",{}]`, "\"" + strings.Repeat("long, \\\"text\\\" ", 3000) + "\"",
}

// TestDuckDBReadsEveryCell writes records of any values, and has DuckDB find each of them.
func TestDuckDBReadsEveryCell(t *testing.T) {
	table := columns.New([]json.RawMessage{[]byte(readersSchema)})
	var records bytes.Buffer
	random := rand.New(rand.NewPCG(1, 5))
	for range 3000 {
		records.WriteString(anyRecord(random, table.Columns()) + "\n")
	}
	file, guarded := write(t, table, records.Bytes())
	folder := t.TempDir()
	save(t, folder, "records.ndjson", records.Bytes())
	save(t, folder, "table.csv", file)
	save(t, folder, "columns.json", described(t, table.Columns()))
	out, err := emulator.Output(t, "DuckDB", exec.CommandContext(t.Context(), "../../../scripts/readers.sh", "run", "testdata/readers.py", folder))
	want := fmt.Sprintf("%d cells in 3000 rows, %d guarded", 3000*len(table.Columns()), guarded)
	if err != nil || !strings.Contains(string(out), want) {
		t.Fatalf("%v, want %s\n%s", err, want, out)
	}
}

// anyRecord has anything in any column, and something else besides.
func anyRecord(random *rand.Rand, cols []columns.Column) string {
	var top, metadata, scene []string
	for _, c := range cols[:len(cols)-2] {
		if random.IntN(3) == 0 {
			continue
		}
		member := func(name string) string { return fmt.Sprintf("%q:%s", name, anything[random.IntN(len(anything))]) }
		name, isMetadata := strings.CutPrefix(c.Name, "metadata.")
		if below, isScene := strings.CutPrefix(name, "scene."); isScene {
			scene = append(scene, member(below))
		} else if isMetadata {
			metadata = append(metadata, member(name))
		} else {
			top = append(top, member(name))
		}
	}
	metadata = append(metadata, `"scene":{`+strings.Join(append(scene, `"x":1`), ",")+"}", `"a.b":"=\n"`)
	return "{" + strings.Join(append(top, `"new":[1,"é"]`, `"metadata":{`+strings.Join(metadata, ",")+"}"), ",") + "}"
}

// write makes the file, and gives the number of guarded cells.
func write(t *testing.T, table *columns.Table, records []byte) (file []byte, guarded int64) {
	t.Helper()
	p, s, b := artifact.NewParser(), columns.NewSplitter(table), NewBatch(table.Columns())
	for record := range bytes.Lines(records) {
		record = bytes.TrimSuffix(record, []byte{'\n'})
		if _, err := p.Parse(record); err != nil {
			t.Fatalf("%v: %s", err, record)
		}
		b.Add(s.Split(p))
	}
	return append(Header(table.Columns()), b.Bytes()...), b.Guarded()
}

func described(t *testing.T, cols []columns.Column) []byte {
	t.Helper()
	var all [][3]any
	for _, c := range cols {
		path := strings.Split(c.Name, ".")
		if strings.HasSuffix(c.Name, "_extra") {
			path = nil
		}
		all = append(all, [3]any{c.Name, kinds[c.Type], path})
	}
	content, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func save(t *testing.T, folder, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}
