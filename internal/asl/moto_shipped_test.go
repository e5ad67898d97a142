package asl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/videovector/exports/statemachine"
)

// shippedRuns are executions of the machine that is deployed: its paths, every Retry and every Catch.
func shippedRuns(m *Machine) map[string]run {
	return merge(map[string]run{
		"shipped: download": ship(map[string][]string{"plan": {planSingle}}, run{
			path: []string{"Plan", "ChooseLayout", "Package", "Assemble", "Presign", "ChooseDestination", "Finish", "Completed"},
		}),
		"shipped: delivered": ship(map[string][]string{"plan": {planDeliver}}, run{
			path: []string{"Plan", "ChooseLayout", "Package", "Assemble", "Presign", "ChooseDestination", "Deliver", "Finish", "Completed"},
		}),
		"shipped: sharded": ship(map[string][]string{"plan": {planSharded}, "package": {`{"shard":0}`}}, run{
			objects: map[string]string{"s": `[{"shard":0},{"shard":1},{"shard":2}]`}, atOnce: true,
		}),
		"shipped: irregular shards": ship(map[string][]string{"plan": {planSharded}, "package": {`{"shard":0}`}, "assemble": {"!Export.Irregular", "{}"}}, run{
			objects: oneShard,
			path: []string{"Plan", "ChooseLayout", "PackageShards", "PackageShard", "Assemble", "PackageShards", "PackageShard", "Assemble", "Presign",
				"ChooseDestination", "Finish", "Completed"},
		}),
		"shipped: a slow plan": slow(ship(map[string][]string{"plan": {"slow", planSingle}}, run{
			path: []string{"Plan", "ChooseLayout", "Package", "Assemble", "Presign", "ChooseDestination", "Finish", "Completed"},
		})),
	}, shippedRetries(m), shippedCatches(m))
}

var oneShard = map[string]string{"s": `[{"shard":0}]`}

// ship fills a run of the shipped machine in.
func ship(plan map[string][]string, r run) run {
	definition, err := Substitute(statemachine.Export, statemachine.Functions)
	if err != nil {
		panic("the shipped machine takes the names of its functions: " + err.Error())
	}
	r.definition, r.input, r.plan = string(definition), input, plan
	return r
}

// slow cuts the time limit of the first task: moto's clock is the real one.
func slow(r run) run {
	r.definition = strings.Replace(r.definition, `"TimeoutSeconds": 130`, `"TimeoutSeconds": 1`, 1)
	return r
}

// tasks are the states that call functions, and what each answers when all is well.
var tasks = map[string]string{
	"plan": planDeliver, "package": "{}", "assemble": "{}", "presign": "{}", "deliver": "{}", "finish": "{}",
}

// answers is a plan in which every function of some fails first.
func answers(first []string, ok map[string]string) map[string][]string {
	plan := map[string][]string{}
	for function, reply := range ok {
		plan[function] = append(slices.Clone(first), reply)
	}
	return plan
}

// shippedRetries let every task meet every error that it retries, at most four of a retrier in an execution, and every
// retrier of the first task be used up.
func shippedRetries(m *Machine) map[string]run {
	all := map[string]run{}
	retriers := m.top.States["Plan"].Retry
	for turn := 0; ; turn++ {
		var errors []string
		for _, r := range retriers {
			n := min(*r.MaxAttempts, 4)
			names := slices.DeleteFunc(slices.Clone(r.ErrorEquals), func(n string) bool { return n == errTimeout }) // no function throws it
			for _, name := range names[min(turn*n, len(names)):min((turn+1)*n, len(names))] {
				errors = append(errors, "!"+name)
			}
		}
		if errors == nil {
			break
		}
		all[fmt.Sprint("shipped: retries ", turn)] = ship(answers(errors, tasks), run{})
		all[fmt.Sprint("shipped: retries of a shard ", turn)] = ship(map[string][]string{"plan": {planSharded}, "package": slices.Concat(errors, []string{`{"shard":0}`})}, run{objects: oneShard})
		all[fmt.Sprint("shipped: retries of Fail ", turn)] = ship(map[string][]string{"plan": {"!Export.Permanent"}, "fail": slices.Concat(errors, []string{"{}"})}, run{error: "Export.Permanent"})
	}
	for _, r := range retriers {
		name := r.ErrorEquals[0]
		all["shipped: no end of "+name] = ship(map[string][]string{"plan": {"!" + name}}, run{error: name, path: []string{"Plan", "Fail", "Failed"}})
	}
	return all
}

// shippedCatches let every catcher of every task catch.
func shippedCatches(m *Machine) map[string]run {
	all := map[string]run{}
	for name, s := range m.top.States {
		if s.Type != "Task" {
			continue
		}
		for _, c := range s.Catch {
			thrown := c.ErrorEquals[0]
			if thrown == errAll {
				thrown = "Export.Permanent"
			}
			plan, ended := answers(nil, tasks), ""
			plan[strings.ToLower(name)] = append([]string{"!" + thrown}, plan[strings.ToLower(name)]...)
			if name == "Fail" {
				plan["plan"] = []string{"!Export.Permanent"}
			}
			if thrown == "Export.Irregular" { // of shards only
				plan["plan"], plan["package"] = []string{planSharded}, []string{`{"shard":0}`}
			}
			if t := m.top.States[c.Next].Type; t != "Succeed" && t != "Map" {
				ended = thrown
			}
			all["shipped: "+name+" throws "+thrown] = ship(plan, run{error: ended, objects: oneShard})
		}
	}
	return all
}
