package asl

import (
	"encoding/json"
	"errors"
)

// rule is a choice rule: one comparison, or And, Or, Not over rules.
type rule struct {
	Next     string
	variable *path
	compare  func(v any, present bool, data, ctx any) (bool, error)
	and, or  []rule
	not      *rule
}

// UnmarshalJSON implements json.Unmarshaler: a rule has exactly one operator, and operators are many.
func (r *rule) UnmarshalJSON(raw []byte) error {
	var fields map[string]json.RawMessage
	if err := decode(raw, &fields); err != nil {
		return err
	}
	operators := 0
	for name, value := range fields {
		var err error
		switch name {
		case "Comment":
		case "Next":
			err = decode(value, &r.Next)
		case "Variable":
			r.variable = &path{}
			err = r.variable.UnmarshalJSON(value)
		case "And":
			operators++
			err = decode(value, &r.and)
		case "Or":
			operators++
			err = decode(value, &r.or)
		case "Not":
			operators++
			r.not = &rule{}
			err = r.not.UnmarshalJSON(value)
		default:
			operators++
			r.compare, err = comparison(name, value)
		}
		if err != nil {
			return err
		}
	}
	if operators != 1 || (r.compare != nil) != (r.variable != nil) {
		return errors.New("a choice rule is one comparison of a Variable, or one of And, Or and Not")
	}
	return nil
}

func (r *rule) check(top bool) error {
	if (r.Next != "") != top {
		return errors.New("Next belongs to the outermost rules, and each of them has one")
	}
	inner := append(append([]rule(nil), r.and...), r.or...)
	if r.not != nil {
		inner = append(inner, *r.not)
	}
	if r.compare == nil && len(inner) == 0 {
		return errors.New("And and Or take at least one rule")
	}
	for i := range inner {
		if err := inner[i].check(false); err != nil {
			return err
		}
	}
	return nil
}

// holds evaluates the rule.
func (r *rule) holds(data, ctx any) (bool, error) {
	switch {
	case r.compare != nil:
		v, ok := r.variable.get(data, ctx)
		return r.compare(v, ok, data, ctx)
	case r.not != nil:
		ok, err := r.not.holds(data, ctx)
		return !ok, err
	}
	for _, part := range append(r.and, r.or...) {
		ok, err := part.holds(data, ctx)
		if err != nil || ok == (r.or != nil) {
			return ok, err
		}
	}
	return r.or == nil, nil
}
