package asl

import (
	"fmt"
	"strings"
)

const (
	yes = `"Y":{"Type":"Succeed"}`
	no  = `"N":{"Type":"Succeed"}`
)

// choice is a machine that ends in Y where the rule holds, and in N otherwise.
func choice(rule string) string {
	return one(`"Type":"Choice","Choices":[{`+rule+`,"Next":"Y"}],"Default":"N"`, yes, no)
}

// choiceRuns are rules by what they decide.
var choiceRuns = merge(compared(), map[string]run{
	"choice: no variable":              {definition: choice(`"Variable":"$.no","IsPresent":true`), path: []string{"S", "N"}},
	"choice: no variable in no object": {definition: choice(`"Variable":"$.v.no","IsPresent":false`), input: `{"v":1}`, path: []string{"S", "Y"}},
	"choice: And": {
		definition: choice(`"And":[{"Variable":"$.v","IsPresent":true},{"Variable":"$.v","NumericEquals":1}]`),
		input:      `{"v":1}`, path: []string{"S", "Y"},
	},
	"choice: And ends with the first no": {
		definition: choice(`"And":[{"Variable":"$.v","IsPresent":true},{"Variable":"$.v","NumericEquals":1}]`),
		path:       []string{"S", "N"},
	},
	"choice: And but for one": {
		definition: choice(`"And":[{"Variable":"$.v","NumericEquals":1},{"Variable":"$.v","NumericEquals":2}]`),
		input:      `{"v":1}`, path: []string{"S", "N"},
	},
	"choice: Or": {
		definition: choice(`"Or":[{"Variable":"$.v","NumericEquals":2},{"Variable":"$.v","NumericEquals":1}]`),
		input:      `{"v":1}`, path: []string{"S", "Y"},
	},
	"choice: Or ends with the first yes": {
		definition: choice(`"Or":[{"Variable":"$.v","IsPresent":false},{"Variable":"$.v","NumericEquals":1}]`),
		path:       []string{"S", "Y"},
	},
	"choice: Or of none": {
		definition: choice(`"Or":[{"Variable":"$.v","NumericEquals":2},{"Variable":"$.v","NumericEquals":3}]`),
		input:      `{"v":1}`, path: []string{"S", "N"},
	},
	"choice: Not":                 {definition: choice(`"Not":{"Variable":"$.v","NumericEquals":2}`), input: `{"v":1}`, path: []string{"S", "Y"}},
	"choice: Not of another kind": {definition: choice(`"Not":{"Variable":"$.v","NumericEquals":2}`), input: `{"v":"2"}`, path: []string{"S", "Y"}},
	"choice: rules in rules": {
		definition: choice(`"Not":{"Or":[{"And":[{"Variable":"$.v","NumericEquals":1},{"Not":{"Variable":"$.w","IsNull":true}}]},{"Variable":"$.v","NumericEquals":9}]}`),
		input:      `{"v":1,"w":null}`, path: []string{"S", "Y"},
	},
	"choice: the first of two that hold": {
		definition: one(`"Type":"Choice","Choices":[{"Variable":"$.v","NumericGreaterThan":0,"Next":"Y"},{"Variable":"$.v","NumericEquals":1,"Next":"N"}]`, yes, no),
		input:      `{"v":1}`, path: []string{"S", "Y"},
	},
	"choice: the second of two": {
		definition: one(`"Type":"Choice","Choices":[{"Variable":"$.v","NumericGreaterThan":5,"Next":"Y"},{"Variable":"$.v","NumericEquals":1,"Next":"N"}]`, yes, no),
		input:      `{"v":1}`, path: []string{"S", "N"},
	},
	"choice: none, and no Default": {
		definition: one(`"Type":"Choice","Choices":[{"Variable":"$.v","NumericGreaterThan":5,"Next":"Y"}]`, yes),
		input:      `{"v":1}`, error: "States.Runtime",
	},
	"choice: by a path to another kind":   {definition: choice(`"Variable":"$.v","NumericEqualsPath":"$.w"`), input: `{"v":1,"w":"1"}`, path: []string{"S", "N"}},
	"choice: by a path to nothing":        {definition: choice(`"Variable":"$.v","NumericEqualsPath":"$.no"`), input: `{"v":1}`, error: "States.Runtime"},
	"choice: a variable from the context": {definition: choice(`"Variable":"$$.Execution.Input.v","NumericEquals":1`), input: `{"v":1}`, path: []string{"S", "Y"}},
	"choice: InputPath and OutputPath": {
		definition: one(`"Type":"Choice","InputPath":"$.a","OutputPath":"$.b","Choices":[{"Variable":"$.v","NumericGreaterThan":5,"Next":"Y"}],"Default":"N"`, yes, no),
		input:      `{"a":{"v":9,"b":3}}`, output: `3`, path: []string{"S", "Y"},
	},
})

// compared has a run for every operator: a chain of choices, one for each value. $.w is the operand of a path.
func compared() map[string]run {
	all := map[string]run{}
	for _, c := range []struct{ operator, operand, values, decides string }{
		{"StringEquals", `"b"`, `"b" "a" "B" 1 null ["b"]`, "YNNNNN"},
		{"StringLessThan", `"b"`, `"a" "b" "c" "" 1`, "YNNYN"},
		{"StringLessThanEquals", `"b"`, `"a" "b" "c" true`, "YYNN"},
		{"StringGreaterThan", `"b"`, `"a" "b" "ba" "é" {}`, "NNYYN"},
		{"StringGreaterThanEquals", `"b"`, `"a" "b" "c"`, "NYY"},
		{"StringMatches", `"a*c"`, `"abc" "ac" "abcd" "xabc" "ab\nc" 1`, "YYNNYN"},
		{"StringMatches", `"*.log"`, `".log" "x.log" "xlog"`, "YYN"},
		{"StringMatches", `"a*b*c"`, `"abc" "axxbxxc" "acb"`, "YYN"},
		{"StringMatches", `"abc"`, `"abc" "ab"`, "YN"},
		{"NumericEquals", `2`, `2 2.0 3 "2" null`, "YYNNN"},
		{"NumericLessThan", `2.5`, `2 2.5 3 -1e3`, "YNNY"},
		{"NumericLessThanEquals", `2`, `1 2 3`, "YYN"},
		{"NumericGreaterThan", `2`, `1 2 2.01 true`, "NNYN"},
		{"NumericGreaterThanEquals", `2`, `1 2 3`, "NYY"},
		{"BooleanEquals", `true`, `true false 1 "true" null`, "YNNNN"},
		{"BooleanEquals", `false`, `true false 0`, "NYN"},
		{"TimestampEquals", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05Z" "2026-01-02T03:04:06Z" "x" 1`, "YNNN"},
		{"TimestampLessThan", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:04Z" "2026-01-02T03:04:05Z"`, "YN"},
		{"TimestampLessThanEquals", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05Z" "2026-01-02T03:04:06Z"`, "YN"},
		{"TimestampGreaterThan", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05Z" "2026-01-02T03:04:06Z"`, "NY"},
		{"TimestampGreaterThanEquals", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:04Z" "2026-01-02T03:04:05Z"`, "NY"},
		{"IsNull", `true`, `null 0 ""`, "YNN"},
		{"IsNull", `false`, `null 0`, "NY"},
		{"IsString", `true`, `"a" 1`, "YN"},
		{"IsString", `false`, `"a" 1`, "NY"},
		{"IsNumeric", `true`, `1 1.5 "1" true`, "YYNN"},
		{"IsNumeric", `false`, `1 "1"`, "NY"},
		{"IsBoolean", `true`, `true 1`, "YN"},
		{"IsBoolean", `false`, `true 1`, "NY"},
		{"IsTimestamp", `true`, `"2026-01-02T03:04:05Z" "2026-01-02" "2026-01-02T03:04:05" 1`, "YNNN"},
		{"IsTimestamp", `false`, `"2026-01-02T03:04:05Z" "2026-01-02"`, "NY"},
		{"IsPresent", `true`, `null 1`, "YY"},
		{"IsPresent", `false`, `null 1`, "NN"},
		{"StringEqualsPath", `"b"`, `"a" "b" "c"`, "NYN"},
		{"StringLessThanPath", `"b"`, `"a" "b" "c"`, "YNN"},
		{"StringLessThanEqualsPath", `"b"`, `"a" "b" "c"`, "YYN"},
		{"StringGreaterThanPath", `"b"`, `"a" "b" "c"`, "NNY"},
		{"StringGreaterThanEqualsPath", `"b"`, `"a" "b" "c"`, "NYY"},
		{"NumericEqualsPath", `2`, `1 2 3`, "NYN"},
		{"NumericLessThanPath", `2`, `1 2 3`, "YNN"},
		{"NumericLessThanEqualsPath", `2`, `1 2 3`, "YYN"},
		{"NumericGreaterThanPath", `2`, `1 2 3`, "NNY"},
		{"NumericGreaterThanEqualsPath", `2`, `1 2 3`, "NYY"},
		{"BooleanEqualsPath", `true`, `true false 1`, "YNN"},
		{"TimestampEqualsPath", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:04Z" "2026-01-02T03:04:05Z" "2026-01-02T03:04:06Z"`, "NYN"},
		{"TimestampLessThanPath", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:04Z" "2026-01-02T03:04:05Z" "2026-01-02T03:04:06Z"`, "YNN"},
		{"TimestampLessThanEqualsPath", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:04Z" "2026-01-02T03:04:05Z" "2026-01-02T03:04:06Z"`, "YYN"},
		{"TimestampGreaterThanPath", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:04Z" "2026-01-02T03:04:05Z" "2026-01-02T03:04:06Z"`, "NNY"},
		{"TimestampGreaterThanEqualsPath", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:04Z" "2026-01-02T03:04:05Z" "2026-01-02T03:04:06Z"`, "NYY"},
	} {
		all["choice: "+c.operator+" "+c.operand] = chain(c.operator, c.operand, strings.Fields(c.values), c.decides)
	}
	return all
}

// chain asks about $.v0, $.v1 … and goes through Y0 or N0, Y1 or N1 …
func chain(operator, operand string, values []string, decides string) run {
	input := []string{`"w":` + operand}
	if strings.HasSuffix(operator, "Path") {
		operand = `"$.w"`
	}
	var states, path []string
	for i, v := range values {
		input = append(input, fmt.Sprintf(`"v%d":%s`, i, v))
		states = append(states,
			fmt.Sprintf(`"C%d":{"Type":"Choice","Choices":[{"Variable":"$.v%d","%s":%s,"Next":"Y%d"}],"Default":"N%d"}`, i, i, operator, operand, i, i),
			fmt.Sprintf(`"Y%d":{"Type":"Pass","Next":"C%d"},"N%d":{"Type":"Pass","Next":"C%d"}`, i, i+1, i, i+1))
		path = append(path, fmt.Sprintf("C%d", i), fmt.Sprintf("%c%d", decides[i], i))
	}
	last := fmt.Sprintf("C%d", len(values))
	states = append(states, `"`+last+`":{"Type":"Succeed"}`)
	return run{definition: `{"StartAt":"C0","States":{` + strings.Join(states, ",") + `}}`, input: "{" + strings.Join(input, ",") + "}", path: append(path, last)}
}
