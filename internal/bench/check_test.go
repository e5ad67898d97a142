package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/bench/corpus"
)

var narrow = []column{{"id", "text"}, {"at", "timestamp"}, {"n", "number"}, {"metadata.tags", "text_list"}, {"metadata.a.b", "boolean"}}

const source = `{"id":"=1","at":"2026-03-02T09:30:00.137Z","n":1173.10,"metadata":{"tags":["x","\"y\""],"a":{"b":true}}}
{"id":"","at":null,"n":-5,"metadata":{"tags":[],"a":{}}}
{"n":0,"metadata":"none"}
`

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestJudgeCSV(t *testing.T) {
	from := write(t, "in.ndjson", source)
	for _, c := range []struct {
		name, csv string
		want      verdict
	}{
		{
			"as it is, guarded and with a column more", "id,at,n,metadata.tags,metadata.a.b,more\r\n" +
				`'=1,2026-03-02T09:30:00.137Z,1173.10,"[""x"",""\""y\""""]",true,` + "\r\n\"\",,-5,[],,\r\n,,0,,,\r\n",
			verdict{rows: 3, cells: 15, guarded: 1},
		},
		{
			"respelled, with plain line feeds and no last one", "id,at,n,metadata.tags,metadata.a.b\n" +
				`=1,2026-03-02 09:30:00.137,1173.1,"[""x"", ""\""y\""""]",true` + "\n\"\",,-5.0,[],\n,,0,,",
			verdict{rows: 3, cells: 15, respelled: 4},
		},
		{
			"empty for null, one text cut, one time off", "id,at,n,metadata.tags,metadata.a.b\n" +
				`=,2026-03-02 09:30:00.138,1173.10,"[""x"",""\""y\""""]",true` + "\n,,-5,[],\n,,0,,\n",
			verdict{rows: 3, cells: 15, differing: 3},
		},
	} {
		got, err := judge(narrow, lineRows(narrow, false, from), csvRows(narrow, write(t, "out.csv", c.csv)))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got.digest, got.example = "", ""
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestInstant(t *testing.T) {
	for _, s := range []string{
		"2026-03-02T09:30:00.137Z", "2026-03-02T10:30:00.137+01:00", "2026-03-02 09:30:00.137", "2026-03-02 09:30:00.137+00", "2026-03-02T09:30:00.137",
	} {
		if at, ok := instant(s); !ok || at.UnixMilli() != 1772443800137 {
			t.Errorf("instant(%q) = %v, %v", s, at, ok)
		}
	}
	if _, ok := instant("yesterday"); ok {
		t.Error("yesterday is an instant")
	}
}

func TestJudgeDocuments(t *testing.T) {
	from := write(t, "in.ndjson", source)
	lines := strings.Split(strings.TrimSpace(source), "\n")
	want, err := judge(narrow, lineRows(narrow, false, from), lineRows(narrow, false, from))
	if err != nil || want.differing+want.respelled > 0 {
		t.Fatalf("a file differs from itself: %+v, %v", want, err)
	}
	for name, text := range map[string]string{
		"array":    "[\n" + strings.Join(lines, ",\n") + "]",
		"document": `{"kind":"k","export":{"results":[1]},"results":[` + strings.Join(lines, ",") + `],"counts":{}}`,
	} {
		got, err := judge(narrow, lineRows(narrow, false, from), arrayRows(narrow, write(t, name, text)))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestJudgeCountsRows(t *testing.T) {
	from := write(t, "in.ndjson", source)
	first, _, _ := strings.Cut(source, "\n")
	short := write(t, "short.ndjson", first+"\n")
	if _, err := judge(narrow, lineRows(narrow, false, from), lineRows(narrow, false, short)); err == nil {
		t.Error("a file that ends early passes")
	}
	if _, err := judge(narrow, lineRows(narrow, false, short), lineRows(narrow, false, from)); err == nil {
		t.Error("a file that goes on passes")
	}
	if _, err := judge(narrow, lineRows(narrow, false, from), csvRows(narrow, write(t, "x.csv", "id,at\n1,2\n"))); err == nil {
		t.Error("a file without a column passes")
	}
}

// The table has a column for whatever a record holds, and no column that no record fills.
func TestTableFitsCorpus(t *testing.T) {
	columns, err := tableOf([]byte(corpus.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range columns {
		if names[c.Name] {
			t.Errorf("%s comes twice", c.Name)
		}
		names[c.Name] = true
	}
	seen := map[string]bool{}
	for run := range 4 {
		n := 0
		for line := range corpus.Records(run) {
			var record map[string]any
			if err := json.Unmarshal(line, &record); err != nil {
				t.Fatal(err)
			}
			leaves("", record, seen)
			if n++; n == 300 {
				break
			}
		}
	}
	for name := range seen {
		if !names[name] {
			t.Errorf("records hold %s, which is no column", name)
		}
	}
	for name := range names {
		if !seen[name] {
			t.Errorf("no record holds %s", name)
		}
	}
	if i := slices.IndexFunc(columns, func(c column) bool { return c.Name == "metadata.weather.wet" }); columns[i].Type != "boolean" {
		t.Errorf("metadata.weather.wet is %+v", columns[i])
	}
}

func leaves(prefix string, object map[string]any, seen map[string]bool) {
	for name, v := range object {
		if inner, ok := v.(map[string]any); ok {
			leaves(prefix+name+".", inner, seen)
			continue
		}
		seen[prefix+name] = true
	}
}
