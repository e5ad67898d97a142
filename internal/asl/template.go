package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// template is a payload template: fields whose names end in ".$" are filled in from paths and intrinsic functions.
type template struct {
	root  node
	names []string // of the fields, if it is an object, without ".$"
}

// node is a part of a template: evaluated, it gives a value.
type node func(data, ctx any) (any, error)

// UnmarshalJSON implements json.Unmarshaler; every path and function is parsed here.
func (t *template) UnmarshalJSON(raw []byte) error {
	v, err := decodeValue(raw)
	if err != nil {
		return err
	}
	if object, ok := v.(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			t.names = append(t.names, strings.TrimSuffix(name, ".$"))
		}
	}
	t.root, err = compile(v)
	return err
}

// checkNames refuses a template that lacks fields, or has others than those and the optional ones.
func (t *template) checkNames(needed []string, optional ...string) error {
	if t == nil {
		return errors.New("has no Parameters")
	}
	for _, name := range needed {
		if !slices.Contains(t.names, name) {
			return fmt.Errorf("Parameters have no %s", name)
		}
	}
	for _, name := range t.names {
		if !slices.Contains(needed, name) && !slices.Contains(optional, name) {
			return fmt.Errorf("the parameter %s is not implemented", name)
		}
	}
	return nil
}

// eval fills the template in.
func (t *template) eval(data, ctx any) (any, error) { return t.root(data, ctx) }

func compile(v any) (node, error) {
	switch v := v.(type) {
	case map[string]any:
		return compileObject(v)
	case []any:
		return compileList(v)
	}
	return func(any, any) (any, error) { return v, nil }, nil
}

func compileObject(object map[string]any) (node, error) {
	fields := make(map[string]node, len(object))
	for name, v := range object {
		var n node
		var err error
		key, dynamic := strings.CutSuffix(name, ".$")
		if dynamic {
			n, err = compileDynamic(v)
		} else {
			n, err = compile(v)
		}
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		if fields[key] != nil {
			return nil, fmt.Errorf("field %q is there twice", key)
		}
		fields[key] = n
	}
	return func(data, ctx any) (any, error) {
		out := make(map[string]any, len(fields))
		for key, n := range fields {
			v, err := n(data, ctx)
			if err != nil {
				return nil, err
			}
			out[key] = v
		}
		return out, nil
	}, nil
}

func compileList(list []any) (node, error) {
	nodes := make([]node, len(list))
	for i, v := range list {
		n, err := compile(v)
		if err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return func(data, ctx any) (any, error) {
		out := make([]any, len(nodes))
		for i, n := range nodes {
			v, err := n(data, ctx)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	}, nil
}

// compileDynamic takes the text of a ".$" field.
func compileDynamic(v any) (node, error) {
	text, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("the value of a field that ends in \".$\" is a string")
	}
	if strings.HasPrefix(text, "States.") {
		return parseCall(text)
	}
	p, err := parsePath(text)
	if err != nil {
		return nil, err
	}
	return func(data, ctx any) (any, error) { return p.need(data, ctx) }, nil
}

// decodeValue decodes JSON without losing digits of numbers. Duplicate names, trailing data and invalid UTF-8 are errors.
func decodeValue(raw []byte) (v any, err error) {
	if err := decode(raw, &jsontext.Value{}); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// encodeValue is the JSON of a value; values come from decodeValue or are made of the same types.
func encodeValue(v any) json.RawMessage {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("asl: a value that was decoded from JSON always encodes: " + err.Error())
	}
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n"))
}
