package asl

var callDifferences = map[string]difference{
	"too few arguments":         failsAs(`States.Format('{} {}', 1)`, errIntrinsic, errRuntime),
	"a pattern that is no text": failsAs(`States.Format($.n, 1)`, errIntrinsic, errRuntime),
	"no JSON":                   failsAs(`States.StringToJson($.broken)`, errIntrinsic, errRuntime),
	"JSON and more":             failsAs(`States.StringToJson($.trailing)`, errIntrinsic, errRuntime),
	"JSON from no text":         failsAs(`States.StringToJson($.n)`, errIntrinsic, errRuntime),
	"the length of an object":   failsAs(`States.ArrayLength($.a)`, errIntrinsic, errRuntime),
	"the length of text":        failsAs(`States.ArrayLength($.s)`, errIntrinsic, errRuntime),
	"an index beyond the end":   failsAs(`States.ArrayGetItem($.names, 2)`, errIntrinsic, errRuntime),
	"an index that is text":     failsAs(`States.ArrayGetItem($.names, 'a')`, errIntrinsic, errRuntime),
	"an item of no list":        failsAs(`States.ArrayGetItem($.n, 0)`, errIntrinsic, errRuntime),
	"contained in no list":      failsAs(`States.ArrayContains($.n, 1)`, errIntrinsic, errRuntime),
	"a sum of text":             failsAs(`States.MathAdd('1', 1)`, errIntrinsic, errRuntime),
	"a split of no text":        failsAs(`States.StringSplit($.n, ',')`, errIntrinsic, errRuntime),
	"a deep merge":              failsAs(`States.JsonMerge($.a, $.b, true)`, errIntrinsic, errRuntime),
	"a merge with a list":       failsAs(`States.JsonMerge($.a, $.list, false)`, errIntrinsic, errRuntime),

	"too many arguments": {failing(`States.Format('{}', 1, 2)`, errIntrinsic), run{output: `{"r":"1"}`}, "arguments are as many as holes; moto drops the rest"},
	"a negative index":   {failing(`States.ArrayGetItem($.names, -1)`, errIntrinsic), run{output: `{"r":"b"}`}, "an index is from 0; moto counts from the end"},
	"JSON with a name twice": {
		failing(`States.StringToJson($.twice)`, errIntrinsic), run{output: `{"r":{"a":2}}`},
		"JSON is strict with us; moto takes the last value",
	},
	"true among numbers":  gives(`States.ArrayContains(States.Array(true), 1)`, `false`, run{output: `{"r":true}`}, "true is no number, except in Python"),
	"a quote":             gives(`States.Format('it\'s {}', 1)`, `"it's 1"`, run{output: `{"r":"it\\\\"}`}, "a backslash takes a quote's meaning away; moto's text ends there"),
	"braces":              gives(`States.Format('\{\} {}', 1)`, `"{} 1"`, run{error: errRuntime}, "a backslash takes a brace's meaning away; moto fills it in"),
	"a backslash":         gives(`States.Format('a\\b {}', 1)`, `"a\\b 1"`, run{output: `{"r":"a\\\\\\\\b 1"}`}, "a backslash takes a backslash's meaning away; moto leaves both"),
	"a literal's accents": gives(`States.Format('é')`, `"é"`, run{output: `{"r":"u00e9"}`}, "moto reads the definition with its escapes"),
	"a text's accents":    gives(`States.JsonToString(States.StringToJson('"é"'))`, `"\"é\""`, run{}, "JSON is UTF-8; moto writes escapes"),
	"an object's order":   gives(`States.JsonToString(States.StringToJson('{"b":1,"a":2}'))`, `"{\"a\":2,\"b\":1}"`, run{output: `{"r":"{\"b\":1,\"a\":2}"}`}, "an object's fields have no order in JSON, and we write them sorted; moto keeps the input's"),
	"no separator":        gives(`States.StringSplit('abc', '')`, `["abc"]`, run{output: `{"r":["a","b","c"]}`}, "without separators nothing is separated; moto separates everything"),
	"a fraction":          gives(`States.MathAdd(1.4, 1)`, `2`, run{status: "REFUSED"}, "numbers may have fractions; moto's grammar can't read them"),
	"null":                gives(`States.ArrayContains($.list, null)`, `true`, run{status: "REFUSED"}, "null is an argument; moto's grammar has none"),

	"a failure without a name":       {run{definition: invoke(``), plan: map[string][]string{"f": {`!{"errorMessage":"no"}`}}, error: "Lambda.Unknown"}, fails("Exception"), "Step Functions reports errors that Lambda doesn't name as Lambda.Unknown"},
	"a failure with an empty name":   {run{definition: invoke(``), plan: map[string][]string{"f": {`!{"errorType":""}`}}, error: "Lambda.Unknown"}, run{status: "FAILED"}, "as above"},
	"a failure that is no object":    {run{definition: invoke(``), plan: map[string][]string{"f": {`!"no"`}}, error: "Lambda.Unknown"}, fails("Exception"), "as above"},
	"a reply that isn't JSON":        {run{definition: invoke(`"OutputPath":"$.Payload"`), plan: map[string][]string{"f": {"<html>"}}, error: errRuntime}, run{output: `"<html>"`}, "a function's reply is JSON; moto takes the rest for text"},
	"a reply with a name twice":      {run{definition: invoke(`"OutputPath":"$.Payload"`), plan: map[string][]string{"f": {`{"a":1,"a":2}`}}, error: errRuntime}, run{output: `{"a":2}`}, "JSON is strict with us; moto takes the last value"},
	"a catch to the state itself":    {run{definition: invoke(`"Catch":[{"ErrorEquals":["Bad"],"Next":"S"}]`), plan: map[string][]string{"f": {"!Bad", "1"}}, path: []string{"S", "S"}}, run{path: []string{"S"}}, "a Catch may go back to its own state; moto ends there"},
	"TaskFailed and the intrinsics'": {run{definition: one(`"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"x.$":"States.ArrayLength($)"}},"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"C"}],"End":true`, caught), path: []string{"S", "C"}}, run{error: errRuntime}, "Step Functions: States.TaskFailed matches every error but States.Timeout"},
}

// gives is a call with its result.
func gives(call, result string, moto run, why string) difference {
	ours := called([][2]string{{call, result}})
	ours.definition, ours.output = failing(call, "").definition, `{"r":`+result+`}`
	return difference{ours, moto, why}
}

// failsAs is a call that fails.
func failsAs(call, ours, motos string) difference {
	return difference{failing(call, ours), fails(motos), "the language has an error for intrinsic functions; moto reports Python's as States.Runtime"}
}

func fails(name string) run { return run{error: name} }
