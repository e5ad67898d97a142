package samtest

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/emulator"
	"github.com/videovector/exports/statemachine"
)

// stack is what moto's CloudFormation made of the template.
type stack struct {
	Status  string
	Outputs map[string]string
	Made    map[string]struct{ Type, ID string }
	Unmade  []string
	LeftOut map[string]string `json:"left_out"`
	Tables  map[string]struct {
		TableName, TableArn    string
		KeySchema              []struct{ AttributeName, KeyType string }
		GlobalSecondaryIndexes []struct {
			IndexName string
			KeySchema []struct{ AttributeName, KeyType string }
		}
	}
	Buckets map[string]json.RawMessage
	Roles   map[string]struct {
		ARN      string
		Policies map[string]json.RawMessage
	}
	Machines  map[string]struct{ Name, Definition, RoleARN, Type string }
	Functions map[string]struct {
		FunctionArn, Role string
		Environment       struct{ Variables map[string]any }
	}
}

// TestStack creates the template, as SAM's transform leaves it, on an independent CloudFormation, which has to resolve
// every reference and every substitution in it.
func TestStack(t *testing.T) {
	s := createStack(t)
	if s.Status != "CREATE_COMPLETE" {
		t.Errorf("the stack is %s", s.Status)
	}
	if len(s.Unmade) > 0 {
		t.Errorf("not made: %v", s.Unmade)
	}
	t.Logf("%d resources made; left out, since moto doesn't know them: %v", len(s.Made), slices.Sorted(maps.Keys(s.LeftOut)))
	s.checkData(t)
	s.checkRoles(t)
	s.checkMachine(t)
	for id, f := range s.Functions {
		role := s.Roles[strings.TrimSuffix(id, "Function")+"Role"].ARN
		if f.Role != role {
			t.Errorf("%s runs as %s, want %s", id, f.Role, role)
		}
		if got, ok := f.Environment.Variables["TABLE_NAME"]; ok && got != s.Outputs["TableName"] {
			t.Errorf("%s has the table %s, want %s", id, got, s.Outputs["TableName"])
		}
	}
}

func createStack(t *testing.T) (s stack) {
	t.Helper()
	// The first run may install what is then asked for its output alone.
	for _, part := range []string{"sam.sh", "moto.sh"} {
		if out, err := emulator.Output(t, part, script(t, part, "install")); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	said := &bytes.Buffer{}
	transform := script(t, "sam.sh", "transform", filepath.Join(root, "template.yaml"))
	transform.Stderr = said
	template, err := transform.Output()
	if err != nil {
		t.Fatalf("SAM's transform: %v\n%s", err, said)
	}
	create := script(t, "moto.sh", "stack")
	create.Stdin, create.Stderr = bytes.NewReader(template), said
	out, err := create.Output()
	if err != nil {
		t.Fatalf("moto: %v\n%s", err, said)
	}
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s stack) checkData(t *testing.T) {
	t.Helper()
	table := s.Tables["Table"]
	if table.TableName != s.Outputs["TableName"] || len(table.KeySchema) != 2 || len(table.GlobalSecondaryIndexes) != 1 ||
		table.GlobalSecondaryIndexes[0].IndexName != "open-by-due" || len(table.GlobalSecondaryIndexes[0].KeySchema) != 2 {
		t.Errorf("the table is %+v", table)
	}
	for _, id := range []string{"ResultsBucket", "ArtifactsBucket"} {
		if s.Made[id].ID == "" || s.Made[id].ID != s.Outputs[id+"Name"] || !bytes.Contains(s.Buckets[id], []byte("AES256")) {
			t.Errorf("%s is %+v, encrypted by %s", id, s.Made[id], s.Buckets[id])
		}
	}
}

// checkRoles: a policy names what was made, by its real ARN.
func (s stack) checkRoles(t *testing.T) {
	t.Helper()
	known := 0
	for id, role := range s.Roles {
		for name, policy := range role.Policies {
			for _, unresolved := range []string{`"Ref"`, `"Fn::`, "${AWS::", "${Table", "Bucket.Arn"} {
				if bytes.Contains(policy, []byte(unresolved)) {
					t.Errorf("%s of %s still has %s: %s", name, id, unresolved, policy)
				}
			}
			if bytes.Contains(policy, []byte(s.Tables["Table"].TableArn)) {
				known++
			}
		}
	}
	users := 0
	for _, f := range s.Functions {
		if _, ok := f.Environment.Variables["TABLE_NAME"]; ok {
			users++
		}
	}
	if known < users || users == 0 {
		t.Errorf("%d policies name the table, of %d functions that use it", known, users)
	}
}

// checkMachine: every task calls a function that was made.
func (s stack) checkMachine(t *testing.T) {
	t.Helper()
	m := s.Machines["ExportMachine"]
	if m.RoleARN != s.Roles["ExportMachineRole"].ARN || m.Type != "STANDARD" || strings.Contains(m.Definition, "${") {
		t.Errorf("the machine is a %s under %s: %s", m.Type, m.RoleARN, m.Definition)
	}
	var shipped, made any
	text := string(statemachine.Export)
	for placeholder := range statemachine.Functions {
		text = strings.ReplaceAll(text, "${"+placeholder+"}", s.Functions[strings.TrimSuffix(placeholder, "Arn")].FunctionArn)
	}
	if err := json.Unmarshal([]byte(text), &shipped); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(m.Definition), &made); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shipped, made); diff != "" {
		t.Errorf("the machine (-shipped +made):\n%s", diff)
	}
}
