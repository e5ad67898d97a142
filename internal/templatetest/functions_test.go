package templatetest

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	exports "github.com/videovector/exports"
)

func TestFoldersAndFunctionsMatch(t *testing.T) {
	var want []string
	for _, folder := range folders(t) {
		want = append(want, logicalID(folder))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, load(t).ofType(functionType)); diff != "" {
		t.Errorf("functions of the template, by the folders under functions/ (-want +got):\n%s", diff)
	}
}

// TestMakeBuildsEachFunction asks make what `sam build` makes it do: SAM runs the Makefile of CodeUri, which the
// template's Architecture alone chooses, and tells it no architecture.
func TestMakeBuildsEachFunction(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is missing")
	}
	var p struct {
		Parameters struct {
			Architecture struct{ AllowedValues []string }
		}
	}
	parse(t, exports.Template, &p)
	goarch := map[string]string{"arm64": "arm64", "x86_64": "amd64"}
	if d := cmp.Diff(slices.Sorted(maps.Keys(goarch)), p.Parameters.Architecture.AllowedValues); d != "" {
		t.Fatalf("architectures (-known here +template):\n%s", d)
	}
	for architecture, target := range goarch {
		makefile, err := filepath.Abs(filepath.Join("../..", strings.ReplaceAll(load(t).Globals.Function.CodeUri, "${Architecture}", architecture), "Makefile"))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders(t) {
			cmd := exec.CommandContext(t.Context(), "make", "--dry-run", "--makefile", makefile, "build-"+logicalID(folder))
			cmd.Dir = filepath.Dir(makefile)
			cmd.Env = append(os.Environ(), "ARTIFACTS_DIR=/artifacts", "GOARCH_TARGET=another")
			checkBuild(t, cmd, "CGO_ENABLED=0 GOOS=linux GOARCH="+target, `-o "/artifacts/bootstrap" ./functions/`+folder)
		}
	}
}

// checkBuild holds what make would run against how functions are built.
func checkBuild(t *testing.T, cmd *exec.Cmd, environment, output string) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v: %v\n%s", cmd, err, out)
		return
	}
	line := strings.Join(strings.Fields(strings.ReplaceAll(string(out), "\\\n", " ")), " ")
	for _, part := range []string{environment, "-trimpath", `-ldflags="-s -w -buildid="`, "-tags lambda.norpc", output} {
		if !strings.Contains(line+" ", part+" ") {
			t.Errorf("%v has no %s: %s", cmd, part, line)
		}
	}
}

func TestEveryFunctionIsComplete(t *testing.T) {
	tmpl := load(t)
	if g := tmpl.Globals.Function; g.Runtime != "provided.al2023" || g.Handler != "bootstrap" || g.CodeUri != "scripts/sam/${Architecture}" ||
		!slices.Equal(g.Architectures, []string{"${Architecture}"}) {
		t.Errorf("globals = %+v", g)
	}
	for id, f := range functions(t, tmpl) {
		name := strings.TrimSuffix(id, "Function")
		if tmpl.Resources[id].Metadata.BuildMethod != "makefile" {
			t.Errorf("%s isn't built by make", id)
		}
		if f.MemorySize < 128 || f.Timeout < 1 || f.Timeout > 900 {
			t.Errorf("%s: %d MB, %d s", id, f.MemorySize, f.Timeout)
		}
		if f.Role != "${"+name+"Role.Arn}" {
			t.Errorf("%s runs as %s, not under a role of its own", id, f.Role)
		}
		if f.LoggingConfig.LogGroup != "${"+name+"LogGroup}" {
			t.Errorf("%s logs to %s, not to a group of its own", id, f.LoggingConfig.LogGroup)
		}
		group := properties[struct{ LogGroupName string }](t, tmpl, name+"LogGroup", "AWS::Logs::LogGroup")
		if group.LogGroupName != "/aws/lambda/"+f.FunctionName {
			t.Errorf("%s's log group is %s, want /aws/lambda/%s", id, group.LogGroupName, f.FunctionName)
		}
	}
}

func TestEveryLogGroupForgets(t *testing.T) {
	tmpl := load(t)
	for _, id := range tmpl.ofType("AWS::Logs::LogGroup") {
		if p := properties[struct{ RetentionInDays string }](t, tmpl, id, "AWS::Logs::LogGroup"); p.RetentionInDays != "${LogRetentionDays}" {
			t.Errorf("%s keeps its logs for %q", id, p.RetentionInDays)
		}
	}
}

// TestEnvironment holds each function's variables against what its main's parts read, by their source.
func TestEnvironment(t *testing.T) {
	tmpl := load(t)
	if d := cmp.Diff([]string{"LOG_LEVEL", "METRICS_NAMESPACE"}, slices.Sorted(maps.Keys(tmpl.Globals.Function.Environment.Variables))); d != "" {
		t.Errorf("global variables (-want +got):\n%s", d)
	}
	reads := variables(t)
	all := functions(t, tmpl)
	for _, folder := range folders(t) {
		var want []string
		for _, need := range needs(t, folder) {
			if reads[need] == nil && need != "Joining" { // a part that is the same everywhere
				t.Errorf("boot.%s reads no variable that this test sees", need)
			}
			want = append(want, reads[need]...)
		}
		slices.Sort(want)
		got := slices.Sorted(maps.Keys(all[logicalID(folder)].Environment.Variables))
		if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
			t.Errorf("variables of %s (-read by its parts +template):\n%s", folder, diff)
		}
	}
}

// TestNoEndpointIsDeployed: where customers' storage is, is never the template's to say. The functions wouldn't start.
func TestNoEndpointIsDeployed(t *testing.T) {
	for id, f := range functions(t, load(t)) {
		for name := range f.Environment.Variables {
			if strings.HasPrefix(name, "CONNECTOR_") || strings.HasPrefix(name, "WEBHOOK_") || strings.HasPrefix(name, "AWS_ENDPOINT") || name == "SEAL_KEY_FILE" {
				t.Errorf("%s is given %s", id, name)
			}
		}
	}
}

// needs are the parts that a main names, boot.Records, bootconn.Connectors and so on.
func needs(t *testing.T, folder string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../../functions", folder, "main.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && (named(s.X, "boot") || named(s.X, "bootconn") || named(s.X, "boothook")) && s.Sel.Name != "Run" {
			names = append(names, s.Sel.Name)
		}
		return true
	})
	return names
}

// variables are the declared variables of each function of internal/boot, bootconn and boothook, those of the functions it calls included.
func variables(t *testing.T) map[string][]string {
	t.Helper()
	bodies := map[string]*ast.BlockStmt{}
	for _, name := range []string{"../boot/parts.go", "../boot/sizes.go", "../boot/bootconn/bootconn.go", "../boot/boothook/boothook.go", "../boot/bootseal/bootseal.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				bodies[f.Name.Name] = f.Body
			}
		}
	}
	all := map[string][]string{}
	for name := range bodies {
		all[name] = required(t, bodies, name)
	}
	return all
}

func required(t *testing.T, bodies map[string]*ast.BlockStmt, name string) (vars []string) {
	ast.Inspect(bodies[name], func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.Ident); ok && bodies[f.Name] != nil {
			vars = append(vars, required(t, bodies, f.Name)...)
			return true
		}
		s, ok := call.Fun.(*ast.SelectorExpr)
		if ok && named(s.X, "bootseal") {
			vars = append(vars, required(t, bodies, s.Sel.Name)...)
			return true
		}
		if !ok || !named(s.X, "e") {
			return true
		}
		if s.Sel.Name == "need" || s.Sel.Name == "may" || s.Sel.Name == "Need" {
			lit, ok := call.Args[0].(*ast.BasicLit)
			var v string
			if !ok || json.Unmarshal([]byte(lit.Value), &v) != nil {
				t.Fatalf("boot.%s reads a variable whose name isn't a literal", name)
			}
			vars = append(vars, v)
		} else if bodies[s.Sel.Name] != nil {
			vars = append(vars, required(t, bodies, s.Sel.Name)...)
		}
		return true
	})
	return vars
}

func named(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}
