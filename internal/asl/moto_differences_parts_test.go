package asl

const tolerance = "moto counts the children that failed and never fails the map for them"

var partDifferences = map[string]difference{
	"map: not over a list": {
		run{definition: one(`"Type":"Map","ItemsPath":"$.a","ItemProcessor":{` + echo + `},"End":true`), input: `{"a":3}`, error: errRuntime},
		fails("States.QueryEvaluationError"), "Step Functions: the path must point to an array, States.Runtime",
	},
	"distributed: no such object": {
		run{definition: one(`"Type":"Map",` + reader + `,` + distributedEcho + `,"End":true`), input: `{"key":"absent"}`, error: errItemReader},
		fails(errRuntime), "Step Functions has an error for items that can't be read; moto's is of the call to S3",
	},
	"distributed: no such object, caught": {
		run{definition: one(`"Type":"Map",`+reader+`,`+distributedEcho+`,"Catch":[{"ErrorEquals":["States.ItemReaderFailed"],"Next":"C"}],"End":true`, caught), input: `{"key":"absent"}`, path: []string{"S", "C"}},
		fails(errRuntime), "as above",
	},
	"distributed: no JSON in the object": {
		run{definition: one(`"Type":"Map",` + reader + `,` + distributedEcho + `,"End":true`), input: `{"key":"broken"}`, objects: map[string]string{"broken": "[1,"}, error: errItemReader},
		fails(errRuntime), "as above, of Python's parser",
	},
	"distributed: one fails": {
		run{definition: one(`"Type":"Map",` + distributedWork + `,"MaxConcurrency":1,"End":true`), input: `[1,2,3]`, plan: map[string][]string{"f": {"1", "!Bad", "3"}}, error: errTooManyFailures, path: []string{"S", "T", "T"}},
		run{output: `[1,null,3]`}, tolerance,
	},
	"distributed: too large a share fails": {
		run{definition: one(`"Type":"Map",` + distributedWork + `,"MaxConcurrency":1,"ToleratedFailurePercentage":33.0,"End":true`), input: `[1,2,3]`, plan: map[string][]string{"f": {"1", "2", "!Bad"}}, error: errTooManyFailures},
		run{output: `[1,2,null]`}, tolerance,
	},
	"distributed: too many fail": {
		run{definition: one(`"Type":"Map",` + distributedWork + `,"MaxConcurrency":1,"ToleratedFailureCount":1,"End":true`), input: `[1,2,3]`, plan: map[string][]string{"f": {"1", "!Bad"}}, error: errTooManyFailures},
		run{output: `[1,null,null]`}, tolerance,
	},
	"distributed: one fails, caught": {
		run{definition: one(`"Type":"Map",`+distributedWork+`,"MaxConcurrency":1,"Catch":[{"ErrorEquals":["States.ExceedToleratedFailureThreshold"],"Next":"C"}],"End":true`, caught), input: `[1]`, plan: map[string][]string{"f": {"!Bad"}}, path: []string{"S", "T", "C"}},
		run{path: []string{"S", "T"}}, tolerance,
	},
	"distributed: one fails, retried": {
		run{definition: one(`"Type":"Map",` + distributedWork + `,"MaxConcurrency":1,"Retry":[{"ErrorEquals":["States.ALL"]}],"End":true`), input: `[1]`, plan: map[string][]string{"f": {"!Bad", "2"}}, output: `[2]`},
		run{output: `[null]`}, tolerance,
	},
	"distributed: States.Runtime in a child": {
		run{definition: one(`"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"T","States":{"T":{"Type":"Pass","InputPath":"$.no","End":true}}},"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}],"End":true`, caught), input: `[1]`, path: []string{"S", "T", "C"}},
		run{path: []string{"S", "T"}}, tolerance,
	},
	"shipped: a shard fails": {
		ship(map[string][]string{"plan": {planSharded}, "package": {"!Export.Permanent"}}, run{objects: oneShard, error: errTooManyFailures, path: []string{"Plan", "ChooseLayout", "PackageShards", "PackageShard", "Fail", "Failed"}}),
		run{path: []string{"Plan", "ChooseLayout", "PackageShards", "PackageShard", "Assemble", "Presign", "ChooseDestination", "Finish", "Completed"}}, tolerance,
	},
	"shipped: no list of shards": {
		ship(map[string][]string{"plan": {planSharded}}, run{objects: map[string]string{"s": `{}`}, error: errItemReader, path: []string{"Plan", "ChooseLayout", "PackageShards", "Fail", "Failed"}}),
		run{error: errRuntime, path: []string{"Plan", "ChooseLayout", "PackageShards", "Fail", "Failed"}}, "Step Functions: items that are no list can't be read",
	},
}
