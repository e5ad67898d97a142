package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// path is a reference path: $ or $$, then fields and indexes. It names one place.
type path struct {
	text    string
	context bool  // begins with $$
	steps   []any // string or int
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *path) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	parsed, err := parsePath(text)
	if err != nil {
		return err
	}
	*p = *parsed
	return nil
}

// optional is a path field that may be absent, which means the whole, or null, which means nothing.
type optional struct {
	set  bool
	path *path
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *optional) UnmarshalJSON(raw []byte) error {
	o.set = true
	if string(raw) == "null" {
		return nil
	}
	o.path = &path{}
	return o.path.UnmarshalJSON(raw)
}

// null reports whether the field is there and says "nothing".
func (o optional) null() bool { return o.set && o.path == nil }

// sel is what the path selects of data: everything when it is absent, an empty object when it is null.
func (o optional) sel(data, ctx any) (any, error) {
	switch {
	case o.null():
		return map[string]any{}, nil
	case o.path == nil:
		return data, nil
	}
	return o.path.need(data, ctx)
}

// parsePath reads $, $.a.b, $['a b'][0] and the same after $$. Wildcards, filters, slices and descents are not
// implemented.
func parsePath(text string) (*path, error) {
	p := &path{text: text}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, fmt.Errorf("%q is not a path", text)
	}
	if after, ok := strings.CutPrefix(rest, "$"); ok {
		p.context, rest = true, after
	}
	for rest != "" {
		step, after, err := parseStep(rest)
		if err != nil {
			return nil, fmt.Errorf("the path %q is not implemented: %w", text, err)
		}
		p.steps = append(p.steps, step)
		rest = after
	}
	return p, nil
}

func parseStep(s string) (step any, rest string, err error) {
	switch {
	case strings.HasPrefix(s, "['"):
		name, rest, ok := strings.Cut(s[2:], "']")
		if !ok || name == "" || strings.ContainsAny(name, `\'`) {
			return nil, "", errors.New("a bad quoted field")
		}
		return name, rest, nil
	case strings.HasPrefix(s, "["):
		digits, rest, ok := strings.Cut(s[1:], "]")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 || digits != strconv.Itoa(n) {
			return nil, "", errors.New("an index must be a number")
		}
		return n, rest, nil
	case strings.HasPrefix(s, "."):
		end := strings.IndexAny(s[1:], ".[") + 1
		if end == 0 {
			end = len(s)
		}
		name := s[1:end]
		if name == "" || strings.ContainsAny(name, "*@?()',:; \t\n\"\\$]&") {
			return nil, "", fmt.Errorf("%q is not a field", name)
		}
		return name, s[end:], nil
	}
	return nil, "", fmt.Errorf("%q", s)
}

// get reads the place in data, or in the context object. ok is false if there is none.
func (p *path) get(data, ctx any) (v any, ok bool) {
	v = data
	if p.context {
		v = ctx
	}
	for _, step := range p.steps {
		switch at := step.(type) {
		case string:
			object, isObject := v.(map[string]any)
			if v, ok = object[at]; !ok || !isObject {
				return nil, false
			}
		case int:
			list, isList := v.([]any)
			if !isList || at >= len(list) {
				return nil, false
			}
			v = list[at]
		}
	}
	return v, true
}

// need is get with absence as a failure of the execution.
func (p *path) need(data, ctx any) (any, error) {
	v, ok := p.get(data, ctx)
	if !ok {
		return nil, &Failure{errRuntime, fmt.Sprintf("The path %q names nothing in the input.", p.text)}
	}
	return v, nil
}

// put gives data with v at the place; objects on the way are made, and nothing of data is changed.
func (p *path) put(data, v any) (any, error) {
	if p.context {
		return nil, &Failure{errRuntime, "The context object can't be written."}
	}
	return putAt(data, p.steps, v, p.text)
}

func putAt(data any, steps []any, v any, text string) (any, error) {
	if len(steps) == 0 {
		return v, nil
	}
	mismatch := &Failure{errResultPath, fmt.Sprintf("The path %q can't be applied to the input.", text)}
	switch at := steps[0].(type) {
	case string:
		object, ok := data.(map[string]any)
		if !ok && data != nil {
			return nil, mismatch
		}
		next := make(map[string]any, len(object)+1)
		for k, old := range object {
			next[k] = old
		}
		inner, err := putAt(object[at], steps[1:], v, text)
		next[at] = inner
		return next, err
	case int:
		list, ok := data.([]any)
		if !ok || at >= len(list) {
			return nil, mismatch
		}
		next := append([]any(nil), list...)
		inner, err := putAt(list[at], steps[1:], v, text)
		next[at] = inner
		return next, err
	}
	return nil, mismatch
}
