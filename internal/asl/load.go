package asl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	strict "github.com/go-json-experiment/json"
)

// Machine is a loaded state machine.
type Machine struct{ top *flow }

// flow is a state machine, or what a Map or Parallel state runs.
type flow struct {
	StartAt        string            `json:"StartAt"`
	States         map[string]*state `json:"States"`
	Comment        string            `json:"Comment"`
	Version        string            `json:"Version"`
	QueryLanguage  string            `json:"QueryLanguage"`
	TimeoutSeconds *int              `json:"TimeoutSeconds"`
	// ProcessorConfig belongs to a Map's processor only.
	ProcessorConfig *processorConfig `json:"ProcessorConfig"`
}

type processorConfig struct {
	Mode          string `json:"Mode"`
	ExecutionType string `json:"ExecutionType"`
}

// Load parses a definition. What it does not implement, and what can't be reached or isn't there, is an error.
func Load(definition []byte) (*Machine, error) {
	var f flow
	if err := decode(definition, &f); err != nil {
		return nil, err
	}
	whole, err := decodeValue(definition)
	if err == nil {
		err = refuseNulls(whole, "")
	}
	if err != nil {
		return nil, err
	}
	if f.ProcessorConfig != nil {
		return nil, fmt.Errorf("ProcessorConfig is a field of a Map's ItemProcessor")
	}
	if err := f.check("state machine"); err != nil {
		return nil, err
	}
	return &Machine{&f}, nil
}

// decode is strict JSON: unknown fields, duplicate names and trailing data are errors.
func decode(raw []byte, v any) error {
	return strict.Unmarshal(raw, v, strict.RejectUnknownMembers(true))
}

// data are the fields in which null is a value like any other; in paths it means "nothing".
var data = []string{"Result", "Parameters", "ResultSelector", "ItemSelector", "InputPath", "OutputPath", "ResultPath"}

// refuseNulls finds nulls that would be taken for absent fields.
func refuseNulls(v any, at string) error {
	switch v := v.(type) {
	case nil:
		return fmt.Errorf("%s is null", at)
	case []any:
		for i, item := range v {
			if err := refuseNulls(item, fmt.Sprintf("%s/%d", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if slices.Contains(data, name) {
				continue
			}
			if err := refuseNulls(v[name], at+"/"+name); err != nil {
				return err
			}
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)\}`)

// Substitute fills ${Name} placeholders in, as a template's DefinitionSubstitutions do. A placeholder without a value
// is an error, and so is a value that no placeholder takes.
func Substitute(definition []byte, values map[string]string) ([]byte, error) {
	used := map[string]bool{}
	var missing []string
	out := placeholder.ReplaceAllFunc(definition, func(m []byte) []byte {
		name := string(placeholder.FindSubmatch(m)[1])
		value, ok := values[name]
		if !ok {
			missing = append(missing, name)
		}
		used[name] = true
		quoted, err := json.Marshal(value)
		if err != nil {
			missing = append(missing, name)
		}
		return bytes.Trim(quoted, `"`)
	})
	if len(missing) > 0 {
		return nil, fmt.Errorf("no value for %s", strings.Join(missing, ", "))
	}
	for name := range values {
		if !used[name] {
			return nil, fmt.Errorf("no placeholder takes %s", name)
		}
	}
	return out, nil
}

// checkInner is check for a flow inside of a state, which has no limits of its own.
func (f *flow) checkInner(where string) error {
	if f.TimeoutSeconds != nil || f.Version != "" {
		return fmt.Errorf("%s: TimeoutSeconds and Version belong to the state machine", where)
	}
	return f.check(where)
}

// check validates a flow and every state in it.
func (f *flow) check(where string) error {
	if f.QueryLanguage != "" && f.QueryLanguage != "JSONPath" {
		return fmt.Errorf("%s: QueryLanguage %q is not implemented", where, f.QueryLanguage)
	}
	if f.Version != "" && f.Version != "1.0" {
		return fmt.Errorf("%s: Version %q is not implemented", where, f.Version)
	}
	if err := checkSeconds("TimeoutSeconds", f.TimeoutSeconds, 1); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	if f.States[f.StartAt] == nil {
		return fmt.Errorf("%s: StartAt names %q, which is no state", where, f.StartAt)
	}
	for _, name := range slices.Sorted(maps.Keys(f.States)) {
		s := f.States[name]
		if s == nil || len(name) > 80 || name == "" {
			return fmt.Errorf("%s: %q is no state", where, name)
		}
		s.name = name
		if err := s.check(f); err != nil {
			return fmt.Errorf("%s: state %q: %w", where, name, err)
		}
	}
	return f.checkReachable(where)
}

// checkReachable finds states that no path leads to.
func (f *flow) checkReachable(where string) error {
	seen := map[string]bool{}
	for todo := []string{f.StartAt}; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		if !seen[name] {
			seen[name] = true
			todo = append(todo, f.States[name].targets()...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.States)) {
		if !seen[name] {
			return fmt.Errorf("%s: state %q can't be reached", where, name)
		}
	}
	return nil
}
