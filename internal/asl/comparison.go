package asl

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// tests are the operators that ask what a value is.
var tests = map[string]func(v any) bool{
	"IsNull":      func(v any) bool { return v == nil },
	"IsString":    func(v any) bool { _, ok := v.(string); return ok },
	"IsNumeric":   func(v any) bool { _, ok := v.(json.Number); return ok },
	"IsBoolean":   func(v any) bool { _, ok := v.(bool); return ok },
	"IsTimestamp": func(v any) bool { _, err := timestamp(v); return err == nil },
}

// orders are what an operator's name ends in, and which signs of a three-way comparison it takes. The longer names
// come first.
var orders = []struct {
	suffix string
	takes  func(sign int) bool
}{
	{"LessThanEquals", func(s int) bool { return s <= 0 }},
	{"GreaterThanEquals", func(s int) bool { return s >= 0 }},
	{"LessThan", func(s int) bool { return s < 0 }},
	{"GreaterThan", func(s int) bool { return s > 0 }},
	{"Equals", func(s int) bool { return s == 0 }},
}

var kinds = map[string]func(a, b any) (sign int, comparable bool){
	"String": func(a, b any) (int, bool) {
		x, ok := a.(string)
		y, also := b.(string)
		return strings.Compare(x, y), ok && also
	},
	"Numeric": func(a, b any) (int, bool) {
		x, ok := number(a)
		y, also := number(b)
		return sign(x - y), ok && also
	},
	"Timestamp": func(a, b any) (int, bool) {
		x, err := timestamp(a)
		y, also := timestamp(b)
		return x.Compare(y), err == nil && also == nil
	},
	"Boolean": func(a, b any) (int, bool) {
		x, ok := a.(bool)
		y, also := b.(bool)
		if x == y {
			return 0, ok && also
		}
		return 1, ok && also
	},
}

// comparison compiles an operator with its operand.
func comparison(name string, raw json.RawMessage) (func(v any, present bool, data, ctx any) (bool, error), error) {
	operand, err := decodeValue(raw)
	if err != nil {
		return nil, err
	}
	if name == "IsPresent" || tests[name] != nil {
		return isTest(name, operand)
	}
	if name == "StringMatches" {
		return stringMatches(operand)
	}
	operator, byPath := strings.CutSuffix(name, "Path")
	for _, o := range orders {
		kind, ok := strings.CutSuffix(operator, o.suffix)
		compare := kinds[kind]
		if !ok || compare == nil || (kind == "Boolean" && o.suffix != "Equals") {
			continue
		}
		if byPath {
			return comparePath(operand, compare, o.takes)
		}
		if _, ok := compare(operand, operand); !ok {
			return nil, fmt.Errorf("%s can't be compared with %s", name, raw)
		}
		return func(v any, present bool, _, _ any) (bool, error) {
			s, ok := compare(v, operand)
			return ok && o.takes(s), needVariable(present)
		}, nil
	}
	return nil, fmt.Errorf("the operator %q is not implemented", name)
}

func needVariable(present bool) error {
	if !present {
		return &Failure{errRuntime, "A choice rule's Variable names nothing in the input."}
	}
	return nil
}

func isTest(name string, operand any) (func(v any, present bool, data, ctx any) (bool, error), error) {
	want, ok := operand.(bool)
	if !ok {
		return nil, fmt.Errorf("%s takes true or false", name)
	}
	if name == "IsPresent" {
		return func(_ any, present bool, _, _ any) (bool, error) { return present == want, nil }, nil
	}
	return func(v any, present bool, _, _ any) (bool, error) {
		return present && tests[name](v) == want, needVariable(present)
	}, nil
}

func comparePath(operand any, compare func(a, b any) (int, bool), takes func(int) bool) (func(v any, present bool, data, ctx any) (bool, error), error) {
	text, ok := operand.(string)
	if !ok {
		return nil, errors.New("an operator that ends in Path takes a path")
	}
	p, err := parsePath(text)
	if err != nil {
		return nil, err
	}
	return func(v any, present bool, data, ctx any) (bool, error) {
		other, err := p.need(data, ctx)
		if err != nil {
			return false, err
		}
		s, ok := compare(v, other)
		return ok && takes(s), needVariable(present)
	}, nil
}

// stringMatches compiles a pattern in which * stands for any characters and a backslash takes its meaning away.
func stringMatches(operand any) (func(v any, present bool, data, ctx any) (bool, error), error) {
	pattern, ok := operand.(string)
	if !ok {
		return nil, errors.New("StringMatches takes a string")
	}
	pieces, err := splitPattern(pattern)
	if err != nil {
		return nil, err
	}
	return func(v any, present bool, _, _ any) (bool, error) {
		s, ok := v.(string)
		return ok && matchPieces(s, pieces), needVariable(present)
	}, nil
}

func splitPattern(pattern string) ([]string, error) {
	pieces := []string{""}
	for i := 0; i < len(pattern); i++ {
		last := len(pieces) - 1
		switch c := pattern[i]; {
		case c == '*':
			pieces = append(pieces, "")
		case c == '\\' && i+1 < len(pattern) && (pattern[i+1] == '*' || pattern[i+1] == '\\'):
			i++
			pieces[last] += pattern[i : i+1]
		case c == '\\':
			return nil, errors.New("a backslash stands before * or another backslash")
		default:
			pieces[last] += string(c)
		}
	}
	return pieces, nil
}

func matchPieces(s string, pieces []string) bool {
	if len(pieces) == 1 {
		return s == pieces[0]
	}
	s, ok := strings.CutPrefix(s, pieces[0])
	if !ok {
		return false
	}
	last := pieces[len(pieces)-1]
	for _, piece := range pieces[1 : len(pieces)-1] {
		_, after, found := strings.Cut(s, piece)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, last)
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func sign(f float64) int {
	switch {
	case f < 0:
		return -1
	case f > 0:
		return 1
	}
	return 0
}

func timestamp(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, errors.New("not a string")
	}
	return time.Parse(time.RFC3339Nano, s)
}
