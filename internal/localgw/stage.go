package localgw

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/videovector/exports/internal/cfn"
)

// stageVariables are those of the template's API, as far as they are known before it is deployed; nil for none.
func stageVariables(template []byte, stack *cfn.Stack) (map[string]string, error) {
	var in struct {
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(template, &in); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	var variables map[string]string
	for id, r := range in.Resources {
		if r.Type != "AWS::Serverless::Api" {
			continue
		}
		var api struct {
			Variables map[string]yaml.Node `yaml:"Variables"`
		}
		if err := r.Properties.Decode(&api); err != nil {
			return nil, fmt.Errorf("template: %s: %w", id, err)
		}
		for name, value := range api.Variables {
			kept, err := stack.Choose(&value)
			if err != nil {
				return nil, fmt.Errorf("template: %s: %w", id, err)
			}
			if !kept || value.Kind != yaml.ScalarNode || value.Tag == "!Sub" {
				continue
			}
			if variables == nil {
				variables = map[string]string{}
			}
			variables[name] = value.Value
		}
	}
	return variables, nil
}
