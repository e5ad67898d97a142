package asl

import (
	"fmt"
	"strings"
)

// intrinsicInput is what the calls below work on.
const intrinsicInput = `{"s":"text","n":3,"half":1.5,"below":-1.5,"none":null,"list":[1,[2],{"a":[3]},"x",null,true],"names":["a","b"],
	"a":{"k":{"b":1},"c":1},"b":{"k":{"d":2},"e":[]},"pair":{"k":[1,{"l":"m"}]},"pattern":"{}-{}","json":"{\"a\":[1,2.5,null]}","blank":" ",
	"broken":"{","trailing":"1 2","twice":"{\"a\":1,\"a\":2}"}`

// calls are intrinsic functions with what they give for intrinsicInput. They run in one execution.
var calls = [][2]string{
	{`States.Format('a {} b {}', $.s, 2)`, `"a text b 2"`},
	{`States.Format('no holes')`, `"no holes"`},
	{`States.Format('{} {}', true, $.none)`, `"true null"`},
	{`States.Format('{}{}', $.n, 'x')`, `"3x"`},
	{`States.Format($.pattern, 1, 'b')`, `"1-b"`},
	{`States.Format('{}', $.pair)`, `"{k=[1, {l=m}]}"`},
	{`States.Format('{}', $$.State.Name)`, `"S"`},
	{`States.Format( '{}' , 1 )`, `"1"`},
	{`States.StringToJson($.json)`, `{"a":[1,2.5,null]}`},
	{`States.StringToJson($.blank)`, `null`},
	{`States.StringToJson('7')`, `7`},
	{`States.JsonToString($.pair)`, `"{\"k\":[1,{\"l\":\"m\"}]}"`},
	{`States.JsonToString($.s)`, `"\"text\""`},
	{`States.Array()`, `[]`},
	{`States.Array(1, 'a', $.names, true, false)`, `[1,"a",["a","b"],true,false]`},
	{`States.Array(States.Array(1), States.Format('{}', 2))`, `[[1],"2"]`},
	{`States.ArrayLength($.list)`, `6`},
	{`States.ArrayLength(States.Array())`, `0`},
	{`States.ArrayGetItem($.names, 1)`, `"b"`},
	{`States.ArrayGetItem(States.Array('x', 'y', 'z', 'w'), $.n)`, `"w"`},
	{`States.ArrayContains($.list, 1)`, `true`},
	{`States.ArrayContains($.list, '1')`, `false`},
	{`States.ArrayContains($.list, $.pair)`, `false`},
	{`States.ArrayContains(States.Array($.pair), $.pair)`, `true`},
	{`States.MathAdd(1, 2)`, `3`},
	{`States.MathAdd($.n, -5)`, `-2`},
	{`States.MathAdd($.half, 0)`, `2`},
	{`States.MathAdd($.below, 0)`, `-1`},
	{`States.StringSplit('a,b,c', ',')`, `["a","b","c"]`},
	{`States.StringSplit('a,b;c', ',;')`, `["a","b","c"]`},
	{`States.StringSplit(',a,,b,', ',')`, `["a","b"]`},
	{`States.StringSplit('', ',')`, `[]`},
	{`States.StringSplit('a]b.c', '].')`, `["a","b","c"]`},
	{`States.JsonMerge($.a, $.b, false)`, `{"k":{"d":2},"c":1,"e":[]}`},
	{`States.ArrayLength(States.StringSplit(States.UUID(), '-'))`, `5`},
	{`States.Format('{}', States.ArrayGetItem(States.StringSplit('a-b', '-'), 1))`, `"b"`},
}

// intrinsicRuns are the calls above, and those that fail.
var intrinsicRuns = merge(map[string]run{"intrinsics": called(calls)}, map[string]run{
	"intrinsic of a path to nothing": failing(`States.Format('{}', $.no)`, "States.Runtime"),
})

// called is one execution of all calls.
func called(calls [][2]string) run {
	var fields, want []string
	for i, c := range calls {
		fields = append(fields, fmt.Sprintf(`"r%d.$":%q`, i, c[0]))
		want = append(want, fmt.Sprintf(`"r%d":%s`, i, c[1]))
	}
	return run{
		definition: one(`"Type":"Pass","End":true,"Parameters":{` + strings.Join(fields, ",") + `}`), input: intrinsicInput,
		output: `{` + strings.Join(want, ",") + `}`,
	}
}

func failing(call, name string) run {
	return run{definition: one(fmt.Sprintf(`"Type":"Pass","End":true,"Parameters":{"r.$":%q}`, call)), input: intrinsicInput, error: name}
}
