// Package jsonsuite has the classes of the public parsing suites for JSON as texts of its own: what every strict reader
// must take and what none may. The readers of bodies, of key files and of records are held to all of them in their own
// tests; the fuzz targets of the others hold that they take nothing which the library refuses that reads the first two. What
// the suites leave open (invalid UTF-8, lone surrogates, duplicate names) is refused here.
package jsonsuite

import "strings"

// Case is one text. Name says what is special about it.
type Case struct{ Name, Text string }

// object is a text with the value as the one member x of an object.
func object(value string) string { return `{"x":` + value + `}` }

// Accepted are objects that every reader must take as JSON, whatever it then thinks of a member x.
func Accepted() []Case {
	cases := []Case{
		{"blanks around", " \t\r\n{\"x\" \t\r\n: \t\r\n1 \t\r\n} \t\r\n"},
		{"other names", `{"":0,"x":1,"X":2,"x\u0000":3,"x ":4}`},
		{"a name that is an escape's spelling", `{"\\u0078":1,"x":2}`},
		{"a name made of escapes", `{"\u0078":1}`},
		{"long", object(`"` + strings.Repeat("long text ", 500) + `"`)},
		{"nested", object(strings.Repeat("[", 200) + strings.Repeat("]", 200))},
	}
	for _, v := range []string{
		`true`, `false`, `null`, `""`, `[]`, `{}`, `[[]]`, `[[],[[]],{}]`, `[null,1,"1",{}]`, `[1,null,null,null,2]`, `[ ]`, `{ }`, `[ 4]`, "[1\n]",
		`0`, `-0`, `-1`, `123`, `0e1`, `0e+1`, `1E22`, `1E-2`, `1E+2`, `123e45`, `123.456e78`, `1e-2`, `123.456789`, `0.5`, `-0.5`,
		`-0.000000000000000000000000000000000000000000000000000000000000000000000000000001`, `1234567890123456789012345678901234567890`,
		`"\u0060\u012a\u12AB"`, `"\ud801\udc37"`, `"\ud83d\ude39\ud83d\udc8d"`, `"\"\\\/\b\f\n\r\t"`, `"\\u0000"`, `"\""`, `"a/*b*/c//d#e"`, `"\\a"`,
		`"\\n"`, `"\u0012"`, `"\uFFFF"`, `"\uDBFF\uDFFF"`, `"new\u00A0line"`, "\"\U0010ffff\"", "\"\uffff\"", `"\u0000"`, `"\u002c"`, "\"\u03c0\"", "\"\U0001bfff\"",
		`"asd "`, `" "`, "\"\U0001d11e\"", "\"\u0821\"", "\"\u0123\"", "\"\u2028\u2029\"", `"\u0061\u30af"`, `"new\u000Aline"`, "\"\u007f\"", `"\uA66D"`, `"\u005C"`,
		"\"\u2342\u3240\"", `"\u200B\u2064\uFEFF"`, "\"\ufeff\"", `"\uFDD0\uFFFE"`, "\"\u20ac\U0001d11e\"", `"__proto__"`,
	} {
		cases = append(cases, Case{v, object(v)})
	}
	return cases
}

// Refused are texts that no reader may take.
func Refused() []Case {
	cases := []Case{
		{"only the beginning", `{`}, {"the wrong end", `{]`}, {"a comma alone", `{,}`},
		{"a comma last", `{"x":0,}`}, {"two commas last", `{"x":0,,}`}, {"two commas", `{"x":0,,"y":1}`}, {"a comma first", `{,"x":0}`},
		{"a comma for a colon", `{"x",0}`}, {"two colons", `{"x"::0}`}, {"no colon", `{"x" 0}`}, {"no value", `{"x":}`}, {"no value and no end", `{"x":`},
		{"no name", `{:0}`}, {"a name alone", `{"x"}`}, {"a name without quotes", `{x:0}`}, {"single quotes", `{'x':0}`}, {"a number for a name", `{1:0}`},
		{"null for a name", `{null:0,null:0}`}, {"a huge number for a name", `{9999E9999:1}`}, {"an array for a name", `{[]:0}`}, {"an emoji for a name", "{\U0001f1e8}"},
		{"half a rune in a name", "{\"\xb9\":\"0\",}"}, {"no end", `{"x":0`}, {"no end in a string", `{"x":"a`}, {"a semicolon", `{"x":0;"y":1}`},
		{"a comment behind it", `{"x":0}/**/`}, {"an open comment behind it", `{"x":0}/**//`}, {"a line comment behind it", `{"x":0}//`}, {"half a comment behind it", `{"x":0}/`},
		{"a hash behind it", `{"x":0}#{}`}, {"an end behind it", `{"x":0}}`}, {"a bracket behind it", `{"x":0}]`}, {"text behind it", `{"x":0}x`}, {"two", `{"x":0}{"x":0}`},
		{"a nul behind it", "{\"x\":0}\x00"}, {"a comment inside", `{"x":/*comment*/0}`}, {"a byte order mark", "\ufeff{\"x\":0}"}, {"a byte order mark behind it", "{\"x\":0}\ufeff"},
		{"half a byte order mark", "\xef\xbb{}"}, {"UTF-16", "\xff\xfe{\x00}\x00"}, {"UTF-16 without a mark", "{\x00\"\x00x\x00\"\x00:\x000\x00}\x00"},
		{"a word joiner", "{\u2060\"x\":0}"}, {"a form feed", "{\f\"x\":0}"}, {"a vertical tab", "{\v\"x\":0}"}, {"a no-break space", "{\u00a0\"x\":0}"},
		{"angle brackets", `<{"x":0}>`}, {"an escaped line feed before it", `\u000A{"x":0}`}, {"a star", `*`}, {"an identifier", `åß`},
		{"a name twice", `{"x":0,"x":0}`}, {"a name twice, once in escapes", `{"x":0,"\u0078":1}`}, {"a name twice, below", `{"x":{"a":1,"b":2,"a":3}}`},
		{"100,000 arrays", object(strings.Repeat("[", 100_000))}, {"100,000 objects", strings.Repeat(`{"x":`, 100_000)}, {"100,000 closed arrays", object(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000))},
	}
	for _, v := range []string{
		`[1 true]`, "[a\xe5]", `["":1]`, `[""],`, `[,1]`, `[1,,2]`, `["x",,]`, `["x"]]`, `["",]`, `["x"`, `[x`, `[3[4]]`, `[1:2]`, `[,]`, `[-]`, `[   , ""]`, "[\"a\",\n4\n,1,",
		`[1,]`, `[1,,]`, "[\"\va\"\\f]", `[*]`, `[""`, `[1,`, `[{}`, `[fals]`, `[nul]`, `[tru]`, `True`, `TRUE`, `truth`, `nulll`, `undefined`,
		`-01`, `01`, `012`, `-012`, `00`, `++1234`, `+1`, `+Inf`, `Inf`, `Infinity`, `-Infinity`, `NaN`, `-NaN`, `-1.0.`, `-2.`, `.-1`, `.5`, `.2e-3`, `0.1.2`, `0.3e+`, `0.3e`, `0.e1`, `0E+`, `0E`, `0e+`, `0e`,
		`1.0e+`, `1.0e-`, `1.0e`, `1 000`, `1_000`, `1eE2`, `2.e+3`, `2.e3`, `9.e+`, "\uff11", `1+2`, `0x1`, `0x42`, `0+-1`, `-123.123foo`, "123\xe5", "1e1\xe5", "0\xe5", `-foo`, `- 1`, `-.123`, `-1x`, `1ea`, `1.`, `1.2a-3`, `1.8011670033376514H-308`, `-`,
		`"\uD800\"`, `"\uD800\u"`, `"\uD800\u1"`, `"\uD800\u1x"`, "\u00e9", "\"\\\x00\"", `"\x00"`, `"\\\"`, "\"\\\t\"", "\"\\\U0001f300\"", `"\"`, `"\u00A"`, `"\uD834\uDd"`, "\"\\u\xe5\"", `"\a"`, `"\uqqqq"`, "\"\\\xe5\"",
		`\u0020"asd"`, `\n`, `"`, `'x'`, `abc`, `"\`, "\"a\x00a\"", "\"new\nline\"", "\"\t\"", `"\UA66D"`, `""x`, `"\u 000"`,
		`"\uD800"`, `"\uDc00"`, `"\uD800\n"`, `"\uDd1e\uD834"`, `"\uD888\u1234"`, `"\uD800\uD800\n"`, // lone surrogates
		"\"\xff\"", "\"\xe6\xd7\xaa\"", "\"\xed\xa0\x80\"", "\"\xe9\"", "\"\x81\"", "\"\xf4\xbf\xbf\xbf\"", "\"\xc0\xaf\"", "\"\xfc\x83\xbf\xbf\xbf\xbf\"", "\"\xe0\xff\"", // not UTF-8
	} {
		cases = append(cases, Case{v, object(v)})
	}
	return cases
}
