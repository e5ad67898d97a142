package cfn

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Resolve gives the document, which the template includes, with every choice made: what Fn::If chooses, and nothing of
// what it leaves out by AWS::NoValue.
func (s *Stack) Resolve(document []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	if _, err := s.Choose(&doc); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(&doc)
	return out.Bytes(), err
}

// Choose makes the choices in the node; kept is false for one that is left out.
func (s *Stack) Choose(n *yaml.Node) (kept bool, err error) {
	switch name, argument := call(n); name {
	case "If":
		if len(argument.Content) != 3 {
			return false, fmt.Errorf("line %d: Fn::If takes a condition and two values", n.Line)
		}
		held, err := s.Holds(argument.Content[0].Value)
		if err != nil {
			return false, fmt.Errorf("line %d: %w", n.Line, err)
		}
		chosen := argument.Content[2]
		if held {
			chosen = argument.Content[1]
		}
		*n = *chosen
		return s.Choose(n)
	case "Ref":
		if argument.Value == "AWS::NoValue" {
			return false, nil
		}
		fallthrough
	case "Join", "Select":
		v, err := s.list(n)
		if err == nil && len(v) != 1 {
			err = fmt.Errorf("%d values in the place of one", len(v))
		}
		if err != nil {
			return false, fmt.Errorf("line %d: %w", n.Line, err)
		}
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v[0], Line: n.Line}
		return true, nil
	}
	return true, s.inside(n)
}

// inside makes the choices in what the node holds.
func (s *Stack) inside(n *yaml.Node) error {
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2 // names stay
	}
	var content []*yaml.Node
	for i := 0; i+step <= len(n.Content); i += step {
		kept, err := s.Choose(n.Content[i+step-1])
		if err != nil {
			return err
		}
		if kept {
			content = append(content, n.Content[i:i+step]...)
		}
	}
	n.Content = content
	return nil
}

// Included is the document as a stack of the template, with values for its parameters, includes it.
func Included(template, document []byte, values map[string]string) ([]byte, error) {
	s, err := Load(template, values)
	if err != nil {
		return nil, err
	}
	return s.Resolve(document)
}
