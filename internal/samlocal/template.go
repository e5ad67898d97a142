package samlocal

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/videovector/exports/internal/cfn"
)

// changes are what a local template has otherwise than the deployed one. Paths are relative to the local template.
type changes struct {
	architecture string
	variables    []string // that every function is to be able to be given: the SAM CLI passes no others on
	build        string   // what `sam build` made
	source       string   // the deployed template's folder
	layer        string   // mounted as /opt in functions that open secrets
}

const functionType = "AWS::Serverless::Function"

// localTemplate is the deployed template, with the changes made.
func localTemplate(deployed []byte, c changes) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(deployed, &doc); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("template: it is empty")
	}
	root := doc.Content[0]
	architecture := find(root, "Parameters", "Architecture", "Default")
	global := find(root, "Globals", "Function", "Environment", "Variables")
	resources := find(root, "Resources")
	if architecture == nil || global == nil || resources == nil {
		return nil, errors.New("template: it lacks Parameters.Architecture, Globals.Function.Environment or Resources")
	}
	architecture.Value = c.architecture
	for _, name := range slices.Sorted(slices.Values(c.variables)) {
		if find(global, name) == nil {
			set(global, name, scalar("local"))
		}
	}
	for i := 0; i+1 < len(resources.Content); i += 2 {
		c.resource(resources.Content[i].Value, resources.Content[i+1])
	}
	set(resources, "LocalLayer", mapping(
		"Type", scalar("AWS::Serverless::LayerVersion"), "Properties", mapping("ContentUri", scalar(c.layer)),
	))
	return yaml.Marshal(&doc)
}

func (c changes) resource(id string, r *yaml.Node) {
	properties := find(r, "Properties")
	if location := find(properties, "DefinitionBody", "Fn::Transform", "Parameters", "Location"); location != nil {
		location.Value = descriptionFile
	}
	for _, file := range []string{"DefinitionUri", "Location"} { // of the state machine, of a nested stack
		if at := find(properties, file); at != nil {
			at.Value = path.Join(c.source, at.Value)
		}
	}
	if kind := find(r, "Type"); kind == nil || kind.Value != functionType {
		return
	}
	set(properties, "CodeUri", scalar(path.Join(c.build, id)))
	if find(properties, "Environment", "Variables", "KMS_KEY_ID") != nil {
		set(properties, "Layers", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!Ref", Value: "LocalLayer"}}})
	}
}

// streaming turns a call that streams its reply into one that doesn't.
var streaming = strings.NewReplacer("2021-11-15/functions", "2015-03-31/functions", "/response-streaming-invocations", "/invocations")

// qualified is a function's ARN with an alias.
var qualified = regexp.MustCompile(`(\.Arn}):\w+/`)

// localDescription is the description of the HTTP surface as sam local start-api reads it: it leaves out routes that
// stream, and those whose function isn't named by its logical id alone. The function that streams knows where it is, and
// answers accordingly. What depends on parameters is as their defaults say.
func localDescription(template, deployed []byte) ([]byte, error) {
	plain, err := cfn.Included(template, deployed, nil)
	return qualified.ReplaceAll([]byte(streaming.Replace(string(plain))), []byte("$1/")), err
}

// find is the value below the names, or nil.
func find(n *yaml.Node, names ...string) *yaml.Node {
	for _, name := range names {
		var next *yaml.Node
		for i := 0; n != nil && n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				next = n.Content[i+1]
			}
		}
		n = next
	}
	return n
}

// set writes a field of a mapping.
func set(n *yaml.Node, name string, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			n.Content[i+1] = value
			return
		}
	}
	n.Content = append(n.Content, scalar(name), value)
}

func scalar(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

// mapping takes names and values in turn.
func mapping(fields ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(fields); i += 2 {
		set(n, fields[i].(string), fields[i+1].(*yaml.Node))
	}
	return n
}
