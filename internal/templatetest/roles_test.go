package templatetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEachFunctionsRole(t *testing.T) {
	tmpl := load(t)
	if diff := cmp.Diff(folders(t), slices.Sorted(maps.Keys(grants))); diff != "" {
		t.Errorf("functions with a row in this test (-want +got):\n%s", diff)
	}
	for folder, want := range grants {
		name := strings.TrimSuffix(logicalID(folder), "Function")
		want = append(slices.Clone(want), "logs:CreateLogStream ${"+name+"LogGroup.Arn}", "logs:PutLogEvents ${"+name+"LogGroup.Arn}")
		slices.Sort(want)
		if diff := cmp.Diff(want, allowed(t, tmpl, name+"Role", "lambda.amazonaws.com")); diff != "" {
			t.Errorf("%s may do (-want +got):\n%s", folder, diff)
		}
	}
}

// TestWhoTouchesSecrets: one function seals connectors' secrets, and only two open them.
func TestWhoTouchesSecrets(t *testing.T) {
	who := map[string][]string{}
	for folder, lines := range grants {
		for _, line := range lines {
			if action, on, _ := strings.Cut(line, " "); strings.HasPrefix(action, "kms:") {
				who[action] = append(who[action], folder)
				if !strings.HasSuffix(on, " if StringLike kms:EncryptionContext:account_id *") {
					t.Errorf("%s may %s without a context", folder, line)
				}
			}
		}
	}
	for _, folders := range who {
		slices.Sort(folders)
	}
	want := map[string][]string{"kms:Decrypt": {"deliver", "manage-connector"}, "kms:GenerateDataKey": {"manage-connector"}}
	if diff := cmp.Diff(want, who); diff != "" {
		t.Errorf("who uses the key (-want +got):\n%s", diff)
	}
}

func TestStateMachinesRole(t *testing.T) {
	tmpl := load(t)
	want := []string{
		// The Distributed Map's children are executions of the machine itself.
		"states:StartExecution " + machine,
		"states:DescribeExecution " + runs + ":*", "states:StopExecution " + runs + ":*",
		"states:DescribeExecution " + runs + "/*", "states:StopExecution " + runs + "/*",
		// ItemReader reads, ResultWriter writes by parts.
		"s3:GetObject " + artifacts + "/work/*", "s3:PutObject " + artifacts + "/work/*",
		"s3:ListMultipartUploadParts " + artifacts + "/work/*", "s3:AbortMultipartUpload " + artifacts + "/work/*",
	}
	for _, id := range steps(t) {
		want = append(want, "lambda:InvokeFunction ${"+id+".Arn}")
	}
	for _, action := range []string{
		"CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries", "PutResourcePolicy",
		"DescribeResourcePolicies", "DescribeLogGroups",
	} {
		want = append(want, "logs:"+action+" *")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, allowed(t, tmpl, "ExportMachineRole", "states.amazonaws.com")); diff != "" {
		t.Errorf("the state machine may do (-want +got):\n%s", diff)
	}
}

// everything are the statements that speak of every resource or every action, each with its reason.
var everything = map[string]string{
	"ExportMachineRole":     "setting up log delivery is account-wide: its actions know no resources",
	"TracingPolicy":         "segments of a trace are sent to X-Ray as such: its actions know no resources",
	"MachineTracingPolicy":  "as above",
	"ConnectorKey":          "a key policy speaks of its own key only, by *, and hands it to the account's IAM policies",
	"ResultsBucketPolicy":   "a refusal: no action of anybody without TLS",
	"ArtifactsBucketPolicy": "a refusal: no action of anybody without TLS",
}

func TestNoWildcardWithoutReason(t *testing.T) {
	seen := map[string]bool{}
	for id, r := range load(t).Resources {
		var p struct {
			Policies                  []struct{ PolicyDocument document }
			PolicyDocument, KeyPolicy document
			ManagedPolicyArns         []string
		}
		if r.Properties != nil {
			if err := json.Unmarshal(r.Properties, &p); err != nil {
				t.Fatalf("%s: %v", id, err)
			}
		}
		if len(p.ManagedPolicyArns) > 0 && id != "ApiAccountRole" { // API Gateway's own, for its access logs
			t.Errorf("%s takes statements that others write: %s", id, p.ManagedPolicyArns)
		}
		all := append(p.PolicyDocument.Statement, p.KeyPolicy.Statement...)
		for _, policy := range p.Policies {
			all = append(all, policy.PolicyDocument.Statement...)
		}
		for _, s := range all {
			wide := slices.Contains(s.Resource, "*") || slices.ContainsFunc(s.Action, func(a string) bool { return strings.HasSuffix(a, "*") })
			if wide && everything[id] == "" {
				t.Errorf("%s: %s on %s without a reason", id, s.Action, s.Resource)
			}
			if wide {
				seen[id] = true
			}
		}
	}
	for id := range everything {
		if !seen[id] {
			t.Errorf("the reason for %s has no statement any more", id)
		}
	}
}

// document is an IAM policy.
type document struct{ Statement []statement }

type statement struct {
	Effect    string
	Action    oneOrMore
	Resource  oneOrMore
	Principal any
	Condition map[string]map[string]any
}

// oneOrMore is a string or a list of strings.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(o))
}

// allowed lists what a role of the service may do, a line for each pair of action and resource, in order.
func allowed(t *testing.T, tmpl template, role, service string) []string {
	t.Helper()
	p := properties[struct {
		AssumeRolePolicyDocument document
		Policies                 []struct{ PolicyDocument document }
	}](t, tmpl, role, "AWS::IAM::Role")
	trust := p.AssumeRolePolicyDocument.Statement
	if len(trust) != 1 || cmp.Diff(map[string]any{"Service": service}, trust[0].Principal) != "" {
		t.Errorf("%s can be taken by %+v", role, trust)
	}
	var lines []string
	for _, policy := range p.Policies {
		for _, s := range policy.PolicyDocument.Statement {
			lines = append(lines, s.lines()...)
		}
	}
	slices.Sort(lines)
	return lines
}

func (s statement) lines() []string {
	suffixes := s.conditions()
	var lines []string
	for _, action := range s.Action {
		for _, on := range s.Resource {
			for _, suffix := range suffixes {
				line := action + " " + on + suffix
				if s.Effect != "Allow" {
					line = s.Effect + " " + line
				}
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// conditions is what the lines of a statement end with: one for each pattern of partition keys.
func (s statement) conditions() []string {
	if len(s.Condition) == 0 {
		return []string{""}
	}
	var all []string
	for operator, keys := range s.Condition {
		for key, value := range keys {
			patterns, ok := value.([]any)
			if operator != "ForAllValues:StringLike" || key != "dynamodb:LeadingKeys" || !ok {
				all = append(all, fmt.Sprintf(" if %s %s %v", operator, key, value))
				continue
			}
			for _, pattern := range patterns {
				all = append(all, fmt.Sprintf(" keys %v", pattern))
			}
		}
	}
	return all
}
