// Package cfn says what CloudFormation makes of the parts of a template that depend on its parameters: conditions, and the
// intrinsic functions that choose by them. It knows the few functions that those parts use, refuses what it doesn't know,
// and leaves Fn::Sub and Fn::GetAtt as they are: what they name exists only once it is deployed.
package cfn

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Stack is a template with values for its parameters.
type Stack struct {
	parameters map[string][]string // a plain parameter has one value
	conditions map[string]yaml.Node
}

// Load reads the template's parameters and conditions. values are those of parameters by name, lists with commas, in the
// place of their defaults.
func Load(template []byte, values map[string]string) (*Stack, error) {
	var in struct {
		Parameters map[string]struct {
			Type    string  `yaml:"Type"`
			Default *string `yaml:"Default"`
		} `yaml:"Parameters"`
		Conditions map[string]yaml.Node `yaml:"Conditions"`
	}
	if err := yaml.Unmarshal(template, &in); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	s := &Stack{parameters: map[string][]string{}, conditions: in.Conditions}
	for name := range values {
		if _, ok := in.Parameters[name]; !ok {
			return nil, fmt.Errorf("template: it has no parameter %s", name)
		}
	}
	for name, p := range in.Parameters {
		value, given := values[name]
		if !given && p.Default == nil {
			continue
		}
		if !given {
			value = *p.Default
		}
		s.parameters[name] = []string{value}
		if p.Type == "CommaDelimitedList" {
			s.parameters[name] = strings.Split(value, ",")
		}
	}
	return s, nil
}

// Holds reports whether the condition of the name holds.
func (s *Stack) Holds(condition string) (bool, error) {
	node, ok := s.conditions[condition]
	if !ok {
		return false, fmt.Errorf("the template has no condition %s", condition)
	}
	held, err := s.test(&node)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", condition, err)
	}
	return held, nil
}

// call takes an intrinsic function apart, in its short form (!Equals […]) and its long one ({"Fn::Equals": […]}). name is
// "" for what is none.
func call(n *yaml.Node) (name string, argument *yaml.Node) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		plain := *n
		plain.Tag = ""
		return strings.TrimPrefix(n.Tag, "!"), &plain
	}
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		return "", nil
	}
	key := n.Content[0].Value
	if short, ok := strings.CutPrefix(key, "Fn::"); ok {
		return short, n.Content[1]
	}
	if key == "Ref" || key == "Condition" {
		return key, n.Content[1]
	}
	return "", nil
}

// test is the value of a condition function.
func (s *Stack) test(n *yaml.Node) (bool, error) {
	name, argument := call(n)
	switch name {
	case "Condition":
		return s.Holds(argument.Value)
	case "Equals":
		if len(argument.Content) != 2 {
			return false, errors.New("Fn::Equals compares two values")
		}
		a, err := s.list(argument.Content[0])
		if err != nil {
			return false, err
		}
		b, err := s.list(argument.Content[1])
		return slices.Equal(a, b), err
	case "Not", "And", "Or":
		var held []bool
		for _, c := range argument.Content {
			h, err := s.test(c)
			if err != nil {
				return false, err
			}
			held = append(held, h)
		}
		switch {
		case name == "Not" && len(held) == 1:
			return !held[0], nil
		case name == "And":
			return !slices.Contains(held, false), nil
		case name == "Or":
			return slices.Contains(held, true), nil
		}
	}
	return false, fmt.Errorf("%q is no condition that is known here", name)
}

// list is a value of one or several strings.
func (s *Stack) list(n *yaml.Node) ([]string, error) {
	name, argument := call(n)
	switch name {
	case "":
		if n.Kind == yaml.ScalarNode {
			return []string{n.Value}, nil
		}
		var all []string
		for _, c := range n.Content {
			one, err := s.list(c)
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
		}
		return all, nil
	case "Ref":
		if strings.HasPrefix(argument.Value, "AWS::") {
			return []string{"${" + argument.Value + "}"}, nil
		}
		v, ok := s.parameters[argument.Value]
		if !ok {
			return nil, fmt.Errorf("the parameter %s has no value", argument.Value)
		}
		return v, nil
	case "Join", "Select":
		if len(argument.Content) != 2 {
			return nil, fmt.Errorf("Fn::%s takes two values", name)
		}
		of, err := s.list(argument.Content[1])
		if err != nil {
			return nil, err
		}
		if name == "Join" {
			return []string{strings.Join(of, argument.Content[0].Value)}, nil
		}
		var n int
		if err := argument.Content[0].Decode(&n); err != nil || n < 0 || n >= len(of) {
			return nil, errors.New("Fn::Select of what isn't there")
		}
		return []string{of[n]}, nil
	}
	return nil, fmt.Errorf("Fn::%s is not known here", name)
}
