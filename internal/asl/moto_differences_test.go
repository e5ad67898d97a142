package asl

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// difference is a run on which moto and we are known to differ: run says how we end it, moto how moto does.
type difference struct {
	run
	moto run // only what check looks at
	why  string
}

// TestDifferencesFromMoto asserts both sides, so that a change of either is noticed.
func TestDifferencesFromMoto(t *testing.T) {
	j := startJudge(t)
	for _, theme := range []map[string]difference{pathDifferences, choiceDifferences, callDifferences, partDifferences} {
		for name, d := range theme {
			t.Run(name, func(t *testing.T) {
				theirs, ours := d.byMoto(t, j), d.byUs(t)
				d.check(t, ours)
				d.moto.check(t, theirs)
				if gocmp.Equal(theirs, ours) {
					t.Errorf("there is no difference any more; it was: %s", d.why)
				}
			})
		}
	}
}

var pathDifferences = map[string]difference{
	"a path into an element": {
		run{definition: one(`"Type":"Pass","InputPath":"$.a[2].b","End":true`), input: `{"a":[0,0,{"b":3}]}`, output: `3`},
		run{output: `[3]`},
		"a reference path names one value; moto makes a list of it when a field follows an index",
	},
	"a variable that is an element's field": {
		run{definition: choice(`"Variable":"$.v[1].x","NumericEquals":1`), input: `{"v":[0,{"x":1}]}`, path: []string{"S", "Y"}},
		run{path: []string{"S", "N"}},
		"the same list of one, which is no number",
	},
	"ResultPath into what is no object": {
		run{definition: one(`"Type":"Pass","Result":1,"ResultPath":"$.a.b","End":true`), input: `{"a":3}`, error: errResultPath},
		run{error: errRuntime},
		"the language names the error; moto's is a Python error that it reports as States.Runtime",
	},
	"ResultPath into text": {
		run{definition: one(`"Type":"Pass","Result":1,"ResultPath":"$.b","End":true`), input: `"text"`, error: errResultPath},
		run{error: errRuntime},
		"as above",
	},
	"ResultPath beyond a list": {
		run{definition: one(`"Type":"Pass","Result":1,"ResultPath":"$.a[2]","End":true`), input: `{"a":[1]}`, error: errResultPath},
		run{output: `{"a":[1,{},1]}`},
		"the path names no element; moto fills the list with empty objects",
	},
	"ResultPath into null": {
		run{definition: one(`"Type":"Pass","Result":1,"ResultPath":"$.a.b","End":true`), input: `{"a":null}`, output: `{"a":{"b":1}}`},
		run{output: `{"a":null}`},
		"objects on the way are made; moto drops the result",
	},
	"a ResultWriter's paths": {
		run{definition: one(`"Type":"Map","ItemsPath":"$.l",` + distributedEcho + `,` + writer + `,"ResultPath":null,"End":true`), input: `{"l":[1],"p":"x"}`, output: `{"l":[1],"p":"x"}`},
		run{error: errRuntime},
		"they name places in the state's input; moto looks in the results",
	},

	// States.Runtime, which ends an execution whatever its handlers say.
	"States.ALL and a template's path to nothing": {
		run{
			definition: one(`"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"x.$":"$.no"}},"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}],"End":true`, caught),
			error:      errRuntime, path: []string{"S"},
		},
		run{path: []string{"S", "C"}},
		"Step Functions: a States.Runtime error is never retried or caught; moto catches it",
	},
	"the shipped machine's plan without a layout": {
		ship(map[string][]string{"plan": {`{}`}}, run{error: errRuntime, path: []string{"Plan"}}),
		run{error: errRuntime, path: []string{"Plan", "Fail", "Failed"}},
		"the same of a ResultSelector",
	},
	"States.ALL and States.Runtime in an item": {
		run{definition: one(`"Type":"Map","ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Pass","InputPath":"$.no","End":true}}},"MaxConcurrency":1,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}],"End":true`, caught), input: `[1]`, error: errRuntime, path: []string{"S", "T"}},
		run{path: []string{"S", "T", "C"}},
		"the same inside of a Map state",
	},
}

var choiceDifferences = map[string]difference{
	"a variable that names nothing": {
		run{definition: choice(`"Variable":"$.no","NumericEquals":1`), input: `{"v":1}`, error: errRuntime},
		run{path: []string{"S", "N"}},
		"Step Functions: the condition path references an invalid value; moto takes it for one that is not equal",
	},
	"IsNull of what names nothing": {
		run{definition: choice(`"Variable":"$.no","IsNull":true`), input: `{"v":1}`, error: errRuntime},
		run{path: []string{"S", "N"}},
		"as above: only IsPresent asks about what may be absent",
	},
	"a time with an offset": {
		run{definition: choice(`"Variable":"$.v","TimestampEquals":"2026-01-02T03:04:05Z"`), input: `{"v":"2026-01-02T04:04:05+01:00"}`, path: []string{"S", "Y"}},
		run{path: []string{"S", "N"}},
		"RFC 3339 has offsets; moto knows Z only",
	},
	"a time with a fraction": {
		run{definition: choice(`"Variable":"$.v","IsTimestamp":true`), input: `{"v":"2026-01-02T03:04:05.123Z"}`, path: []string{"S", "Y"}},
		run{path: []string{"S", "N"}},
		"RFC 3339 has fractions of seconds; moto knows whole ones only",
	},
	"StringMatches and a question mark": {
		run{definition: choice(`"Variable":"$.v","StringMatches":"a?c"`), input: `{"v":"abc"}`, path: []string{"S", "N"}},
		run{path: []string{"S", "Y"}},
		"only * is special; moto matches as a shell does",
	},
	"StringMatches and brackets": {
		run{definition: choice(`"Variable":"$.v","StringMatches":"a[b]c"`), input: `{"v":"a[b]c"}`, path: []string{"S", "Y"}},
		run{path: []string{"S", "N"}},
		"as above",
	},
	"StringMatches and a backslash": {
		run{definition: choice(`"Variable":"$.v","StringMatches":"a\\*c"`), input: `{"v":"a*c"}`, path: []string{"S", "Y"}},
		run{path: []string{"S", "N"}},
		"\\* is an asterisk; moto has no escapes",
	},
	"a path of the context to compare with": {
		run{definition: choice(`"Variable":"$.v","NumericEqualsPath":"$$.Execution.Input.v"`), input: `{"v":1}`, path: []string{"S", "Y"}},
		run{error: errRuntime},
		"every path may begin with $$; moto looks in the input only",
	},
}

// writer is a ResultWriter with a path.
const writer = `"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"bucket","Prefix.$":"$.p"}}`
