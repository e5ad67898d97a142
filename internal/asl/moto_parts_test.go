package asl

const (
	echo            = `"StartAt":"E","States":{"E":{"Type":"Pass","End":true}}`
	work            = `"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload","End":true}}`
	distributedEcho = `"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},` + echo + `}`
	distributedWork = `"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},` + work + `}`
	reader          = `"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON"},"Parameters":{"Bucket":"bucket","Key.$":"$.key"}}`
)

// partRuns are Map and Parallel states.
var partRuns = map[string]run{
	"map: over the input": {definition: one(`"Type":"Map","ItemProcessor":{` + echo + `},"MaxConcurrency":1,"End":true`), input: `[1,"a",{"b":2}]`},
	"map: over nothing":   {definition: one(`"Type":"Map","ItemProcessor":{` + echo + `},"End":true`), input: `[]`},
	"map: ItemsPath": {
		definition: one(`"Type":"Map","ItemsPath":"$.a.b","ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},` + echo + `},"MaxConcurrency":1,"End":true`),
		input:      `{"a":{"b":[1,2]}}`,
	},
	"map: ItemSelector": {
		definition: one(`"Type":"Map","ItemsPath":"$.l","ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","w.$":"$$.Map.Item.Value.x","all.$":"$.k","fixed":1},"ItemProcessor":{` + echo + `},"MaxConcurrency":1,"End":true`),
		input:      `{"k":"K","l":[{"x":1},{"x":2}]}`,
	},
	"map: InputPath and ItemsPath": {
		definition: one(`"Type":"Map","InputPath":"$.a","ItemsPath":"$.b","ItemSelector":{"c.$":"$.c","v.$":"$$.Map.Item.Value"},"ItemProcessor":{` + echo + `},"MaxConcurrency":1,"ResultPath":"$.r","End":true`),
		input:      `{"a":{"b":[1,2],"c":3}}`,
	},
	"map: item inside": {
		definition: one(`"Type":"Map","ItemProcessor":{"StartAt":"E","States":{"E":{"Type":"Pass","Parameters":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","in.$":"$","s.$":"$$.State.Name","xi.$":"$$.Execution.Input"},"End":true}}},"MaxConcurrency":1,"End":true`),
		input:      `[7,8]`,
	},
	"map: many at once": {
		definition: one(`"Type":"Map","ItemProcessor":{` + work + `},"MaxConcurrency":3,"End":true`),
		input:      `[1,2,3,4,5,6,7,8]`, plan: map[string][]string{"f": {`"done"`}}, atOnce: true,
	},
	"map: no limit": {
		definition: one(`"Type":"Map","ItemProcessor":{` + work + `},"MaxConcurrency":0,"End":true`),
		input:      `[1,2,3,4,5,6,7,8]`, plan: map[string][]string{"f": {`"done"`}}, atOnce: true,
	},
	"map: over a path to nothing": {
		definition: one(`"Type":"Map","ItemsPath":"$.no","ItemProcessor":{` + echo + `},"End":true`),
		input:      `{"a":3}`, error: "States.Runtime",
	},
	"map: one fails": {
		definition: one(`"Type":"Map","ItemProcessor":{` + work + `},"MaxConcurrency":1,"End":true`),
		input:      `[1,2,3]`, plan: map[string][]string{"f": {"1", "!Bad", "3"}}, error: "Bad",
	},
	"map: one fails, caught": {
		definition: one(`"Type":"Map","ItemProcessor":{`+work+`},"MaxConcurrency":1,"Catch":[{"ErrorEquals":["Bad"],"ResultPath":"$.e","Next":"C"}],"ItemsPath":"$.l","End":true`, caught),
		input:      `{"l":[1,2,3]}`, plan: map[string][]string{"f": {"1", "!Bad", "3"}},
	},
	"map: one fails, retried": {
		definition: one(`"Type":"Map","ItemProcessor":{` + work + `},"MaxConcurrency":1,"Retry":[{"ErrorEquals":["Bad"]}],"End":true`),
		input:      `[1,2,3]`, plan: map[string][]string{"f": {"1", "!Bad", "3"}},
	},
	"map: retried inside": {
		definition: one(`"Type":"Map","ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload","Retry":[{"ErrorEquals":["Bad"]}],"End":true}}},"MaxConcurrency":1,"End":true`),
		input:      `[1,2,3]`, plan: map[string][]string{"f": {"1", "!Bad", "2", "3"}},
	},
	"map: caught inside": {
		definition: one(`"Type":"Map","ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload","Catch":[{"ErrorEquals":["Bad"],"Next":"C"}],"End":true},` + caught + `}},"MaxConcurrency":1,"End":true`),
		input:      `[1,2,3]`, plan: map[string][]string{"f": {"1", "!Bad", "3"}},
	},
	"map: Fail inside": {
		definition: one(`"Type":"Map","ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Fail","Error":"Own","Cause":"so"}}},"MaxConcurrency":1,"Catch":[{"ErrorEquals":["Own"],"Next":"C"}],"End":true`, caught),
		input:      `[1,2,3]`,
	},
	"map: ResultSelector": {
		definition: one(`"Type":"Map","ItemProcessor":{` + echo + `},"MaxConcurrency":1,"ResultSelector":{"all.$":"$","first.$":"$[0]"},"End":true`),
		input:      `[1,2]`,
	},
	"map: in a map": {
		definition: one(`"Type":"Map","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Map","ItemProcessor":{` + echo + `},"MaxConcurrency":1,"End":true}}},"MaxConcurrency":1,"End":true`),
		input:      `[[1,2],[3]]`,
	},
	"map: several states": {
		definition: one(`"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$","NumericGreaterThan":1,"Next":"B"}],"Default":"D"},"B":{"Type":"Pass","Result":"big","End":true},"D":{"Type":"Succeed"}}},"MaxConcurrency":1,"End":true`),
		input:      `[1,2]`,
	},

	"distributed: over the input": {definition: one(`"Type":"Map",` + distributedEcho + `,"MaxConcurrency":1,"End":true`), input: `[1,2,{"a":3}]`},
	"distributed: no items":       {definition: one(`"Type":"Map",` + distributedEcho + `,"MaxConcurrency":1,"End":true`), input: `[]`},
	"distributed: items from storage": {
		definition: one(`"Type":"Map",` + reader + `,"ItemSelector":{"v.$":"$$.Map.Item.Value.n","i.$":"$$.Map.Item.Index","k.$":"$.key"},` + distributedEcho + `,"MaxConcurrency":1,"End":true`),
		input:      `{"key":"items35.json"}`, objects: map[string]string{"items35.json": `[{"n":1},{"n":2}]`},
	},
	"distributed: MaxItems": {
		definition: one(`"Type":"Map","ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON","MaxItems":1},"Parameters":{"Bucket":"bucket","Key.$":"$.key"}},` + distributedEcho + `,"MaxConcurrency":1,"End":true`),
		input:      `{"key":"items36.json"}`, objects: map[string]string{"items36.json": `[{"n":1},{"n":2}]`},
	},
	"distributed: no list in the object": {
		definition: one(`"Type":"Map",` + reader + `,` + distributedEcho + `,"MaxConcurrency":1,"End":true`),
		input:      `{"key":"items39.json"}`, objects: map[string]string{"items39.json": `{"n":1}`}, error: "States.ItemReaderFailed",
	},
	"distributed: one fails of so many tolerated": {
		definition: one(`"Type":"Map",` + distributedWork + `,"MaxConcurrency":1,"ToleratedFailureCount":1,"ResultPath":null,"End":true`),
		input:      `[1,2,3]`, plan: map[string][]string{"f": {"1", "!Bad", "3"}},
	},
	"distributed: one fails of a share tolerated": {
		definition: one(`"Type":"Map",` + distributedWork + `,"MaxConcurrency":1,"ToleratedFailurePercentage":34.0,"ResultPath":null,"End":true`),
		input:      `[1,2,3]`, plan: map[string][]string{"f": {"1", "!Bad", "3"}},
	},
	"distributed: results to storage": {
		definition: one(`"Type":"Map",` + distributedEcho + `,"MaxConcurrency":1,"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"bucket","Prefix":"p"}},"ResultSelector":{"b.$":"$.ResultWriterDetails.Bucket"},"End":true`),
		input:      `[1,2]`,
	},
	"distributed: $$.Execution": {
		definition: one(`"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"E","States":{"E":{"Type":"Pass","Parameters":{"x.$":"$$.Execution.Input"},"End":true}}},"MaxConcurrency":1,"End":true`),
		input:      `[1]`,
	},

	"parallel": {
		definition: one(`"Type":"Parallel","Branches":[{` + echo + `},{"StartAt":"F","States":{"F":{"Type":"Pass","Result":2,"End":true}}}],"End":true`),
		input:      `{"a":1}`, output: `[{"a":1},2]`, atOnce: true,
	},
	"parallel: one branch": {definition: one(`"Type":"Parallel","Branches":[{` + echo + `}],"ResultPath":"$.r","End":true`), input: `{"a":1}`},
	"parallel: Parameters": {
		definition: one(`"Type":"Parallel","Parameters":{"p.$":"$.a"},"ResultSelector":{"f.$":"$[0]"},"Branches":[{` + echo + `}],"End":true`),
		input:      `{"a":1}`,
	},
	"parallel: InputPath": {
		definition: one(`"Type":"Parallel","InputPath":"$.a","OutputPath":"$[0]","Branches":[{` + echo + `}],"End":true`),
		input:      `{"a":1}`,
	},
	"parallel: a branch fails": {
		definition: one(`"Type":"Parallel","Branches":[{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Own","Cause":"so"}}}],"End":true`),
		error:      "Own",
	},
	"parallel: one branch of two fails": {
		definition: one(`"Type":"Parallel","Branches":[{` + work + `},{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":1,"Next":"F"},"F":{"Type":"Fail","Error":"Own","Cause":"so"}}}],"End":true`),
		error:      "Own", plan: map[string][]string{"f": {"slow"}}, atOnce: true,
	},
	"parallel: caught": {definition: one(`"Type":"Parallel","Branches":[{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Own","Cause":"so"}}}],"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"C"}],"End":true`, caught)},
	"parallel: caught by TaskFailed": {
		definition: one(`"Type":"Parallel","Branches":[{`+work+`}],"Catch":[{"ErrorEquals":["States.TaskFailed"],"ResultPath":"$.e","Next":"C"}],"End":true`, caught),
		plan:       map[string][]string{"f": {"!Bad"}},
	},
	"parallel: retried": {
		definition: one(`"Type":"Parallel","Branches":[{` + work + `}],"Retry":[{"ErrorEquals":["Bad"],"MaxAttempts":1}],"End":true`),
		plan:       map[string][]string{"f": {"!Bad", "2"}},
	},
	"parallel: branches of several states": {definition: one(`"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Result":1,"Next":"B"},"B":{"Type":"Succeed"}}}],"Next":"C"`, caught)},
}
