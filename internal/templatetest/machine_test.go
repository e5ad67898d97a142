package templatetest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/statemachine"
)

// state is a state of the Amazon States Language, as far as these tests look.
type state struct {
	Type           string
	Resource       string
	Parameters     struct{ FunctionName string }
	TimeoutSeconds int
	Next           string
	End            bool
	Retry          []retrier
	Catch          []catcher
	ItemProcessor  struct {
		ProcessorConfig struct{ Mode, ExecutionType string }
		States          map[string]state
	}
}

type retrier struct {
	ErrorEquals     []string
	IntervalSeconds int
	MaxAttempts     int
	BackoffRate     float64
	MaxDelaySeconds int
	JitterStrategy  string
}

type catcher struct {
	ErrorEquals []string
	Next        string
}

// placed is a state and where it stands.
type placed struct {
	state
	name  string
	child bool // of the Distributed Map
}

func tasks(t *testing.T) []placed {
	t.Helper()
	var machine struct{ States map[string]state }
	if err := json.Unmarshal(statemachine.Export, &machine); err != nil {
		t.Fatal(err)
	}
	var all []placed
	for name, s := range machine.States {
		if s.Type == "Task" {
			all = append(all, placed{s, name, false})
		}
		for childName, c := range s.ItemProcessor.States {
			if c.Type == "Task" {
				all = append(all, placed{c, childName, true})
			}
		}
	}
	slices.SortFunc(all, func(a, b placed) int { return strings.Compare(a.name, b.name) })
	return all
}

// steps are the logical ids of the functions that the state machine calls, each once, in order.
func steps(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, s := range tasks(t) {
		ids = append(ids, s.function())
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// function is the logical id that the task's placeholder stands for: ${PlanFunctionArn} is PlanFunction.
func (s placed) function() string {
	return strings.TrimSuffix(strings.TrimPrefix(s.Parameters.FunctionName, "${"), "Arn}")
}

func TestTasksAndSubstitutionsMatch(t *testing.T) {
	tmpl := load(t)
	p := properties[struct {
		DefinitionUri           string
		DefinitionSubstitutions map[string]string
		Role                    string
		Type                    string
	}](t, tmpl, "ExportMachine", machineType)
	want, listed := map[string]string{}, map[string]string{}
	for _, id := range steps(t) {
		if tmpl.Resources[id].Type != functionType {
			t.Errorf("a task calls %s, which is no function of the template", id)
		}
		want[id+"Arn"] = "${" + id + ".Arn}"
	}
	if diff := cmp.Diff(want, p.DefinitionSubstitutions); diff != "" {
		t.Errorf("substitutions (-tasks +template):\n%s", diff)
	}
	for placeholder, folder := range statemachine.Functions {
		listed[placeholder] = "${" + logicalID(folder) + ".Arn}"
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("the local engine's functions (-tasks +listed):\n%s", diff)
	}
	if p.DefinitionUri != "statemachine/export.asl.json" || p.Role != "${ExportMachineRole.Arn}" || p.Type != "STANDARD" {
		t.Errorf("the machine is %+v", p)
	}
}

// TestEveryPlaceholderIsATasks finds placeholders that stand elsewhere than in a task's FunctionName.
func TestEveryPlaceholderIsATasks(t *testing.T) {
	if got, want := strings.Count(string(statemachine.Export), "${"), len(tasks(t)); got != want {
		t.Errorf("%d placeholders for %d tasks", got, want)
	}
}

// TestTaskTimeouts: a function that is cut off reports that itself; the state machine's own limit is for calls that
// never answer. The Map's children are Express executions, which end after 5 minutes, before their function's limit:
// a child that is cut off is repeated, and writes the same parts again.
func TestTaskTimeouts(t *testing.T) {
	all := functions(t, load(t))
	longest := 0
	for _, s := range tasks(t) {
		limit := all[s.function()].Timeout
		longest = max(longest, limit)
		if s.child && s.TimeoutSeconds > 0 && s.TimeoutSeconds < 300 {
			continue
		}
		if s.child || s.TimeoutSeconds <= limit {
			t.Errorf("%s times out after %d s, its function after %d s", s.name, s.TimeoutSeconds, limit)
		}
	}
	if lease := int(export.Lease.Seconds()); longest >= lease {
		t.Errorf("a call may take %d s, the lease of an export only %d s", longest, lease)
	}
}

// lambdaErrors are the names under which Step Functions and Lambda report what is not the function's own failure.
var lambdaErrors = []string{
	"Lambda.AWSLambdaException", "Lambda.ClientExecutionTimeoutException", "Lambda.SdkClientException", "Lambda.ServiceException",
	"Lambda.TooManyRequestsException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout",
}

// TestEveryTaskRetriesAndCatches: what is retried has a name, a backoff and jitter, and the rest is caught. A child of
// the Map has no Catch: its failure is the Map's, which has one.
func TestEveryTaskRetriesAndCatches(t *testing.T) {
	want := slices.Clone(lambdaErrors)
	for _, e := range fault.StepErrors() {
		if e.Retryable {
			want = append(want, e.Name)
		}
	}
	slices.Sort(want)
	for _, s := range tasks(t) {
		if s.Resource != "arn:aws:states:::lambda:invoke" {
			t.Errorf("%s calls %s", s.name, s.Resource)
		}
		var got []string
		for _, r := range s.Retry {
			got = append(got, r.ErrorEquals...)
			if r.IntervalSeconds < 1 || r.MaxAttempts < 1 || r.JitterStrategy != "FULL" || r.BackoffRate < 1 || r.BackoffRate == 1 && r.MaxAttempts > 1 {
				t.Errorf("%s retries %s like %+v", s.name, r.ErrorEquals, r)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s retries (-want +got):\n%s", s.name, diff)
		}
		if !s.child {
			checkCatch(t, s.name, s.state)
		}
	}
}

func TestEveryMapCatches(t *testing.T) {
	var machine struct{ States map[string]state }
	if err := json.Unmarshal(statemachine.Export, &machine); err != nil {
		t.Fatal(err)
	}
	maps := 0
	for name, s := range machine.States {
		if s.Type != "Map" {
			continue
		}
		maps++
		checkCatch(t, name, s)
		if c := s.ItemProcessor.ProcessorConfig; c.Mode != "DISTRIBUTED" || c.ExecutionType != "EXPRESS" {
			t.Errorf("%s runs its children as %+v", name, c)
		}
	}
	if maps != 1 {
		t.Errorf("%d Map states, want 1", maps)
	}
}

// checkCatch: everything leads to Fail; a generation that lost its export just ends; what Fail itself can't record ends
// as failed, for the rule on failed executions.
func checkCatch(t *testing.T, name string, s state) {
	t.Helper()
	want := map[string]string{"Export.Superseded": "Superseded", "States.ALL": "Fail"}
	switch name {
	case "Fail":
		want = map[string]string{"States.ALL": "Failed"}
	case "Assemble":
		want["Export.Irregular"] = "PackageShards"
	}
	got := map[string]string{}
	for _, c := range s.Catch {
		for _, e := range c.ErrorEquals {
			got[e] = c.Next
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s catches (-want +got):\n%s", name, diff)
	}
	if n := len(s.Catch); n > 0 && !slices.Equal(s.Catch[n-1].ErrorEquals, []string{"States.ALL"}) {
		t.Errorf("%s's last Catch is not States.ALL", name)
	}
}

// TestErrorNames: the definition names no error that doesn't exist.
func TestErrorNames(t *testing.T) {
	known := map[string]bool{"States.ALL": true}
	for _, name := range lambdaErrors {
		known[name] = true
	}
	for _, e := range fault.StepErrors() {
		known[e.Name] = true
	}
	used := map[string]bool{}
	for _, s := range tasks(t) {
		for _, r := range s.Retry {
			for _, e := range r.ErrorEquals {
				used[e] = true
			}
		}
		for _, c := range s.Catch {
			for _, e := range c.ErrorEquals {
				used[e] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		if !known[name] {
			t.Errorf("%s is no error that a step or Lambda reports", name)
		}
	}
	for _, e := range fault.StepErrors() {
		// Export.Permanent falls to States.ALL: no repetition mends it.
		if !used[e.Name] && e.Name != "Export.Permanent" {
			t.Errorf("no Retry and no Catch knows %s", e.Name)
		}
	}
}
