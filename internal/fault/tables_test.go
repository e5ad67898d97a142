package fault

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// kinds are the kinds that fault.go declares, with their names.
func kinds(t *testing.T) map[Kind]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[Kind]string{}
	for _, d := range file.Decls {
		block, ok := d.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		for i, spec := range block.Specs { // iota
			all[Kind(i)] = spec.(*ast.ValueSpec).Names[0].Name
		}
	}
	if all[Internal] != "Internal" || all[Irregular] != "Irregular" || len(all) < int(Irregular)+1 {
		t.Fatalf("the kinds read from fault.go are %v", all)
	}
	return all
}

// TestTablesAreTotal: both edge tables know every kind and nothing else.
func TestTablesAreTotal(t *testing.T) {
	all := kinds(t)
	for kind, name := range all {
		f := New(kind, "", "")
		if status := f.HTTPStatus(); status < 400 || status > 599 {
			t.Errorf("the HTTP status of %s is %d", name, status)
		}
		if f.Step().Name == "" {
			t.Errorf("the state machine has no name for %s", name)
		}
	}
	if len(httpStatus) != len(all) || len(stepErrors) != len(all) {
		t.Errorf("%d kinds, %d HTTP statuses, %d step errors", len(all), len(httpStatus), len(stepErrors))
	}
}

// TestTablesAgree: what a caller may repeat over HTTP is what the state machine retries, and what the caller must mend
// is permanent there. Superseded and Irregular are talk between steps.
func TestTablesAgree(t *testing.T) {
	for kind, name := range kinds(t) {
		f := New(kind, "", "")
		passing := f.HTTPStatus() >= 500 || f.HTTPStatus() == 429
		if f.Step().Retryable != passing {
			t.Errorf("%s is %d over HTTP and retried %v by a task", name, f.HTTPStatus(), f.Step().Retryable)
		}
		if between := kind == Superseded || kind == Irregular; f.Permanent() == (passing || between) {
			t.Errorf("%s is %d over HTTP and permanent %v in a task", name, f.HTTPStatus(), f.Permanent())
		}
	}
}

// TestStepErrors: every error of the table once, under one name each.
func TestStepErrors(t *testing.T) {
	names := map[string]bool{}
	for _, e := range StepErrors() {
		if names[e.Name] {
			t.Errorf("%s is listed twice", e.Name)
		}
		names[e.Name] = true
	}
	for kind, name := range kinds(t) {
		if step := New(kind, "", "").Step(); !names[step.Name] {
			t.Errorf("%s of %s is not listed", step.Name, name)
		}
	}
}
