package columns

import (
	"net/url"
	"strings"
)

// Limits of what is looked at in a schema, far beyond what an extraction of fields declares.
const (
	maxLevels = 32     // of schemas within schemas and behind references; a deeper one is a JSON column
	maxLooks  = 20_000 // at schemas, so that references to references can't multiply; a later one is a JSON column
)

// reader reads one JSON Schema.
type reader struct {
	root   *value
	within map[*value]bool // schemas that are being read: one that holds itself is a JSON column there
	looks  int
	room   int // for columns
}

// read gives the shape of the values that a schema allows. It may be laxer or stricter than the schema: values that
// don't fit have their place.
func read(raw []byte) *shape {
	root, err := parse(raw)
	if err != nil {
		return column(JSON)
	}
	r := &reader{root: root, within: map[*value]bool{}, room: MaxMetadata}
	return r.shape(root)
}

func (r *reader) shape(v *value) *shape {
	if v == nil || v.kind != '{' || r.within[v] || len(r.within) >= maxLevels || r.looks >= maxLooks {
		return column(JSON)
	}
	r.looks++
	r.within[v] = true
	room := r.room
	s := r.said(v)
	delete(r.within, v)
	if !s.object() {
		r.room = room // what was declared below has no columns
	}
	return s
}

func (r *reader) said(v *value) *shape {
	if ref := v.member("$ref", '"'); ref != nil {
		return r.shape(r.resolve(ref.text))
	}
	if parts := v.member("allOf", '['); parts != nil {
		return r.all(v, parts.items)
	}
	return r.own(v)
}

// resolve is the schema of a reference within the document, nil for others.
func (r *reader) resolve(ref string) *value {
	fragment, local := strings.CutPrefix(ref, "#")
	pointer, err := url.PathUnescape(fragment)
	if !local || err != nil || pointer != "" && pointer[0] != '/' {
		return nil
	}
	return r.root.at(pointer)
}

// all is what the schema and its parts say together.
func (r *reader) all(v *value, parts []*value) *shape {
	var s *shape
	if says(v) {
		s = r.own(v)
	}
	for _, part := range parts {
		if part.kind == '{' && !says(part) && !part.has("$ref", "allOf") {
			continue
		}
		next := r.shape(part)
		if s == nil {
			s = next
		} else {
			s.mergeAll(next)
		}
	}
	if s == nil {
		return column(JSON)
	}
	return s
}

// says reports whether the schema itself says of which type values are.
func says(v *value) bool {
	return v.has("type", "properties", "items", "anyOf", "oneOf", "enum", "const")
}

// own is what the schema says itself.
func (r *reader) own(v *value) *shape {
	switch kind := typeOf(v); kind {
	case "object":
		return r.properties(v)
	case "array":
		return column(r.list(v))
	case "string":
		return column(text(v))
	case "integer":
		return column(Integer)
	case "number":
		return column(Number)
	case "boolean":
		return column(Boolean)
	case "":
		return r.untyped(v)
	}
	return column(JSON)
}

// typeOf is the one type besides null that the schema names, "" if it names none, "several" otherwise. An integer is a
// number.
func typeOf(v *value) string {
	one := ""
	for _, name := range typeNames(v.index["type"]) {
		switch {
		case name == "null":
		case one == "" || one == name:
			one = name
		case one == "integer" && name == "number", one == "number" && name == "integer":
			one = "number"
		default:
			return "several"
		}
	}
	if one == "" && v.has("properties") {
		return "object"
	}
	return one
}

func typeNames(v *value) (names []string) {
	switch {
	case v == nil:
	case v.kind == '"':
		names = append(names, v.text)
	case v.kind == '[':
		for _, item := range v.items {
			names = append(names, item.text)
		}
	default:
		names = append(names, "several")
	}
	return names
}

// properties is an object of the schema's properties, or a JSON column if it names none.
func (r *reader) properties(v *value) *shape {
	properties := v.member("properties", '{')
	if properties == nil {
		return column(JSON)
	}
	s := emptyObject()
	for _, p := range properties.members {
		if r.room <= 0 {
			break
		}
		next := r.shape(p.value)
		if !next.object() {
			r.room--
		}
		if k, there := s.index[p.name]; there {
			s.members[k].shape.mergeAll(next)
		} else {
			s.add(named{p.name, next})
		}
	}
	if len(s.members) == 0 {
		return column(JSON)
	}
	return s
}

// list is the type of an array: a list if all its items are scalars of one type.
func (r *reader) list(v *value) Type {
	if v.has("prefixItems") {
		return JSON
	}
	items := r.shape(v.member("items", '{'))
	if items.object() {
		return JSON
	}
	switch items.kind {
	case Text, Timestamp:
		return TextList
	case Integer:
		return IntegerList
	case Number:
		return NumberList
	case Boolean:
		return BooleanList
	}
	return JSON
}

func text(v *value) Type {
	if format := v.member("format", '"'); format != nil && format.text == "date-time" {
		return Timestamp
	}
	return Text
}

// untyped is the shape of a schema that names no type.
func (r *reader) untyped(v *value) *shape {
	for _, name := range []string{"anyOf", "oneOf"} {
		if choices := v.member(name, '['); choices != nil {
			return r.choice(choices.items)
		}
	}
	switch {
	case v.has("items"):
		return column(r.list(v))
	case v.member("enum", '[') != nil:
		return column(ofValues(v.index["enum"].items))
	case v.has("const"):
		return column(ofValues([]*value{v.index["const"]}))
	}
	return column(JSON)
}

// choice is the one schema besides null, or the type that all of them have.
func (r *reader) choice(choices []*value) *shape {
	var s *shape
	for _, c := range choices {
		if onlyNull(c) {
			continue
		}
		next := r.shape(c)
		switch {
		case s == nil:
			s = next
		case s.object() || next.object():
			return column(JSON)
		default:
			s.kind = common(s.kind, next.kind)
		}
	}
	if s == nil {
		return column(JSON)
	}
	return s
}

// onlyNull reports whether a schema allows null and nothing else.
func onlyNull(v *value) bool {
	if c := v.index["const"]; c != nil {
		return c.kind == 'n'
	}
	names := typeNames(v.index["type"])
	return len(names) == 1 && names[0] == "null"
}

// ofValues is the type of all these values but null.
func ofValues(values []*value) Type {
	found, some := JSON, false
	for _, v := range values {
		next := ofValue(v)
		switch {
		case v.kind == 'n':
		case !some:
			found, some = next, true
		default:
			found = common(found, next)
		}
	}
	return found
}

func ofValue(v *value) Type {
	switch v.kind {
	case '"':
		return Text
	case 't', 'f':
		return Boolean
	case '0':
		if strings.ContainsAny(v.text, ".eE") {
			return Number
		}
		return Integer
	}
	return JSON
}
