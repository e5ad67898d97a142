package asl

import "fmt"

// failureRuns are what a function, a state or the service may do wrong, and who retries and who catches it.
var failureRuns = merge(map[string]run{
	"fails": {definition: invoke(``), plan: map[string][]string{"f": {"!Bad"}}, error: "Bad"},
	"fails, by ARN": {
		definition: one(`"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","Catch":[{"ErrorEquals":["Bad"],"Next":"C"}],"End":true`, caught),
		plan:       map[string][]string{"arn:aws:lambda:us-east-1:123456789012:function:f": {"!Bad"}},
	},
	"panics": {
		definition: invoke(`"Catch":[{"ErrorEquals":["string"],"Next":"C"}]`, caught),
		plan:       map[string][]string{"f": {`!{"errorMessage":"boom","errorType":"string","stackTrace":[{"path":"a/b.go","line":7,"label":"f"}]}`}},
	},
	"panics with a runtime error": {
		definition: invoke(`"Catch":[{"ErrorEquals":["boundsError"],"ResultPath":"$.e","Next":"C"}]`, caught),
		input:      `{"a":1}`, plan: map[string][]string{"f": {`!{"errorMessage":"runtime error: index out of range [1] with length 0","errorType":"boundsError","stackTrace":[]}`}},
	},
	"throttled":                   {definition: invoke(``), plan: map[string][]string{"f": {"throttled"}}, error: "Lambda.TooManyRequestsException"},
	"throttled, then not":         {definition: invoke(`"Retry":[{"ErrorEquals":["Lambda.TooManyRequestsException"]}]`), plan: map[string][]string{"f": {"throttled", "1"}}},
	"the service fails":           {definition: invoke(``), plan: map[string][]string{"f": {"broken"}}, error: "Lambda.ServiceException"},
	"the service fails, then not": {definition: invoke(`"Retry":[{"ErrorEquals":["Lambda.ServiceException"]}]`), plan: map[string][]string{"f": {"broken", "1"}}},
	"time-out":                    {definition: invoke(`"TimeoutSeconds":1`), plan: map[string][]string{"f": {"slow"}}, error: "States.Timeout"},
	"time-out, retried":           {definition: invoke(`"TimeoutSeconds":1,"Retry":[{"ErrorEquals":["States.Timeout"]}]`), plan: map[string][]string{"f": {"slow", "1"}}},
	"time-out, caught": {
		definition: invoke(`"TimeoutSeconds":1,"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"N"},{"ErrorEquals":["States.ALL"],"Next":"C"}]`, caught, no),
		plan:       map[string][]string{"f": {"slow"}}, path: []string{"S", "C"},
	},
	"the machine's time-out": {definition: `{"StartAt":"W","TimeoutSeconds":1,"States":{"W":{"Type":"Wait","Seconds":5,"End":true}}}`, status: "TIMED_OUT"},

	"Fail":                       {definition: one(`"Type":"Fail","Error":"Own","Cause":"so"`), error: "Own"},
	"Fail without a cause":       {definition: one(`"Type":"Fail","Error":"Own"`), error: "Own"},
	"Fail by paths":              {definition: one(`"Type":"Fail","ErrorPath":"$.e","CausePath":"$.c"`), input: `{"e":"Own","c":"so"}`, error: "Own"},
	"Fail by the context":        {definition: one(`"Type":"Fail","ErrorPath":"$$.Execution.Input.e","Cause":"c"`), input: `{"e":"Own","c":"so"}`, error: "Own"},
	"Fail by a path to nothing":  {definition: one(`"Type":"Fail","ErrorPath":"$.no","CausePath":"$.c"`), input: `{"e":"Own","c":"so"}`, error: "States.Runtime"},
	"Fail, CausePath to nothing": {definition: one(`"Type":"Fail","Error":"Own","CausePath":"$.no"`), error: "States.Runtime"},
	"Fail by a path to a number": {definition: one(`"Type":"Fail","ErrorPath":"$.e","CausePath":"$.c"`), input: `{"e":5,"c":"so"}`, error: "States.Runtime"},

	"retry: by default three times": {definition: invoke(`"Retry":[{"ErrorEquals":["Bad"]}]`), plan: map[string][]string{"f": {"!Bad"}}, error: "Bad"},
	"retry: not at all":             {definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"MaxAttempts":0}]`), plan: map[string][]string{"f": {"!Bad"}}, error: "Bad"},
	"retry: once, enough":           {definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"MaxAttempts":1}]`), plan: map[string][]string{"f": {"!Bad", "1"}}},
	"retry: once, not enough": {
		definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"MaxAttempts":1}]`),
		plan:       map[string][]string{"f": {"!Bad", "!Bad", "1"}}, error: "Bad",
	},
	"retry: three times, enough": {
		definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"MaxAttempts":3}]`),
		plan:       map[string][]string{"f": {"!Bad", "!Bad", "!Bad", "1"}},
	},
	"retry: another error":        {definition: invoke(`"Retry":[{"ErrorEquals":["Other"]}]`), plan: map[string][]string{"f": {"!Bad"}}, error: "Bad"},
	"retry: one of several names": {definition: invoke(`"Retry":[{"ErrorEquals":["Other","Bad"],"MaxAttempts":1}]`), plan: map[string][]string{"f": {"!Bad", "1"}}},
	"retry: retriers count apart": {
		definition: invoke(`"Retry":[{"ErrorEquals":["A"],"MaxAttempts":1},{"ErrorEquals":["B"],"MaxAttempts":2}]`),
		plan:       map[string][]string{"f": {"!A", "!B", "!B", "1"}},
	},
	"retry: one retrier is used up": {
		definition: invoke(`"Retry":[{"ErrorEquals":["A"],"MaxAttempts":1},{"ErrorEquals":["States.ALL"],"MaxAttempts":5}]`),
		plan:       map[string][]string{"f": {"!A", "!B", "!A", "1"}}, error: "A",
	},
	"retry: the first that matches": {
		definition: invoke(`"Retry":[{"ErrorEquals":["A"],"MaxAttempts":0},{"ErrorEquals":["States.ALL"]}]`),
		plan:       map[string][]string{"f": {"!A", "1"}}, error: "A",
	},
	"retry: States.ALL":        {definition: invoke(`"Retry":[{"ErrorEquals":["States.ALL"]}]`), plan: map[string][]string{"f": {"!A", "throttled", "!C", "1"}}},
	"retry: States.TaskFailed": {definition: invoke(`"Retry":[{"ErrorEquals":["States.TaskFailed"]}]`), plan: map[string][]string{"f": {"!A", "1"}}},
	"retry: then caught": {
		definition: invoke(`"Retry":[{"ErrorEquals":["A"],"MaxAttempts":1}],"Catch":[{"ErrorEquals":["A"],"Next":"C"}]`, caught),
		plan:       map[string][]string{"f": {"!A"}},
	},
	"retry: jitter and most delay": {
		definition: invoke(`"Retry":[{"ErrorEquals":["A"],"IntervalSeconds":2,"BackoffRate":3.0,"MaxDelaySeconds":5,"JitterStrategy":"FULL"}]`),
		plan:       map[string][]string{"f": {"!A", "!A", "1"}},
	},
	"retry: no JitterStrategy": {definition: invoke(`"Retry":[{"ErrorEquals":["A"],"JitterStrategy":"NONE"}]`), plan: map[string][]string{"f": {"!A", "!A", "1"}}},
	"retry: the count in the context": {
		definition: one(`"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload":{"n.$":"$$.State.RetryCount"}},"Retry":[{"ErrorEquals":["A"]}],"End":true`),
		plan:       map[string][]string{"f": {"!A", "!A", "1"}},
	},

	"catch: the input is kept": {
		definition: invoke(`"Catch":[{"ErrorEquals":["Bad"],"ResultPath":"$.e","Next":"C"}]`, caught),
		input:      `{"a":1}`, plan: map[string][]string{"f": {"!Bad"}},
	},
	"catch: the input is replaced": {
		definition: invoke(`"Catch":[{"ErrorEquals":["Bad"],"Next":"C"}]`, caught),
		input:      `{"a":1}`, plan: map[string][]string{"f": {"!Bad"}},
	},
	"catch: the error is dropped": {
		definition: invoke(`"Catch":[{"ErrorEquals":["Bad"],"ResultPath":null,"Next":"C"}]`, caught),
		input:      `{"a":1}`, plan: map[string][]string{"f": {"!Bad"}}, output: `{"a":1}`,
	},
	"catch: States.ALL":        {definition: invoke(`"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}]`, caught), plan: map[string][]string{"f": {"!Bad"}}},
	"catch: States.TaskFailed": {definition: invoke(`"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"C"}]`, caught), plan: map[string][]string{"f": {"!Bad"}}},
	"catch: the first of two": {
		definition: invoke(`"Catch":[{"ErrorEquals":["Bad"],"Next":"C"},{"ErrorEquals":["States.ALL"],"Next":"Y"}]`, caught, yes),
		plan:       map[string][]string{"f": {"!Bad"}}, path: []string{"S", "C"},
	},
	"catch: the second of two": {
		definition: invoke(`"Catch":[{"ErrorEquals":["Other"],"Next":"C"},{"ErrorEquals":["States.ALL"],"Next":"Y"}]`, caught, yes),
		plan:       map[string][]string{"f": {"!Bad"}}, path: []string{"S", "Y"},
	},
	"catch: another error": {definition: invoke(`"Catch":[{"ErrorEquals":["Other"],"Next":"C"}]`, caught), plan: map[string][]string{"f": {"!Bad"}}, error: "Bad"},
	"catch: OutputPath is not asked": {
		definition: invoke(`"OutputPath":"$.no","Catch":[{"ErrorEquals":["Bad"],"Next":"C"}]`, caught),
		plan:       map[string][]string{"f": {"!Bad"}},
	},
	"catch: InputPath is not asked": {
		definition: invoke(`"InputPath":"$.a","Catch":[{"ErrorEquals":["Bad"],"ResultPath":"$.e","Next":"C"}]`, caught),
		input:      `{"a":{"x":1}}`, plan: map[string][]string{"f": {"!Bad"}},
	},
	"catch: and back again": {
		definition: invoke(`"Catch":[{"ErrorEquals":["Bad"],"ResultPath":"$.e","Next":"R"},{"ErrorEquals":["Worse"],"Next":"C"}]`, caught, again),
		plan:       map[string][]string{"f": {"!Bad", "!Worse"}},
	},
	"catch: retries begin anew": {
		definition: invoke(`"Retry":[{"ErrorEquals":["Bad"],"MaxAttempts":1}],"Catch":[{"ErrorEquals":["Bad"],"Next":"R"},{"ErrorEquals":["Worse"],"Next":"C"}]`, caught, again),
		plan:       map[string][]string{"f": {"!Bad", "!Bad", "!Bad", "!Worse"}},
	},
	"catch: to Fail": {
		definition: invoke(`"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"F"}]`, `"F":{"Type":"Fail","ErrorPath":"$.e.Error","CausePath":"$.e.Cause"}`),
		plan:       map[string][]string{"f": {"!Bad"}}, error: "Bad",
	},
	"InputPath fails, uncaught": {definition: invoke(`"InputPath":"$.no","Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}]`, caught), error: "States.Runtime"},
}, large())

// large are inputs and results beyond what may pass between states.
func large() map[string]run {
	big := fmt.Sprintf(`"%0*d"`, 300_000, 7)
	return map[string]run{
		"a large reply": {definition: invoke(`"ResultPath":null`), plan: map[string][]string{"f": {big}}, error: "States.DataLimitExceeded"},
		"a large reply, caught": {
			definition: invoke(`"ResultPath":null,"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"C"}]`, caught),
			plan:       map[string][]string{"f": {big}},
		},
		"a large output": {definition: one(`"Type":"Pass","Result":` + big + `,"End":true`), error: "States.DataLimitExceeded"},
	}
}
