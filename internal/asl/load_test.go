package asl

import (
	"strings"
	"testing"

	"github.com/videovector/exports/statemachine"
)

// TestLoadRefuses what is not implemented, not there or not the language, and names where it stands.
func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]refusal{
		"nothing":                {``, []string{"EOF"}},
		"a list":                 {`[]`, []string{"array"}},
		"more than a definition": {one(pass) + `{}`, []string{"after top-level value"}},
		"a field twice":          {`{"StartAt":"S","StartAt":"S","States":{"S":{` + pass + `}}}`, []string{"StartAt", "duplicate"}},
		"a state twice":          {one(pass, `"S":{`+pass+`}`), []string{"S", "duplicate"}},
		"text that is not UTF-8": {one(pass + `,"Comment":"` + "\xff" + `"`), []string{"UTF-8"}},
		"no states":              {`{"StartAt":"S"}`, []string{"StartAt", `"S"`}},
		"no start":               {`{"States":{"S":{` + pass + `}}}`, []string{"StartAt"}},
		"a start nowhere":        {`{"StartAt":"T","States":{"S":{` + pass + `}}}`, []string{"StartAt", `"T"`}},
		"a field of no machine":  {`{"StartAt":"S","States":{"S":{` + pass + `}},"Timeout":5}`, []string{"Timeout"}},
		"a name too long":        {`{"StartAt":"` + long + `","States":{"` + long + `":{` + pass + `}}}`, []string{long}},
		"another version":        {`{"StartAt":"S","Version":"2.0","States":{"S":{` + pass + `}}}`, []string{"Version", "2.0"}},
		"JSONata":                {`{"StartAt":"S","QueryLanguage":"JSONata","States":{"S":{` + pass + `}}}`, []string{"QueryLanguage", "JSONata"}},
		"JSONata in a state":     {one(pass + `,"QueryLanguage":"JSONata"`), []string{`"S"`, "QueryLanguage", "JSONata"}},
		"JSONata's fields":       {one(pass + `,"Output":"{% 1 %}"`), []string{"/States/S", "Output"}},
		"variables":              {one(pass + `,"Assign":{"x":1}`), []string{"/States/S", "Assign"}},
		"a limit of no time":     {`{"StartAt":"S","TimeoutSeconds":0,"States":{"S":{` + pass + `}}}`, []string{"TimeoutSeconds"}},
		"a processor's field":    {`{"StartAt":"S","ProcessorConfig":{"Mode":"INLINE"},"States":{"S":{` + pass + `}}}`, []string{"ProcessorConfig"}},

		"no type":                   {one(`"End":true`), []string{`"S"`, "type"}},
		"a type of no state":        {one(`"Type":"Loop","End":true`), []string{`"S"`, `"Loop"`}},
		"a field of no state":       {one(pass + `,"Foo":1`), []string{"/States/S", "Foo"}},
		"a field of another case":   {one(`"type":"Pass","End":true`), []string{"/States/S", "type"}},
		"a field of another type":   {one(pass + `,"Resource":"x"`), []string{`"S"`, "Resource"}},
		"a field that is null":      {one(pass + `,"Next":null`), []string{"/States/S/Next"}},
		"neither Next nor End":      {one(`"Type":"Pass"`), []string{`"S"`, "Next", "End"}},
		"both Next and End":         {one(pass+`,"Next":"Y"`, yes), []string{`"S"`, "Next", "End"}},
		"Next on a Succeed":         {one(`"Type":"Succeed","Next":"Y"`, yes), []string{`"S"`, "Next"}},
		"Next to nowhere":           {one(`"Type":"Pass","Next":"T"`), []string{`"S"`, `"T"`}},
		"Default to nowhere":        {one(`"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"Y"}],"Default":"T"`, yes), []string{`"S"`, `"T"`}},
		"Catch to nowhere":          {invoke(`"Catch":[{"ErrorEquals":["States.ALL"],"Next":"T"}]`), []string{`"S"`, `"T"`}},
		"a state out of reach":      {one(pass, yes), []string{`"Y"`, "reached"}},
		"two states out of reach":   {one(pass, `"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"}`), []string{`"A"`, "reached"}},
		"a path without a dollar":   {one(pass + `,"InputPath":"a"`), []string{"/States/S/InputPath", `"a"`}},
		"a path that ends in a dot": {one(pass + `,"OutputPath":"$."`), []string{"/States/S/OutputPath", `"$."`}},
		"a path that isn't closed":  {one(pass + `,"ResultPath":"$.a["`), []string{"/States/S/ResultPath", `"$.a["`}},
		"a wildcard":                {one(pass + `,"InputPath":"$.a[*]"`), []string{"/States/S/InputPath", `"$.a[*]"`}},
		"a wildcard for fields":     {one(pass + `,"InputPath":"$.*"`), []string{"/States/S/InputPath", `"$.*"`}},
		"a descent":                 {one(pass + `,"InputPath":"$..a"`), []string{"/States/S/InputPath", `"$..a"`}},
		"a slice":                   {one(pass + `,"InputPath":"$.a[0:2]"`), []string{"/States/S/InputPath", `"$.a[0:2]"`}},
		"a filter":                  {one(pass + `,"InputPath":"$.a[?(@.b==1)]"`), []string{"/States/S/InputPath", "$.a[?"}},
		"a negative index":          {one(pass + `,"InputPath":"$.a[-1]"`), []string{"/States/S/InputPath", `"$.a[-1]"`}},
		"a path that is a number":   {one(pass + `,"InputPath":1`), []string{"/States/S/InputPath"}},
		"a result in the context":   {one(pass + `,"ResultPath":"$$.a"`), []string{`"S"`, "ResultPath"}},
		"an error in the context":   {invoke(`"Catch":[{"ErrorEquals":["A"],"ResultPath":"$$.a","Next":"C"}]`, caught), []string{`"S"`, "Catch 0", "ResultPath"}},
		"a template's bad path":     {one(pass + `,"Parameters":{"x":{"a.$":"a"}}`), []string{"/States/S/Parameters", `"a.$"`}},
		"a template's number":       {one(pass + `,"Parameters":{"a.$":1}`), []string{"/States/S/Parameters", `"a.$"`}},
		"a template's field twice":  {one(pass + `,"Parameters":{"a.$":"$","a":1}`), []string{"/States/S/Parameters", `"a"`, "twice"}},
		"Result and nothing else":   {one(`"Type":"Succeed","Result":1`), []string{`"S"`, "Result"}},
		"Fail with two errors":      {one(`"Type":"Fail","Error":"A","ErrorPath":"$.a"`), []string{`"S"`, "Error"}},
		"Fail by a function":        {one(`"Type":"Fail","ErrorPath":"States.Format('a')"`), []string{"/States/S/ErrorPath"}},
	} {
		t.Run(name, func(t *testing.T) { c.check(t) })
	}
}

const pass = `"Type":"Pass","End":true`

var long = strings.Repeat("x", 81)

// refusal is a definition, and what its error names: the state and the field.
type refusal struct {
	definition string
	says       []string
}

func (r refusal) check(t *testing.T) {
	t.Helper()
	_, err := Load([]byte(r.definition))
	if err == nil {
		t.Fatalf("loaded: %s", r.definition)
	}
	for _, part := range r.says {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error = %q, which doesn't name %q", err, part)
		}
	}
}

func TestSubstitute(t *testing.T) {
	got, err := Substitute([]byte(`{"a":"${One}","b":"x${Two}y"}`), map[string]string{"One": `a"b`, "Two": "c"})
	if want := `{"a":"a\"b","b":"xcy"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if _, err := Substitute([]byte(`${One} ${Two}`), map[string]string{"One": "1"}); err == nil || !strings.Contains(err.Error(), "Two") {
		t.Errorf("without a value: %v", err)
	}
	if _, err := Substitute([]byte(`${One}`), map[string]string{"One": "1", "Two": "2"}); err == nil || !strings.Contains(err.Error(), "Two") {
		t.Errorf("without a placeholder: %v", err)
	}
	if _, err := Load(statemachine.Export); err != nil {
		t.Errorf("placeholders are names like any other to Load: %v", err)
	}
}
