package templatetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	exports "github.com/videovector/exports"
	openapi "github.com/videovector/exports/api"
	"github.com/videovector/exports/internal/cfn"
)

// template is template.yaml. Its intrinsic functions that name something are strings as Fn::Sub writes them: !Ref A is
// "${A}" and !GetAtt A.B is "${A.B}". The others are maps, as in JSON.
type template struct {
	Globals struct {
		Function function
	}
	Parameters map[string]struct {
		Default       any
		AllowedValues []string
	}
	Conditions map[string]json.RawMessage
	Resources  map[string]resource
}

type resource struct {
	Type                string
	Condition           string
	DeletionPolicy      string
	UpdateReplacePolicy string
	Metadata            struct{ BuildMethod string }
	Properties          json.RawMessage
}

type function struct {
	Runtime       string
	Handler       string
	CodeUri       string
	Architectures []string
	Tracing       string
	FunctionName  string
	MemorySize    int
	Timeout       int
	Role          string
	LoggingConfig struct{ LogGroup string }
	Environment   struct{ Variables map[string]any }
	Events        map[string]struct {
		Type       string
		Properties json.RawMessage
	}
}

const (
	functionType = "AWS::Serverless::Function"
	machineType  = "AWS::Serverless::StateMachine"
)

// load parses the template.
func load(t *testing.T) template {
	t.Helper()
	var tmpl template
	parse(t, exports.Template, &tmpl)
	return tmpl
}

// description is the OpenAPI document, as far as the gateway acts on it.
type description struct {
	Paths      map[string]map[string]operation
	Security   []map[string][]string
	Components struct {
		SecuritySchemes map[string]struct {
			Type, In, Name string
			Authorizer     struct {
				Type           string
				AuthorizerUri  string
				IdentitySource string
				TTL            *int `json:"authorizerResultTtlInSeconds"`
			} `json:"x-amazon-apigateway-authorizer"`
		}
	}
	KeySource        string                     `json:"x-amazon-apigateway-api-key-source"`
	GatewayResponses map[string]gatewayResponse `json:"x-amazon-apigateway-gateway-responses"`
}

type operation struct {
	OperationID string
	Security    *[]map[string][]string
	Parameters  []struct {
		Ref string `json:"$ref"`
	}
	Integration struct {
		Type                 string
		HTTPMethod           string
		URI                  string
		ResponseTransferMode string
		TimeoutInMillis      int
	} `json:"x-amazon-apigateway-integration"`
}

// holds reports whether callers may have the answer held.
func (op operation) holds() bool {
	for _, p := range op.Parameters {
		if p.Ref == "#/components/parameters/Prefer" {
			return true
		}
	}
	return false
}

type gatewayResponse struct {
	StatusCode         int
	ResponseParameters map[string]string
	ResponseTemplates  map[string]string
}

// loadDescription is the description as a stack with the parameters' defaults includes it.
func loadDescription(t *testing.T) description { return describedBy(t, nil) }

// describedBy is the description as a stack with the parameters includes it.
func describedBy(t *testing.T, parameters map[string]string) description {
	t.Helper()
	plain, err := cfn.Included(exports.Template, openapi.Description, parameters)
	if err != nil {
		t.Fatal(err)
	}
	var d description
	parse(t, plain, &d)
	return d
}

// parse reads YAML with CloudFormation's tags into v, by way of JSON.
func parse(t *testing.T, text []byte, v any) {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		t.Fatal(err)
	}
	plain, err := value(&node)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

// value is the node as JSON has it, with intrinsic functions resolved.
func value(n *yaml.Node) (any, error) {
	plain, err := untagged(n)
	if err != nil {
		return nil, err
	}
	name, isShort := strings.CutPrefix(n.Tag, "!")
	if !isShort || strings.HasPrefix(name, "!") {
		if m, ok := plain.(map[string]any); ok && len(m) == 1 {
			for long, arg := range m {
				return intrinsic(strings.TrimPrefix(long, "Fn::"), arg, plain), nil
			}
		}
		return plain, nil
	}
	return intrinsic(name, plain, map[string]any{"Fn::" + name: plain}), nil
}

// intrinsic is the call as a string where it names something, else as it stands.
func intrinsic(name string, arg, otherwise any) any {
	switch a := arg.(type) {
	case string:
		switch name {
		case "Sub":
			return a
		case "Ref", "GetAtt":
			return "${" + a + "}"
		}
	case []any:
		if name == "GetAtt" && len(a) == 2 {
			return fmt.Sprintf("${%v.%v}", a[0], a[1])
		}
	}
	return otherwise
}

func untagged(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		return value(n.Content[0])
	case yaml.AliasNode:
		return value(n.Alias)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			v, err := value(c)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			v, err := value(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[n.Content[i].Value] = v
		}
		return m, nil
	}
	plain := *n
	if !strings.HasPrefix(n.Tag, "!!") {
		plain.Tag = ""
	}
	var v any
	err := plain.Decode(&v)
	return v, err
}

// properties decodes the properties of the resource, which must exist and be of the type.
func properties[T any](t *testing.T, tmpl template, id, kind string) T {
	t.Helper()
	var v T
	r, ok := tmpl.Resources[id]
	if !ok || r.Type != kind {
		t.Fatalf("%s is %q, want a %s", id, r.Type, kind)
	}
	if err := json.Unmarshal(r.Properties, &v); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return v
}

// ofType lists the logical ids of a type, in order.
func (tmpl template) ofType(kind string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(tmpl.Resources)) {
		if tmpl.Resources[id].Type == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// functions are the template's functions, by logical id.
func functions(t *testing.T, tmpl template) map[string]function {
	t.Helper()
	all := map[string]function{}
	for _, id := range tmpl.ofType(functionType) {
		all[id] = properties[function](t, tmpl, id, functionType)
	}
	if len(all) == 0 {
		t.Fatal("the template has no functions")
	}
	return all
}

// folders are the names of the folders under functions/, in order.
func folders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// logicalID is the function's logical id in the template: create-export is CreateExportFunction.
func logicalID(folder string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(folder, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String() + "Function"
}
