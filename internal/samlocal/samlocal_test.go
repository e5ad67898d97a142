package samlocal

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/localgw"
)

func TestLocalTemplate(t *testing.T) {
	text, err := localTemplate(exports.Template, changes{
		architecture: "x86_64", variables: []string{"TOKEN_SECRET", "LOG_LEVEL"}, build: "../build", source: "../..", layer: "layer",
	})
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	root := doc.Content[0]
	if got := find(root, "Parameters", "Architecture", "Default").Value; got != "x86_64" {
		t.Errorf("the architecture is %s", got)
	}
	global := find(root, "Globals", "Function", "Environment", "Variables")
	if find(global, "TOKEN_SECRET") == nil || find(global, "LOG_LEVEL").Tag != "!Ref" {
		t.Error("a variable is missing, or one of the template's own is another")
	}
	functions, err := localgw.TemplateFunctions(text)
	if err != nil {
		t.Fatal(err)
	}
	for id, f := range functions {
		properties := find(root, "Resources", id, "Properties")
		if got := find(properties, "CodeUri").Value; got != "../build/"+id {
			t.Errorf("the code of %s is at %s", id, got)
		}
		if opens := slices.Contains(f.Variables, "KMS_KEY_ID"); opens != (find(properties, "Layers") != nil) {
			t.Errorf("%s opens secrets: %v; it has layers: %v", id, opens, !opens)
		}
	}
	if got := find(root, "Resources", "ExportMachine", "Properties", "DefinitionUri").Value; got != "../../statemachine/export.asl.json" {
		t.Errorf("the machine is at %s", got)
	}
	if got := find(root, "Resources", "Edge", "Properties", "Location").Value; got != "../../edge/template.yaml" {
		t.Errorf("the nested stack is at %s", got)
	}
}

// TestLocalDescription: sam local start-api mounts a route only if its function is named by its logical id, and doesn't
// stream.
func TestLocalDescription(t *testing.T) {
	raw, err := localDescription(exports.Template, openapi.Description)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, unknown := range []string{"response-streaming-invocations", "2021-11-15", ":function:"} {
		if strings.Contains(text, unknown) {
			t.Errorf("the description still has %s", unknown)
		}
	}
	if deployed, local := strings.Count(string(openapi.Description), "/functions/")-strings.Count(string(openapi.Description), "HasApiCors"), strings.Count(text, ".Arn}/invocations"); deployed != local {
		t.Errorf("%d functions are called, %d of them by their logical ids", deployed, local)
	}
}

// TestSamconfig: sam local finds what Open writes without being told.
func TestSamconfig(t *testing.T) {
	config, err := os.ReadFile("../../samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"template_file": TemplateFile, "env_vars": EnvironmentFile} {
		line := name + ` = "` + path.Join(DefaultDir, file) + `"`
		if n := strings.Count(string(config), line); n != 3 {
			t.Errorf("%d of invoke, start-api and start-lambda have %s", n, line)
		}
	}
}
