package artifact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	jsonv2 "github.com/go-json-experiment/json"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		name, line string
		want       Record
	}{
		{"segment", segment, Record{Type: "segment", Selected: true}},
		{"video", video, Record{Type: "video"}},
		{"another type", novel, Record{Type: "novel"}},
		{"nothing", `{}`, Record{}},
		{"blanks", ` { "result_type" : "video" } `, Record{Type: "video"}},
		{"missing id", `{"result_type":"segment"}`, Record{Type: "segment"}},
		{"names in escapes", `{"result\u005ftype":"se\u0067ment","\u0073elected":true}`, Record{Type: "segment", Selected: true}},
		{"a name that only ends like one", `{"x\"result_type":"segment"}`, Record{}},
		{"a name with a quote and a backslash", `{"\\\"result_type":"segment"}`, Record{}},
		{"below the top level", `{"metadata":{"result_type":"segment","selected":true},"list":[{"selected":true}]}`, Record{}},
		{"wrong types", `{"result_type":7,"result_id":[],"status":{"failed":1},"field_extraction_succeeded":0,"selected":"true"}`, Record{}},
		{"nulls", `{"result_type":null,"result_id":null,"status":null,"field_extraction_succeeded":null,"selected":null}`, Record{}},
		{"four-byte runes", `{"result_type":"video","text":"😀𝔘\ud83d\ude00"}`, Record{Type: "video"}},
		{"a megabyte of text", `{"a":"` + long + `","result_type":"video","b":"` + long + `"}`, Record{Type: "video"}},
		{"a megabyte of a name", `{"` + long + `":1,"result_type":"video"}`, Record{Type: "video"}},
		{"huge numbers", `{"result_type":"video","n":1e999999,"m":123456789012345678901234567890}`, Record{Type: "video"}},
		{"deep", `{"result_type":"video","x":` + brackets(MaxDepth-1) + `}`, Record{Type: "video"}},
		{"many brackets side by side", `{"result_type":"video","x":[` + strings.Repeat("[],{},", 5000) + `1]}`, Record{Type: "video"}},
		{"brackets in text", `{"result_type":"video","x":"\"` + strings.Repeat("[{", 5000) + `\\"}`, Record{Type: "video"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := NewParser().Parse([]byte(c.line))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreUnexported(Record{})); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValues(t *testing.T) {
	p := NewParser()
	if _, err := p.Parse([]byte(`{"video_id":"v","seg\u006dent_id" : "s", "run_id":"r\u0020", "start_time":-1.50e1,"end_time": null ,"x":{"status":1}}`)); err != nil {
		t.Fatal(err)
	}
	for m, want := range map[Member]string{VideoID: `"v"`, SegmentID: `"s"`, RunID: `"r\u0020"`, StartTime: "-1.50e1", EndTime: "null"} {
		if got := string(p.Value(m)); got != want {
			t.Errorf("%s = %s, want %s", memberNames[m], got, want)
		}
	}
	if got := p.Value(Status); got != nil {
		t.Errorf("a status below the top level is taken: %s", got)
	}
}

// brackets is so many nested arrays.
func brackets(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }

func TestHostileRecords(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"an array", `[{}]`, "a result is a JSON object"},
		{"a number", `1`, "a result is a JSON object"},
		{"not JSON", `hello`, "a result is a JSON object"},
		{"a byte that is no UTF-8", "\xff", "a result is a JSON object"},
		{"duplicate names", `{"secret":1,"secret":2}`, "not strict JSON at byte 12: an object has two members of one name"},
		{"duplicate names in escapes", `{"a":1,"\u0061":2}`, "not strict JSON at byte 7: an object has two members of one name"},
		{"duplicate names below", `{"x":[{"a":1,"a":2}]}`, "not strict JSON at byte 13: an object has two members of one name"},
		{"duplicate result_type", `{"result_type":"segment","result_type":"video"}`, "not strict JSON at byte 25: an object has two members of one name"},
		{"invalid UTF-8", "{\"a\":\"secret\xff\"}", "not strict JSON at byte 12: it is not UTF-8"},
		{"half a surrogate", `{"a":"\ud83d"}`, "not strict JSON at byte 6"},
		{"an overlong slash", "{\"a\":\"\xc0\xaf\"}", "not strict JSON at byte 6: it is not UTF-8"},
		{"NaN", `{"a":NaN}`, "not strict JSON at byte 5"},
		{"Infinity", `{"a":-Infinity}`, "not strict JSON at byte 6"},
		{"a leading zero", `{"a":01}`, "not strict JSON at byte 6"},
		{"a trailing comma", `{"a":1,}`, "not strict JSON at byte 6"},
		{"a comment", `{"a":1/*secret*/}`, "not strict JSON at byte 6"},
		{"single quotes", `{'a':1}`, "not strict JSON at byte 1"},
		{"a raw tab", "{\"a\":\"\t\"}", "not strict JSON at byte 6"},
		{"a nul", "{\"a\":\"\x00\"}", "not strict JSON at byte 6"},
		{"a name that is no text", `{1:2}`, "not strict JSON at byte 1"},
		{"the wrong end", `{"a":[1}}`, "not strict JSON at byte 7"},
		{"no end", `{"a":{"b":"secret`, "not strict JSON at byte 17"},
		{"nothing after the colon", `{"a":`, "not strict JSON at byte 5"},
		{"two records", `{}{}`, "more than one JSON value in a line"},
		{"trailing data", `{} secret`, "more than one JSON value in a line"},
		{"a comma after it", `{},`, "more than one JSON value in a line"},
		{"too deep", `{"x":` + brackets(MaxDepth) + `}`, "more than 1000 levels of nesting"},
		{"a hundred thousand levels, unclosed", strings.Repeat(`{"a":`, 100_000), "more than 1000 levels of nesting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewParser()
			if r, err := p.Parse([]byte(c.line)); err == nil || err.Error() != c.want {
				t.Errorf("%+v, error %v, want %s", r, err, c.want)
			}
			if r, err := p.Parse([]byte(segment)); err != nil || r.Type != "segment" {
				t.Errorf("the record after it: %+v, %v", r, err)
			}
		})
	}
}

func TestIncomplete(t *testing.T) {
	for line, want := range map[string]string{
		segment:                               "",
		novel:                                 "",
		`{"result_id":"a"}`:                   `"result_type" is missing or not a string ("segment" or "video")`,
		`{"result_id":"a","result_type":1}`:   `"result_type" is missing or not a string ("segment" or "video")`,
		`{"result_type":"video"}`:             `"result_id" is missing or not a string`,
		`{"result_type":"v","result_id":7}`:   `"result_id" is missing or not a string`,
		`{"result_type":"v","result_id":""}`:  `"result_id" is missing or not a string`,
		`{"result_type":"v","result_id":" "}`: `"result_id" is missing or not a string`,
	} {
		r, err := NewParser().Parse([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := r.Incomplete(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s is incomplete: %q, want %q", line, got, want)
		}
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	p, raw := NewParser(), []byte(segment)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := p.Parse(raw); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a record", n)
	}
}

// FuzzParse holds the parser against two libraries: jsontext, of whom it must not differ in any record or word, and
// one that reads into structs. What is accepted is JSON for encoding/json too.
func FuzzParse(f *testing.F) {
	for _, s := range []string{segment, lost, video, novel, `{"a":1,"a":2}`, `{"a":"\ud83d"}`, `{"x":` + brackets(20) + `}`, `{"result\u005ftype":"x"}`} {
		f.Add([]byte(s))
	}
	p, peer := NewParser(), newReference()
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		got, err := p.Parse(raw)
		if !bytes.Equal(raw, before) {
			t.Fatal("the record was changed")
		}
		want, wantErr := peer.parse(raw)
		if got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("%q: %+v, %v; jsontext: %+v, %v", raw, got, err, want, wantErr)
		}
		holdAgainstStructs(t, raw, got, err)
	})
}

func holdAgainstStructs(t *testing.T, raw []byte, got Record, err error) {
	var want struct {
		Type     any `json:"result_type"`
		Selected any `json:"selected"`
	}
	wantErr := jsonv2.Unmarshal(raw, &want)
	object := bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{"))
	if (err == nil) != (wantErr == nil && object && !tooDeep(raw)) {
		t.Fatalf("%q: %v, the other parser: %v", raw, err, wantErr)
	}
	if err != nil {
		return
	}
	kind, _ := want.Type.(string)
	if got.Type != kind || got.Selected != (want.Selected == true) {
		t.Errorf("%q is %+v, the other parser read %+v", raw, got, want)
	}
	if !json.Valid(raw) {
		t.Errorf("%q is not JSON for encoding/json", raw)
	}
}
