package columns

import (
	"encoding/json"
	"math"
)

// shape is what a schema says of values: objects of these members, or a column of that kind.
type shape struct {
	kind    Type // unless it is an object
	members []named
	index   map[string]int // of members, nil unless it is an object
}

type named struct {
	name  string
	shape *shape
}

func column(kind Type) *shape     { return &shape{kind: kind} }
func emptyObject() *shape         { return &shape{index: map[string]int{}} }
func (s *shape) object() bool     { return s.index != nil }
func (s *shape) become(kind Type) { *s = shape{kind: kind} }

// union is the object of what all schemas declare.
func union(schemas []json.RawMessage) *shape {
	all, room := emptyObject(), MaxMetadata
	for _, raw := range schemas {
		if s := read(raw); s.object() {
			all.extend(s, &room)
		}
	}
	return all
}

// extend adds the members of another object, and no new ones once room is used up.
func (s *shape) extend(other *shape, room *int) {
	for _, m := range other.members {
		if k, there := s.index[m.name]; there {
			s.members[k].shape.merge(m.shape, room)
		} else if *room > 0 {
			*room -= m.shape.leaves()
			s.add(m)
		}
	}
}

func (s *shape) add(m named) {
	s.index[m.name] = len(s.members)
	s.members = append(s.members, m)
}

// merge makes the shape one that has room for the values of both.
func (s *shape) merge(other *shape, room *int) {
	switch {
	case s.object() && other.object():
		s.extend(other, room)
	case s.object() != other.object():
		s.become(JSON)
	default:
		s.kind = common(s.kind, other.kind)
	}
}

// mergeAll merges however many members there are.
func (s *shape) mergeAll(other *shape) {
	room := math.MaxInt
	s.merge(other, &room)
}

// common is the type that both fit.
func common(a, b Type) Type {
	switch {
	case a == b:
		return a
	case a == Integer && b == Number, a == Number && b == Integer:
		return Number
	}
	return JSON
}

// leaves is how many columns the shape makes.
func (s *shape) leaves() int {
	if !s.object() {
		return 1
	}
	n := 0
	for _, m := range s.members {
		n += m.shape.leaves()
	}
	return n
}
