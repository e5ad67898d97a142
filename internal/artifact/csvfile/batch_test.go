package csvfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/columns"
)

// field is what one string makes of a field.
func field(t *testing.T, quotedJSON string, kind columns.Type) (got string, guarded int64) {
	t.Helper()
	b := NewBatch([]columns.Column{{Name: "a", Type: kind}})
	b.Add([]columns.Cell{{Raw: []byte(quotedJSON), Plain: !strings.Contains(quotedJSON, `\`)}})
	line, ended := strings.CutSuffix(string(b.Bytes()), "\r\n")
	if !ended || b.Rows() != 1 {
		t.Fatalf("%q, %d rows", line, b.Rows())
	}
	return line, b.Guarded()
}

func TestFields(t *testing.T) {
	for _, c := range []struct {
		kind        columns.Type
		value, want string
		guarded     int64
	}{
		{columns.Text, `"plain Straße 人物"`, "plain Straße 人物", 0},
		{columns.Text, `""`, `""`, 0},
		{columns.Text, `"a,b"`, `"a,b"`, 0},
		{columns.Text, `" a"`, `" a"`, 0},
		{columns.Text, `"a "`, `"a "`, 0},
		{columns.Text, `"a;b'c"`, `a;b'c`, 0},
		{columns.Text, `"say \"x\""`, `"say ""x"""`, 0},
		{columns.Text, `"a\nb"`, "\"a\nb\"", 0},
		{columns.Text, `"a\rb"`, "\"a\rb\"", 0},
		{columns.Text, `"a\t"`, "\"a\t\"", 0},
		{columns.Text, `"caf\u00e9\\ \ud83d\ude00"`, `café\ 😀`, 0},
		{columns.Text, `"a\u0000\u001fb"`, "a\x00\x1fb", 0},
		{columns.Text, `"=1+1"`, "'=1+1", 1},
		{columns.Text, `"+49"`, "'+49", 1},
		{columns.Text, `"-5"`, "'-5", 1},
		{columns.Text, `"@SUM(A1,\"x\")"`, `"'@SUM(A1,""x"")"`, 1},
		{columns.Text, `"  =1"`, `"'  =1"`, 1},
		{columns.Text, `"\tx"`, "\"'\tx\"", 1},
		{columns.Text, `"\rx"`, "\"'\rx\"", 1},
		{columns.Text, `"\nx"`, "\"'\nx\"", 1},
		{columns.Text, `"＝1"`, "'＝1", 1},
		{columns.Text, `"＋1"`, "'＋1", 1},
		{columns.Text, `"－1"`, "'－1", 1},
		{columns.Text, `" ＠1"`, "\"' ＠1\"", 1},
		{columns.Text, `"\u003d1"`, "'=1", 1},
		{columns.Text, `"'=1"`, "''=1", 1},
		{columns.Text, `"'quoted'"`, "'quoted'", 0},
		{columns.Text, `"''\n"`, "\"'''\n\"", 1},
		{columns.Text, `"ﬁ ＃"`, "ﬁ ＃", 0},
		{columns.Text, `" "`, `" "`, 0},
		{columns.Number, "-1.50e+3", "-1.50e+3", 0},
		{columns.Integer, "-7", "-7", 0},
		{columns.Boolean, "true", "true", 0},
		{columns.Timestamp, `"2026-01-01T00:00:00.000Z"`, "2026-01-01T00:00:00.000Z", 0},
		{columns.JSON, `{"a": "\n"}`, `"{""a"": ""\n""}"`, 0},
		{columns.JSON, `"=1"`, `"""=1"""`, 0},
		{columns.JSON, `-5`, `-5`, 0},
		{columns.TextList, `["=1",null]`, `"[""=1"",null]"`, 0},
		{columns.IntegerList, `[]`, `[]`, 0},
	} {
		if got, guarded := field(t, c.value, c.kind); got != c.want || guarded != c.guarded {
			t.Errorf("%s becomes %q, guarded %d, want %q, %d", c.value, got, guarded, c.want, c.guarded)
		}
	}
}

func TestRows(t *testing.T) {
	cols := []columns.Column{{Name: "a", Type: columns.Text}, {Name: `metadata["x,y"]`, Type: columns.Integer}}
	if got := string(Header(cols)); got != "a,\"metadata[\"\"x,y\"\"]\"\r\n" {
		t.Errorf("header %q", got)
	}
	b := NewBatch(cols)
	b.Add([]columns.Cell{{Raw: []byte(`"=x"`), Plain: true}, {}})
	b.Add([]columns.Cell{{}, {Raw: []byte("1"), Int: 1}})
	if got := string(b.Bytes()); got != "'=x,\r\n,1\r\n" || b.Rows() != 2 || b.Guarded() != 1 {
		t.Errorf("%q, %d rows, %d guarded", got, b.Rows(), b.Guarded())
	}
	b.Reset()
	if len(b.Bytes()) != 0 || b.Rows() != 0 || b.Guarded() != 0 {
		t.Error("something is left after Reset")
	}
}

func TestAddingAllocatesNothing(t *testing.T) {
	cols := []columns.Column{{Name: "a", Type: columns.Text}, {Name: "b", Type: columns.JSON}}
	b := NewBatch(cols)
	cells := []columns.Cell{{Raw: []byte(`"- \"x\", y"`)}, {Raw: []byte(`{"a":1}`)}}
	if n := testing.AllocsPerRun(100, func() { b.Reset(); b.Add(cells) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// read is a reader of RFC 4180, to the letter: each field with whether it was in quotes.
func read(t *testing.T, text string) (fields []string, quoted []bool) {
	t.Helper()
	for {
		f, isQuoted := "", strings.HasPrefix(text, `"`)
		if isQuoted {
			text = text[1:]
			for {
				before, after, closed := strings.Cut(text, `"`)
				if !closed {
					t.Fatal("a quote is not closed")
				}
				f, text = f+before, after
				if !strings.HasPrefix(text, `"`) {
					break
				}
				f, text = f+`"`, text[1:]
			}
		} else {
			n := strings.IndexAny(text, ",\r\n\"")
			if n < 0 || text[n] == '"' || text[n] == '\n' {
				t.Fatalf("a bare field ends badly: %q", text)
			}
			f, text = text[:n], text[n:]
		}
		fields, quoted = append(fields, f), append(quoted, isQuoted)
		if text == "\r\n" {
			return fields, quoted
		}
		if !strings.HasPrefix(text, ",") {
			t.Fatalf("after a field there is %q", text)
		}
		text = text[1:]
	}
}

// asJSON is the value that a field stands for, "" for null. Of the guard it knows that one apostrophe before a formula
// is too many.
func asJSON(t *testing.T, f string, quoted bool, kind columns.Type) string {
	t.Helper()
	switch {
	case f == "" && !quoted:
		return ""
	case kind == columns.Text && strings.HasPrefix(f, "'") && formula([]byte(f[1:])):
		f = f[1:]
	case kind != columns.Text && kind != columns.Timestamp:
		return f
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var seeds = []string{
	`{"result_id":"a\r\nb","metadata":{"a":"=1","b":{"c":[1,null],"d":"x"},"e.f":null},"new":{"x":"\u0000"},"start_time":1.50,"metadata_text":""}`,
	`{"result_id":1,"metadata":{"a":1,"b":3,"e.f":"'=","\u0061b":"😀"},"executed_at":"2026-01-01T00:00:00+01:00","":" ,"}`,
	`{"metadata":{"b":{"c":"x","y":{}},"n":-0.0,"\"":[]},"selected":false,"error_message":"'\t"}`, `{"metadata":[]}`,
}

const fuzzSchema = `{"properties":{"a":{"type":"string"},"n":{"type":"number"},"b":{"properties":{"c":{"type":"array","items":{"type":"integer"}},"d":{}}},"e.f":{"type":"string"}}}`

// FuzzNothingIsLost puts any record into a row, reads the row back, and finds every value of the record in it once.
func FuzzNothingIsLost(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	table := columns.New([]json.RawMessage{[]byte(fuzzSchema)})
	cols := table.Columns()
	p, s, b := artifact.NewParser(), columns.NewSplitter(table), NewBatch(cols)
	f.Fuzz(func(t *testing.T, raw []byte) {
		raw = bytes.TrimSpace(raw)
		if _, err := p.Parse(raw); err != nil || bytes.ContainsAny(raw, "\n\r") {
			t.Skip() // no record of a line
		}
		b.Reset()
		b.Add(s.Split(p))
		fields, quoted := read(t, string(b.Bytes()))
		if len(fields) != len(cols) {
			t.Fatalf("%d fields for %d columns", len(fields), len(cols))
		}
		sameForOthers(t, b.Bytes(), fields)
		got := values{}
		for i, c := range cols {
			if value := asJSON(t, fields[i], quoted[i], c.Type); value != "" {
				got.take(t, c.Name, decode(t, value))
			}
		}
		if diff := cmp.Diff(expected(t, raw, cols), got); diff != "" {
			t.Fatalf("%s\n%s\nvalues (-record +row):\n%s", raw, b.Bytes(), diff)
		}
	})
}

// sameForOthers holds the row against encoding/csv, which makes CRLF in a field LF.
func sameForOthers(t *testing.T, row []byte, want []string) {
	t.Helper()
	got, err := csv.NewReader(bytes.NewReader(row)).ReadAll()
	if err != nil || len(got) != 1 {
		t.Fatalf("%q: %d rows, %v", row, len(got), err)
	}
	want = slices.Clone(want)
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "\r\n", "\n")
	}
	if !slices.Equal(got[0], want) {
		t.Fatalf("encoding/csv reads %q, want %q", got[0], want)
	}
}

func decode(t *testing.T, text string) (v any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// values are a record's, by where they stand in it.
type values map[string]any

func (all values) put(t *testing.T, name string, v any) {
	t.Helper()
	if _, there := all[name]; there {
		t.Fatalf("%s stands twice", name)
	}
	all[name] = v
}

// take adds what stands in a column.
func (all values) take(t *testing.T, column string, v any) {
	t.Helper()
	switch rest, _ := v.(map[string]any); {
	case column == "metadata_extra":
		for name, v := range rest {
			all.put(t, under("metadata", name), v)
		}
	case column == "record_extra":
		for name, v := range rest {
			all.put(t, "record: "+name, v)
		}
	case strings.HasPrefix(column, "metadata.") || strings.HasPrefix(column, "metadata["):
		all.put(t, column, v)
	default:
		all.put(t, "record: "+column, v)
	}
}

func under(path, name string) string {
	if strings.HasPrefix(name, "[") {
		return path + name
	}
	return path + "." + name
}

// expected are the values that a row must have: all of the record but nulls of columns.
func expected(t *testing.T, raw []byte, cols []columns.Column) values {
	t.Helper()
	all := values{}
	for name, v := range decode(t, string(raw)).(map[string]any) {
		metadata, isObject := v.(map[string]any)
		switch {
		case name == "metadata" && isObject:
			all.walk(t, "metadata", metadata, cols)
		case v == nil && (name == "metadata" || isColumn(cols, name) && !strings.HasPrefix(name, "metadata.") && !strings.HasSuffix(name, "_extra") && !strings.HasPrefix(name, "metadata[")):
		default:
			all.put(t, "record: "+name, v)
		}
	}
	return all
}

func (all values) walk(t *testing.T, path string, object map[string]any, cols []columns.Column) {
	t.Helper()
	for name, v := range object {
		if name == "" || strings.ContainsAny(name, ".[]\"\\") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
			quoted, _ := jsontext.AppendQuote(nil, name)
			name = "[" + string(quoted) + "]"
		}
		name = under(path, name)
		isObject := slices.ContainsFunc(cols, func(c columns.Column) bool {
			return strings.HasPrefix(c.Name, name+".") || strings.HasPrefix(c.Name, name+"[")
		})
		below, _ := v.(map[string]any)
		switch {
		case isObject && len(below) > 0:
			all.walk(t, name, below, cols)
		case v == nil && (isObject || isColumn(cols, name)):
		default:
			all.put(t, name, v)
		}
	}
}

func isColumn(cols []columns.Column, name string) bool {
	return slices.ContainsFunc(cols, func(c columns.Column) bool { return c.Name == name })
}
