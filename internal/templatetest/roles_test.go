package templatetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEachFunctionHasItsOwnRole: the role is Lambda's to take and no other's.
func TestEachFunctionHasItsOwnRole(t *testing.T) {
	trusted := map[string][]string{}
	for _, p := range powers(t, load(t)) {
		if p.action == "sts:AssumeRole" && p.policy == p.on {
			trusted[p.policy] = append(trusted[p.policy], p.who)
		}
	}
	want := map[string][]string{"ApiAccountRole": {"apigateway.amazonaws.com"}, "ExportMachineRole": {"states.amazonaws.com"}}
	for _, folder := range folders(t) {
		want[strings.TrimSuffix(logicalID(folder), "Function")+"Role"] = []string{"lambda.amazonaws.com"}
	}
	if diff := cmp.Diff(want, trusted); diff != "" {
		t.Errorf("roles, and who takes them without more ado (-want +got):\n%s", diff)
	}
}

// TestStateMachineInvokesItsSteps and nothing else.
func TestStateMachineInvokesItsSteps(t *testing.T) {
	var got []string
	for _, p := range powers(t, load(t)) {
		if p.policy == "ExportMachineRole" && strings.HasPrefix(p.action, "lambda:") {
			got = append(got, p.on)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(steps(t), got); diff != "" {
		t.Errorf("functions that the state machine may invoke (-tasks +granted):\n%s", diff)
	}
}
