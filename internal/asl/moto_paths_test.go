package asl

// pathRuns are what data goes through between states: paths, templates, results.
var pathRuns = map[string]run{
	"pass: its input":                    {definition: one(`"Type":"Pass","End":true`), input: `{"a":[1,{"b":null}]}`},
	"pass: a bare string":                {definition: one(`"Type":"Pass","End":true`), input: `"text"`},
	"pass: null":                         {definition: one(`"Type":"Pass","End":true`), input: `null`},
	"pass: Result":                       {definition: one(`"Type":"Pass","Result":{"x":[true,1.5,"z"]},"End":true`), input: `{"a":1}`},
	"pass: Result into a field":          {definition: one(`"Type":"Pass","Result":7,"ResultPath":"$.b","End":true`), input: `{"a":1}`},
	"pass: Result into fields to make":   {definition: one(`"Type":"Pass","Result":7,"ResultPath":"$.b.c.d","End":true`), input: `{"a":1}`},
	"pass: Result over a field":          {definition: one(`"Type":"Pass","Result":7,"ResultPath":"$.a","End":true`), input: `{"a":{"b":1}}`},
	"pass: Result into an element":       {definition: one(`"Type":"Pass","Result":7,"ResultPath":"$.a[1]","End":true`), input: `{"a":[1,2,3]}`},
	"pass: Result over everything":       {definition: one(`"Type":"Pass","Result":7,"ResultPath":"$","End":true`), input: `{"a":1}`},
	"pass: Result thrown away":           {definition: one(`"Type":"Pass","Result":7,"ResultPath":null,"End":true`), input: `{"a":1}`},
	"pass: Result that looks like paths": {definition: one(`"Type":"Pass","Result":{"a.$":"$.a"},"End":true`), input: `{"a":1}`},
	"pass: Parameters": {
		definition: one(`"Type":"Pass","Parameters":{"fixed":1,"a.$":"$.a","in":{"b.$":"$.a.b"},"list":[1,"$.a",{"c.$":"$"}]},"End":true`),
		input:      `{"a":{"b":[2]}}`,
	},
	"pass: Parameters into a field": {definition: one(`"Type":"Pass","Parameters":{"b.$":"$.a"},"ResultPath":"$.p","End":true`), input: `{"a":1}`},
	"pass: Parameters of no paths":  {definition: one(`"Type":"Pass","Parameters":{"a":[]},"End":true`)},

	"InputPath":                    {definition: one(`"Type":"Pass","InputPath":"$.a","End":true`), input: `{"a":{"b":1},"c":2}`},
	"InputPath null":               {definition: one(`"Type":"Pass","InputPath":null,"End":true`), input: `{"a":1}`},
	"InputPath in brackets":        {definition: one(`"Type":"Pass","InputPath":"$['a b']['c']","End":true`), input: `{"a b":{"c":3}}`},
	"InputPath to null":            {definition: one(`"Type":"Pass","InputPath":"$.a","End":true`), input: `{"a":null}`},
	"InputPath to nothing":         {definition: one(`"Type":"Pass","InputPath":"$.no","End":true`), input: `{"a":1}`, error: "States.Runtime"},
	"InputPath beyond a list":      {definition: one(`"Type":"Pass","InputPath":"$.a[3]","End":true`), input: `{"a":[1]}`, error: "States.Runtime"},
	"InputPath and Parameters":     {definition: one(`"Type":"Pass","InputPath":"$.a","Parameters":{"x.$":"$.b"},"End":true`), input: `{"a":{"b":1}}`},
	"InputPath from the context":   {definition: one(`"Type":"Pass","InputPath":"$$.Execution.Input.a","End":true`), input: `{"a":{"b":1}}`},
	"OutputPath":                   {definition: one(`"Type":"Pass","OutputPath":"$.a.b","End":true`), input: `{"a":{"b":1}}`},
	"OutputPath null":              {definition: one(`"Type":"Pass","OutputPath":null,"End":true`), input: `{"a":1}`},
	"OutputPath to nothing":        {definition: one(`"Type":"Pass","OutputPath":"$.no","End":true`), input: `{"a":1}`, error: "States.Runtime"},
	"OutputPath after ResultPath":  {definition: one(`"Type":"Pass","Result":{"x":1},"ResultPath":"$.b","OutputPath":"$.b","End":true`), input: `{"a":1}`},
	"Succeed with both":            {definition: one(`"Type":"Succeed","InputPath":"$.a","OutputPath":"$.b"`), input: `{"a":{"b":5}}`},
	"Succeed with neither":         {definition: one(`"Type":"Succeed"`), input: `[1]`},
	"Wait with both":               {definition: one(`"Type":"Wait","Seconds":0,"InputPath":"$.a","OutputPath":"$.b","End":true`), input: `{"a":{"b":5}}`},
	"Wait until what is long past": {definition: one(`"Type":"Wait","Timestamp":"2020-01-01T00:00:00Z","End":true`), input: `{"a":1}`},
	"Wait by a path":               {definition: one(`"Type":"Wait","SecondsPath":"$.s","End":true`), input: `{"s":0}`},
	"Wait by a path to text":       {definition: one(`"Type":"Wait","SecondsPath":"$.s","End":true`), input: `{"s":"1"}`, error: "States.Runtime"},
	"Wait by a path to less":       {definition: one(`"Type":"Wait","SecondsPath":"$.s","End":true`), input: `{"s":-1}`, error: "States.Runtime"},
	"Wait by a path to a fraction": {definition: one(`"Type":"Wait","SecondsPath":"$.s","End":true`), input: `{"s":0.5}`, error: "States.Runtime"},
	"Wait by a path to nothing":    {definition: one(`"Type":"Wait","SecondsPath":"$.no","End":true`), error: "States.Runtime"},
	"Wait until a path's time":     {definition: one(`"Type":"Wait","TimestampPath":"$.t","End":true`), input: `{"t":"2020-01-01T00:00:00Z"}`},
	"Wait until no time":           {definition: one(`"Type":"Wait","TimestampPath":"$.t","End":true`), input: `{"t":"tomorrow"}`, error: "States.Runtime"},
	"Wait until no time zone":      {definition: one(`"Type":"Wait","TimestampPath":"$.t","End":true`), input: `{"t":"2020-01-01T00:00:00"}`, error: "States.Runtime"},

	"task: its input is the payload": {
		definition: one(`"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","End":true`),
		input:      `{"a":1}`, plan: map[string][]string{"arn:aws:lambda:us-east-1:123456789012:function:f": {`{"r":[1]}`}},
	},
	"task: Parameters are the payload": {
		definition: one(`"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","Parameters":{"x.$":"$.a"},"End":true`),
		input:      `{"a":1}`,
	},
	"task: a reply of a string": {definition: invoke(`"OutputPath":"$.Payload"`), plan: map[string][]string{"f": {`"text"`}}},
	"task: a reply of null":     {definition: invoke(`"OutputPath":"$.Payload"`), plan: map[string][]string{"f": {`null`}}},
	"task: a reply of digits":   {definition: invoke(`"OutputPath":"$.Payload"`), plan: map[string][]string{"f": {`[9007199254740993,0.1,-1]`}}},
	"task: ResultSelector": {
		definition: invoke(`"ResultSelector":{"got.$":"$.Payload.r","code.$":"$.StatusCode","fixed":true}`),
		plan:       map[string][]string{"f": {`{"r":{"s":1}}`}},
	},
	"task: ResultSelector and paths": {
		definition: invoke(`"ResultSelector":{"got.$":"$.Payload"},"ResultPath":"$.x.y","OutputPath":"$.x"`),
		input:      `{"a":1}`, plan: map[string][]string{"f": {`3`}},
	},
	"task: ResultSelector of nothing": {definition: invoke(`"ResultSelector":{"got.$":"$.Payload.no"}`), error: "States.Runtime"},
	"task: ResultPath null":           {definition: invoke(`"ResultPath":null`), input: `{"a":1}`, plan: map[string][]string{"f": {`3`}}},
	"task: ResultPath beside InputPath": {
		definition: invoke(`"InputPath":"$.a","ResultSelector":{"p.$":"$.Payload"},"ResultPath":"$.r"`),
		input:      `{"a":{"b":1}}`, plan: map[string][]string{"f": {`3`}},
	},
	"task: Parameters of nothing": {
		definition: one(`"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"x.$":"$.no"}},"End":true`),
		error:      "States.Runtime",
	},
	"task: no Payload": {
		definition: one(`"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"End":true,"OutputPath":"$.Payload"`),
		input:      `{"a":1}`,
	},
	"task: the function's name by path": {
		definition: one(`"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName.$":"$.f","Payload.$":"$.a"},"OutputPath":"$.Payload","End":true`),
		input:      `{"f":"g","a":[1]}`,
	},
	"task: a Payload of a bare string": {definition: one(`"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":"text"},"OutputPath":"$.Payload","End":true`)},
	"task: OutputPath fails, uncaught": {definition: invoke(`"OutputPath":"$.no","Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}]`, caught), error: "States.Runtime"},
	"context: the state and the input": {definition: one(`"Type":"Pass","Parameters":{"s.$":"$$.State.Name","i.$":"$$.Execution.Input.a"},"End":true`), input: `{"a":[1]}`},
	"context: nothing there":           {definition: one(`"Type":"Pass","Parameters":{"s.$":"$$.No"},"End":true`), error: "States.Runtime"},
	"states follow each other":         {definition: one(`"Type":"Pass","Result":1,"ResultPath":"$.a","Next":"T"`, `"T":{"Type":"Pass","Result":2,"ResultPath":"$.b","Next":"U"}`, `"U":{"Type":"Succeed","OutputPath":"$.b"}`)},
}

// caught is a state that a Catch may point at.
const caught = `"C":{"Type":"Pass","End":true}`

// again is one from which the first state follows.
const again = `"R":{"Type":"Pass","Next":"S"}`

// invoke is a machine of one task that calls the function f.
func invoke(fields string, others ...string) string {
	if fields != "" {
		fields = "," + fields
	}
	return one(`"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"a":1}},"End":true`+fields, others...)
}
