package strictjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// accepted are texts that every strict reader must take.
var accepted = []struct{ name, text string }{
	{"empty object", `{}`},
	{"blanks in an empty object", `{ }`},
	{"every blank around", " \t\r\n{} \t\r\n"},
	{"every blank within", "{ \t\r\n\"a\" \t\r\n: \t\r\n1 \t\r\n, \t\r\n\"b\" \t\r\n:[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n}"},
	{"words of spaces", "{" + strings.Repeat(" ", 31) + `"a"` + strings.Repeat(" ", 8) + ":" + strings.Repeat(" ", 17) + "1}"},
	{"empty array", `{"a":[]}`},
	{"blank in an empty array", `{"a":[ ]}`},
	{"true", `{"a":true}`},
	{"false", `{"a":false}`},
	{"null", `{"a":null}`},
	{"all literals", `{"a":[true,false,null]}`},
	{"arrays in arrays", `{"a":[[],[[]],[[],[]]]}`},
	{"objects in arrays", `{"a":[{},{"b":{}},{"c":[{}]}]}`},
	{"mixed array", `{"a":[1,"b",null,true,{"c":2},[3]]}`},
	{"array with many nulls", `{"a":[1,null,null,null,2]}`},

	{"empty name", `{"":0}`},
	{"names that differ in case", `{"a":1,"A":2}`},
	{"names that differ in length", `{"a":1,"aa":2,"aaa":3}`},
	{"names that differ in the last byte", `{"abcdefgh1":1,"abcdefgh2":2}`},
	{"names that differ in the middle", `{"12345678a12345678":1,"12345678b12345678":2}`},
	{"a name of spaces", `{" ":1,"  ":2}`},
	{"the same name in other objects", `{"a":{"a":{"a":1}},"b":{"a":1},"c":[{"a":1},{"a":2}]}`},
	{"the same name outside after inside", `{"x":{"a":1},"a":2}`},
	{"composed and decomposed are two names", "{\"\u00e9\":1,\"e\u0301\":2}"},
	{"a name that is an escape's spelling", `{"\\u0061":1,"a":2}`},
	{"name with an escaped quote", `{"\"":1,"\\":2}`},
	{"name with a nul", `{"\u0000":1,"":2}`},
	{"names of nuls", `{"\u0000":1,"\u0000\u0000":2}`},
	{"name with a surrogate pair", `{"\ud83d\ude00":1}`},
	{"proto", `{"__proto__":1,"constructor":2}`},
	{"a name of 300 bytes", `{"` + strings.Repeat("n", 300) + `":1}`},
	{"sixteen bytes in common", `{"abcdefghijklmnop":1,"abcdefghijklmnopq":2}`},

	{"zero", `{"a":0}`},
	{"minus zero", `{"a":-0}`},
	{"one digit", `{"a":7}`},
	{"integer", `{"a":1234567890}`},
	{"negative integer", `{"a":-123}`},
	{"fraction", `{"a":0.5}`},
	{"negative fraction", `{"a":-0.25}`},
	{"zero fraction", `{"a":0.0}`},
	{"long fraction", `{"a":3.14159265358979323846264338327950288}`},
	{"exponent", `{"a":1e5}`},
	{"capital exponent", `{"a":1E5}`},
	{"exponent with plus", `{"a":1e+5}`},
	{"exponent with minus", `{"a":1E-5}`},
	{"zero with exponent", `{"a":0e1}`},
	{"zero with signed exponent", `{"a":0e+1}`},
	{"exponent with leading zeros", `{"a":1e007}`},
	{"fraction and exponent", `{"a":-12.340E-007}`},
	{"minus zero with exponent", `{"a":-0e0}`},
	{"too big for a float", `{"a":1e999999}`},
	{"too small for a float", `{"a":1e-999999}`},
	{"more digits than a float holds", `{"a":123456789012345678901234567890.123456789012345678901234567890}`},
	{"number before a blank", `{"a":1 }`},
	{"number before a comma", `{"a":[1,2]}`},
	{"number before an end", `{"a":[1e1]}`},

	{"empty string", `{"a":""}`},
	{"one byte", `{"a":"x"}`},
	{"seven bytes", `{"a":"1234567"}`},
	{"eight bytes", `{"a":"12345678"}`},
	{"nine bytes", `{"a":"123456789"}`},
	{"every short escape", `{"a":"\"\\\/\b\f\n\r\t"}`},
	{"unescaped solidus", `{"a":"/"}`},
	{"escaped nul", `{"a":"\u0000"}`},
	{"escapes in both cases", `{"a":"\u00aF\uAbCd"}`},
	{"backslash and u that are no escape", `{"a":"\\u0000"}`},
	{"backslash before the end", `{"a":"\\"}`},
	{"backslashes", `{"a":"\\\\\\\\\\\\\\\\"}`},
	{"quotes", `{"a":"\"\"\"\"\"\"\"\"\""}`},
	{"structure in a string", `{"a":"{}[],:"}`},
	{"comment in a string", `{"a":"/* no */ // no"}`},
	{"delete is no control character", "{\"a\":\"\x7f\"}"},
	{"space and exclamation mark", `{"a":" !  !"}`},
	{"neighbours of the backslash", `{"a":"[]^[]^[]^"}`},
	{"neighbours of the quote", `{"a":"!#!#!#!#!#"}`},
	{"two-byte runes", "{\"a\":\"\u0080\u07ffäöüß\"}"},
	{"three-byte runes", "{\"a\":\"\u0800\u0fff\u1000\ucfff\ud7ff\ue000\uffff\"}"},
	{"four-byte runes", "{\"a\":\"\U00010000\U0003ffff\U00040000\U000fffff\U0010ffff\"}"},
	{"non-characters", "{\"a\":\"\ufffe\uffff\ufdd0\U0001fffe\"}"},
	{"replacement character", "{\"a\":\"\ufffd\"}"},
	{"escaped replacement character", `{"a":"\ufffd"}`},
	{"escaped non-characters", `{"a":"\uffff\ufdd0\ud83f\udffe"}`},
	{"byte order mark in a string", "{\"a\":\"\ufeff\"}"},
	{"escaped byte order mark", `{"a":"\ufeff"}`},
	{"line and paragraph separators", "{\"a\":\"\u2028\u2029\"}"},
	{"first and last pair of surrogates", `{"a":"\ud800\udc00\udbff\udfff"}`},
	{"pairs in a row", `{"a":"\ud834\udd1e\uD834\uDD1E"}`},
	{"a pair after a rune", "{\"a\":\"😀\\ud83d\\ude00😀\"}"},
	{"just below and above the surrogates", `{"a":"\ud7ff\ue000"}`},
	{"all of Latin-1", "{\"a\":\"¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂ\"}"},
	{"Chinese", `{"a":"他在工厂门口看见一辆白色卡车，慢慢开进来。"}`},
	{"Korean, with a lead byte of its own", `{"a":"한국어 텍스트를 읽습니다"}`},
	{"Hindi, with a lead byte of its own", `{"a":"यह पाठ पढ़ा जाता है"}`},
	{"runes of every length in turn", strings.Repeat(`{"a":[`, 3) + `"aé人😀aé人😀aé人😀"` + strings.Repeat(`]}`, 3)},
	{"a rune over the edge of a word", `{"a":"1234567é","b":"123456人","c":"12345😀"}`},
	{"the limit of nesting", `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`},
	{"the limit of nesting in objects", strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)},
	{"brackets in strings don't nest", `{"a":"` + strings.Repeat("[", 5000) + `"}`},
	{"brackets side by side don't nest", `{"a":[` + strings.Repeat("[],{},", 5000) + `1]}`},
}

func TestAccepted(t *testing.T) {
	s := New(depth, noted...)
	for _, c := range accepted {
		t.Run(c.name, func(t *testing.T) {
			if err := s.Scan([]byte(c.text)); err != nil {
				t.Fatal(err)
			}
			if !json.Valid([]byte(c.text)) {
				t.Error("encoding/json refuses it")
			}
			agree(t, s, []byte(c.text))
		})
	}
}

func TestMembers(t *testing.T) {
	s := New(depth, "result_type", "start_time", "none", "Ä😀")
	text := []byte(` { "x" : {"result_type":1} , "result\u005ftype" : "seg\u006dent" ,"start_time":-1.5e3,"\u00c4\ud83d\ude00": [ {"none":1} ] }`)
	if err := s.Scan(text); err != nil {
		t.Fatal(err)
	}
	for k, want := range []string{`"seg\u006dent"`, `-1.5e3`, "", `[ {"none":1} ]`} {
		if got := s.Member(k); string(got) != want || (want == "") != (got == nil) {
			t.Errorf("member %d is %q, want %q", k, got, want)
		}
	}
	if got := s.Member(1); cap(got) != len(got) {
		t.Errorf("appending to a member would write into the text")
	}
	if err := s.Scan([]byte(`{"x":1}`)); err != nil || s.Member(0) != nil {
		t.Errorf("%v, the member of an earlier text is still there: %q", err, s.Member(0))
	}
}

// TestEveryNoteIsFound notes as many names as a Scanner takes, so that some share a place in its index.
func TestEveryNoteIsFound(t *testing.T) {
	var names []string
	text := []byte("{")
	for k := range 32 {
		names = append(names, strings.Repeat(string(rune('a'+k%26)), 1+k/3))
		text = append(text, `"`+names[k]+`":"`+names[k]+`",`...)
	}
	s := New(depth, names...)
	if err := s.Scan(append(bytes.TrimSuffix(text, []byte(",")), '}')); err != nil {
		t.Fatal(err)
	}
	for k, name := range names {
		if got := string(s.Member(k)); got != `"`+name+`"` {
			t.Errorf("member %s is %s", name, got)
		}
	}
}
