package columns

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/artifact"
)

// cut gives the cells that are not null, by their columns' names below metadata or as they are.
func cut(t *testing.T, s *Splitter, p *artifact.Parser, record string) map[string]string {
	t.Helper()
	if _, err := p.Parse([]byte(record)); err != nil {
		t.Fatal(err)
	}
	cells, got := s.Split(p), map[string]string{}
	cols := s.table.Columns()
	if len(cells) != len(cols) {
		t.Fatalf("%d cells for %d columns", len(cells), len(cols))
	}
	for i, c := range cells {
		if c.Raw == nil {
			continue
		}
		got[cols[i].Name] = string(c.Raw)
		if cols[i].Type == Text && c.Plain == strings.Contains(string(c.Raw), `\`) {
			t.Errorf("%s is %s, plain: %v", cols[i].Name, c.Raw, c.Plain)
		}
	}
	return got
}

const everyType = `{"type":"object","properties":{"t":{"type":"string"},"i":{"type":"integer"},"n":{"type":"number"},"b":{"type":"boolean"},
	"d":{"type":"string","format":"date-time"},"j":{},"lt":{"type":"array","items":{"type":"string"}},"li":{"type":"array","items":{"type":"integer"}},
	"ln":{"type":"array","items":{"type":"number"}},"lb":{"type":"array","items":{"type":"boolean"}},
	"scene":{"type":"object","properties":{"people":{"type":"integer"},"a.b":{"type":"string"}}}}}`

func TestSplit(t *testing.T) {
	s, p := NewSplitter(New([]json.RawMessage{[]byte(everyType)})), artifact.NewParser()
	for _, c := range []struct {
		name, record string
		want         map[string]string
	}{
		{"nothing", `{}`, map[string]string{}},
		{"nulls", `{"result_id":null,"metadata":{"t":null,"scene":null,"li":null}}`, map[string]string{}},
		{"metadata of nothing", `{"metadata":{ }}`, map[string]string{}},
		{"no metadata", `{"metadata":null}`, map[string]string{}},
		{"documented", `{"result_type":"segment", "start_time" : -1.50e1,"selected":true,"omitted_segment_ids":["a",null],"executed_at":"2026-01-01T00:00:00Z","parts_total":3}`,
			map[string]string{"result_type": `"segment"`, "start_time": "-1.50e1", "selected": "true", "omitted_segment_ids": `["a",null]`, "executed_at": `"2026-01-01T00:00:00Z"`, "parts_total": "3"}},
		{"documented, of other types", `{"result_id":7,"start_time":"1","selected":"x","executed_at":"yesterday","parts_total":1.0,"metadata":[1, 2]}`,
			map[string]string{"record_extra": `{"result_id":7,"executed_at":"yesterday","start_time":"1","selected":"x","parts_total":1.0,"metadata":[1, 2]}`}},
		{"undocumented", `{"new" : [ 1 ],"n\u0065w2":null}`, map[string]string{"record_extra": `{"new" : [ 1 ],"n\u0065w2":null}`}},
		{"every type", `{"metadata":{"t":"a\nb","i":-9223372036854775808,"n":1173.10,"b":false,"d":"2026-01-01T00:00:00.5+02:00","j":{"x" : "}\"]"},"lt":["]",null, "\\"],"li":[1, -2],"ln":[],"lb":[true,null],"scene":{"people":3,"a.b":"x"}}}`,
			map[string]string{"metadata.t": `"a\nb"`, "metadata.i": "-9223372036854775808", "metadata.n": "1173.10", "metadata.b": "false", "metadata.d": `"2026-01-01T00:00:00.5+02:00"`,
				"metadata.j": `{"x" : "}\"]"}`, "metadata.lt": `["]",null, "\\"]`, "metadata.li": "[1, -2]", "metadata.ln": "[]", "metadata.lb": "[true,null]", "metadata.scene.people": "3", `metadata.scene["a.b"]`: `"x"`}},
		{"every type, of other types", `{"metadata":{"t":1,"i":1.0,"n":"1","b":0,"d":"x","j":"any","lt":["a",1],"li":[1.5],"ln":{},"lb":[true,"x"],"scene":{"people":"many","a.b":[]}}}`,
			map[string]string{"metadata.j": `"any"`, "metadata_extra": `{"t":1,"i":1.0,"n":"1","b":0,"d":"x","lt":["a",1],"li":[1.5],"ln":{},"lb":[true,"x"],"scene.people":"many","scene[\"a.b\"]":[]}`}},
		{"numbers beyond", `{"metadata":{"i":9223372036854775808,"n":1e999,"li":[1e3],"ln":[-1e400]}}`,
			map[string]string{"metadata_extra": `{"i":9223372036854775808,"n":1e999,"li":[1e3],"ln":[-1e400]}`}},
		{"other order, other spelling, blanks", "{\"metadata\":{ \"scene\" :\t{ \"people\" : 4 , \"x\" : 1 } , \"\\u0069\" : 5 , \"t\":\"\"}}",
			map[string]string{"metadata.i": "5", "metadata.scene.people": "4", "metadata.t": `""`, "metadata_extra": `{"scene.x":1}`}},
		{"names without columns", `{"metadata":{"a.b":1,"":2,"q\"":3,"\u0061.b2":{"c":1},"scene":{"[":null,"y":{}}}}`,
			map[string]string{"metadata_extra": `{"[\"a.b\"]":1,"[\"\"]":2,"[\"q\\\"\"]":3,"[\"a.b2\"]":{"c":1},"scene[\"[\"]":null,"scene.y":{}}`}},
		{"no object where columns are below", `{"metadata":{"scene":[{"people":1}]}}`, map[string]string{"metadata_extra": `{"scene":[{"people":1}]}`}},
		{"an empty object where columns are below", `{"metadata":{"scene":{ }}}`, map[string]string{"metadata_extra": `{"scene":{ }}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // once more, with the order of members known
				if diff := cmp.Diff(c.want, cut(t, s, p, c.record)); diff != "" {
					t.Errorf("cells (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestNothingOfARefusedRecordIsCut(t *testing.T) {
	s, p := NewSplitter(New(nil)), artifact.NewParser()
	_, err := p.Parse([]byte(`{"result_id":"a","x":1,"metadata":{"a":1}`))
	for i, c := range s.Split(p) {
		if err == nil || c.Raw != nil {
			t.Errorf("cell %d is %s", i, c.Raw)
		}
	}
}

func TestValuesOfCells(t *testing.T) {
	for _, c := range []struct {
		kind Type
		raw  string
		want int64
	}{
		{Integer, "-0", 0}, {Integer, "-12", -12}, {Integer, "999999999999999999", 999999999999999999}, {Integer, "9223372036854775807", 1<<63 - 1},
		{Timestamp, `"1969-12-31T23:59:59.9999Z"`, -1}, {Timestamp, `"1969-12-31t23:59:59.0001z"`, -1000},
		{Timestamp, `"2024-02-29T12:00:00+05:30"`, time.Date(2024, 2, 29, 6, 30, 0, 0, time.UTC).UnixMilli()},
	} {
		var cell Cell
		if !cell.take(c.kind, []byte(c.raw), true) || cell.Int != c.want {
			t.Errorf("%s is %d, want %d", c.raw, cell.Int, c.want)
		}
	}
}

func TestTimestampsThatAreNone(t *testing.T) {
	for _, s := range []string{
		"", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,5Z",
		"2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00ZZ", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01", "2026-01-01T00:00:00.5", "2026/01/01T00:00:00Z", "2026-01-01T00-00-00Z", `2026\u002d01-01T00:00:00Z`, "２026-01-01T00:00:00Z",
	} {
		if ms, fits := milliseconds([]byte(`"` + s + `"`)); fits {
			t.Errorf("%s is %d", s, ms)
		}
	}
}

// rfc3339 is what a time is; the standard library takes a comma, hours of one digit and offsets of 24:60 besides.
var rfc3339 = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)

// FuzzMilliseconds holds times against the standard library's, as far as that keeps to the standard.
func FuzzMilliseconds(f *testing.F) {
	for _, s := range []string{"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999+00:00", "2000-02-29T23:59:59.1-23:59", "1600-03-01T00:00:00Z", "2026-01-01T0:00:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ms, fits := milliseconds([]byte(`"` + s + `"`))
		want, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s))
		in := err == nil && rfc3339.MatchString(s) && want.Year() >= 1 && want.UTC().Year() >= 1 && want.UTC().Year() <= 9999
		if fits != in || in && want.UnixMilli() != ms {
			t.Fatalf("%s is %d, %t; want %d, %t, %v", s, ms, fits, want.UnixMilli(), in, err)
		}
	})
}

func TestSplittingAllocatesNothing(t *testing.T) {
	s, p := NewSplitter(New([]json.RawMessage{[]byte(everyType)})), artifact.NewParser()
	raw := []byte(`{"result_type":"segment","x":1,"metadata":{"i":1,"\u0074":"a\n","u":{"v":1},"lt":["a"],"scene":{"people":1.5}},"executed_at":"2026-01-01T00:00:00Z"}`)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := p.Parse(raw); err != nil {
			t.Fatal(err)
		}
		s.Split(p)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
