package columns

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var typeNamesOf = []string{
	Text: "text", Integer: "integer", Number: "number", Boolean: "boolean", Timestamp: "timestamp", JSON: "json",
	TextList: "[text]", IntegerList: "[integer]", NumberList: "[number]", BooleanList: "[boolean]",
}

// declared is the table's columns below metadata, as "name type".
func declared(schemas ...string) (all []string) {
	var raw []json.RawMessage
	for _, s := range schemas {
		raw = append(raw, json.RawMessage(s))
	}
	cols := New(raw).Columns()
	for _, c := range cols[len(fixed) : len(cols)-2] {
		all = append(all, strings.TrimPrefix(c.Name, "metadata")+" "+typeNamesOf[c.Type])
	}
	return all
}

// object is a schema of these properties.
func objectOf(properties string) string {
	return `{"type":"object","properties":{` + properties + `}}`
}

func TestDeclaredColumns(t *testing.T) {
	for _, c := range []struct {
		name, properties string
		want             []string
	}{
		{"scalars in order", `"z":{"type":"string"},"a":{"type":"integer"},"m":{"type":"number"},"b":{"type":"boolean"},"t":{"type":"string","format":"date-time"}`,
			[]string{".z text", ".a integer", ".m number", ".b boolean", ".t timestamp"}},
		{"another format", `"t":{"type":"string","format":"date"}`, []string{".t text"}},
		{"lists", `"a":{"type":"array","items":{"type":"string"}},"b":{"type":"array","items":{"type":["integer","null"]}},"c":{"items":{"type":"number"}},"d":{"type":"array","items":{"type":"boolean"}},"e":{"type":"array","items":{"type":"string","format":"date-time"}}`,
			[]string{".a [text]", ".b [integer]", ".c [number]", ".d [boolean]", ".e [text]"}},
		{"arrays of other things", `"a":{"type":"array"},"b":{"type":"array","items":{"type":"object","properties":{"x":{"type":"string"}}}},"c":{"type":"array","items":{"type":"array","items":{"type":"string"}}},"d":{"type":"array","items":[{"type":"string"}]},"e":{"type":"array","prefixItems":[],"items":{"type":"string"}}`,
			[]string{".a json", ".b json", ".c json", ".d json", ".e json"}},
		{"objects", `"o":{"type":"object","properties":{"p":{"properties":{"q":{"type":"string"}}},"r":{"type":"integer"}}},"e":{"type":"object"},"f":{"type":"object","properties":{}}`,
			[]string{".o.p.q text", ".o.r integer", ".e json", ".f json"}},
		{"null besides", `"a":{"type":["null","string"]},"b":{"type":"integer","nullable":true},"c":{"anyOf":[{"type":"number"},{"type":"null"}]},"d":{"oneOf":[{"const":null},{"type":"object","properties":{"x":{"type":"boolean"}}}]},"e":{"type":"null"}`,
			[]string{".a text", ".b integer", ".c number", ".d.x boolean", ".e json"}},
		{"several types", `"a":{"type":["string","integer"]},"b":{"type":["integer","number"]},"c":{"anyOf":[{"type":"integer"},{"type":"number"}]},"d":{"anyOf":[{"type":"string"},{"type":"number"}]},"e":{"anyOf":[{"type":"string"},{"type":"object","properties":{"x":{"type":"string"}}}]},"f":{"type":"date"},"g":{"type":7}`,
			[]string{".a json", ".b number", ".c number", ".d json", ".e json", ".f json", ".g json"}},
		{"values", `"a":{"enum":["x",null]},"b":{"enum":[1,2]},"c":{"enum":[1,2.5]},"d":{"const":true},"e":{"enum":["x",1]},"f":{"enum":[]},"g":{"enum":[null]},"h":{"enum":[{}]},"i":{"type":"string","enum":[1]}`,
			[]string{".a text", ".b integer", ".c number", ".d boolean", ".e json", ".f json", ".g json", ".h json", ".i text"}},
		{"schemas that say nothing", `"a":{},"b":true,"c":false,"d":7,"e":null,"f":{"description":"x"}`,
			[]string{".a json", ".b json", ".c json", ".d json", ".e json", ".f json"}},
		{"names", `"a.b":{"type":"string"},"":{"type":"string"},"c[0]":{"type":"string"},"q\"":{"type":"string"},"n\n":{"type":"string"},"Ä 😀,":{"type":"string"},"o.p":{"properties":{"x":{"type":"string"},"y.z":{"type":"string"}}},"back\\":{"type":"string"}`,
			[]string{`["a.b"] text`, `[""] text`, `["c[0]"] text`, `["q\""] text`, `["n\n"] text`, `.Ä 😀, text`, `["o.p"].x text`, `["o.p"]["y.z"] text`, `["back\\"] text`}},
		{"one name twice", `"a":{"type":"integer"},"b":{"type":"string"},"a":{"type":"number"},"b":{"type":"object","properties":{"x":{}}}`,
			[]string{".a number", ".b json"}},
		{"parts", `"a":{"allOf":[{"type":"string"}]},"b":{"properties":{"x":{"type":"string"}},"allOf":[{"properties":{"y":{"type":"integer"}}},{"description":"d"},{"properties":{"x":{"type":"integer"}}}]},"c":{"allOf":[{"type":"string"},{"type":"integer"}]},"d":{"allOf":[]},"e":{"allOf":[true]}`,
			[]string{".a text", ".b.x json", ".b.y integer", ".c json", ".d json", ".e json"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, declared(objectOf(c.properties))); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReferences(t *testing.T) {
	schema := `{"$ref":"#/$defs/Scene","$defs":{"Scene":{"type":"object","properties":{
		"mood":{"$ref":"#/definitions/a~1b%20c"},"inner":{"$ref":"#/$defs/Scene"},"self":{"$ref":"#/$defs/self"},"far":{"$ref":"https://example.com/x"},
		"none":{"$ref":"#/$defs/none"},"anchor":{"$ref":"#x"},"broken":{"$ref":"#/%zz"},"root":{"$ref":"#"},"parts":{"allOf":[{"$ref":"#/$defs/P"}],"default":{}},"maybe":{"anyOf":[{"$ref":"#/$defs/P"},{"type":"null"}]}}},
		"self":{"$ref":"#/$defs/self"},"P":{"properties":{"n":{"type":"integer"}}}},"definitions":{"a/b c":{"type":"string"}}}`
	want := []string{".mood text", ".inner json", ".self json", ".far json", ".none json", ".anchor json", ".broken json", ".root json", ".parts.n integer", ".maybe.n integer"}
	if diff := cmp.Diff(want, declared(schema)); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestUnion(t *testing.T) {
	got := declared(
		objectOf(`"a":{"type":"string"},"n":{"type":"integer"},"o":{"properties":{"x":{"type":"string"}}},"p":{"properties":{"x":{"type":"string"}}},"l":{"type":"array","items":{"type":"integer"}}`), "", "null", `{"type":"string"}`,
		objectOf(`"b":{"type":"boolean"},"n":{"type":"number"},"a":{"type":"string"},"o":{"properties":{"y":{"type":"string"},"x":{"type":"integer"}}},"p":{"type":"string"},"l":{"type":"array","items":{"type":"number"}}`))
	want := []string{".a text", ".n number", ".o.x json", ".o.y text", ".p json", ".l json", ".b boolean"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestEveryTableBeginsAndEndsAlike(t *testing.T) {
	cols := New([]json.RawMessage{nil, []byte("{"), []byte("\xff"), []byte(`{} {}`)}).Columns()
	if len(cols) != len(fixed)+2 || cols[0].Name != "result_type" || cols[len(fixed)].Name != "metadata_extra" || cols[len(fixed)+1].Name != "record_extra" {
		t.Errorf("%v", cols)
	}
}

// properties are so many, each of that schema.
func properties(n int, prefix, schema string) string {
	var all []string
	for k := range n {
		all = append(all, fmt.Sprintf("%q:%s", fmt.Sprintf("%s%d", prefix, k), schema))
	}
	return strings.Join(all, ",")
}

func TestHostileSchemas(t *testing.T) {
	deep := func(n int, open, shut string) string { return strings.Repeat(open, n) + "{}" + strings.Repeat(shut, n) }
	doubling := ""
	for k := range 60 {
		doubling += fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, k, k+1, k+1)
	}
	for _, c := range []struct {
		name, schema string
		want         int
	}{
		{"100,000 properties", objectOf(properties(100_000, "p", `{"type":"string"}`)), MaxMetadata},
		{"100,000 below", objectOf(`"o":` + objectOf(properties(100_000, "p", `{"type":"string"}`)) + `,"z":{"type":"string"}`), MaxMetadata},
		{"objects in arrays take no room", objectOf(`"a":{"type":"array","items":` + objectOf(properties(2000, "p", "{}")) + `},` + properties(999, "q", "{}")), MaxMetadata},
		{"parts beyond the limit", `{"allOf":[` + objectOf(properties(600, "p", "{}")) + `,` + objectOf(properties(600, "q", "{}")) + `]}`, MaxMetadata},
		{"deep", objectOf(`"a":` + deep(3000, `{"type":"object","properties":{"a":`, `}}`)), 1},
		{"beyond any depth", objectOf(`"a":` + deep(100_000, `{"properties":{"a":`, `}}`)), 0},
		{"brackets", strings.Repeat("[", 1_000_000), 0},
		{"references that double", `{"properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{` + doubling + `"z":{}}}`, 1},
		{"choices that double", `{"properties":{"a":{"$ref":"#/$defs/d0"}},"$defs":{` + strings.ReplaceAll(doubling, "allOf", "anyOf") + `"z":{}}}`, 1},
		{"half a surrogate", `{"properties":{"\ud83d":{}}}`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := declared(c.schema); len(got) != c.want {
				t.Errorf("%d columns, want %d", len(got), c.want)
			}
		})
	}
}

func TestManySchemasAreBounded(t *testing.T) {
	var all []string
	for k := range 50 {
		all = append(all, objectOf(properties(900, fmt.Sprintf("r%d_", k), `{"type":"string"}`)))
	}
	got := declared(all...)
	if len(got) != MaxMetadata || got[900] != ".r1_0 text" {
		t.Errorf("%d columns, %q", len(got), got[900])
	}
}

// FuzzNew: any two schemas make one table, the same every time, each column once.
func FuzzNew(f *testing.F) {
	f.Add([]byte(objectOf(`"a":{"type":["string","null"]},"a.b":{"$ref":"#/properties/a"}`)), []byte(`{"allOf":[{"properties":{"a":{"anyOf":[{"const":1}]}}}]}`))
	f.Add([]byte(`{"properties":{"a":{"properties":{"b":{"items":{}}}}}}`), []byte(`{"properties":{"a":{"enum":[1,"x"]}},"$ref":"#"}`))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		cols := New([]json.RawMessage{one, two}).Columns()
		if !slices.Equal(cols, New([]json.RawMessage{one, two}).Columns()) {
			t.Fatal("the same schemas have two tables")
		}
		seen := map[string]bool{}
		for _, c := range cols {
			if seen[c.Name] || c.Type > BooleanList {
				t.Fatalf("%q stands twice, or is of no type", c.Name)
			}
			seen[c.Name] = true
		}
	})
}
