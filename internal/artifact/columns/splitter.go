package columns

import (
	"github.com/videovector/exports/internal/artifact"
	"github.com/videovector/exports/internal/artifact/strictjson"
)

// Splitter cuts records into cells. It is not safe for concurrent use.
type Splitter struct {
	table *Table
	cells []Cell

	// next holds, for each slot of an object, the member that stood there last: the first slot is that of the first
	// member, the one after it of what followed member 0, and so on. Records are mostly alike.
	next  []int32
	extra []byte // of metadata, without its closing brace
	rest  []byte // of the record, likewise
	name  []byte // that was spelt with escapes
}

// NewSplitter makes a Splitter for any number of records, one after the other.
func NewSplitter(t *Table) *Splitter {
	s := &Splitter{table: t, cells: make([]Cell, len(t.columns)), next: make([]int32, t.slots)}
	s.expect(t.metadata)
	return s
}

// expect begins with the order in which the members were declared.
func (s *Splitter) expect(o *object) {
	for k, m := range o.members {
		s.next[o.slot+k] = int32(k)
		if m.below != nil {
			s.expect(m.below)
		}
	}
	s.next[o.slot+len(o.members)] = none
}

// none is no member.
const none = -1

// Split gives the record's cells, one for each column, valid until the next Split. The parser has accepted the record
// just before, and nothing since. A null has no place of its own: it is a cell that is null, as a member that is missing is,
// unless it has no column. Neither has metadata that is an empty object.
func (s *Splitter) Split(p *artifact.Parser) []Cell {
	clear(s.cells)
	s.extra, s.rest = s.extra[:0], s.rest[:0]
	for i := range fixed {
		f := &fixed[i]
		v := p.Value(f.member)
		if len(v) > 0 && !s.cells[i].take(f.kind, v, p.Plain(f.member)) {
			s.keep(f.member, v)
		}
	}
	s.metadata(p.Value(artifact.Metadata))
	for k := range p.Others() {
		s.rest = append(begin(s.rest), p.Other(k)...)
	}
	s.extra, s.rest = end(s.extra), end(s.rest)
	s.cells[s.table.metadataExtra()].Raw = orNull(s.extra)
	s.cells[s.table.recordExtra()].Raw = orNull(s.rest)
	return s.cells
}

// keep puts a documented member among the rest of the record.
func (s *Splitter) keep(m artifact.Member, v []byte) {
	s.rest = append(append(begin(s.rest), '"'), m.String()...)
	s.rest = append(append(s.rest, `":`...), v...)
}

// begin begins a member of an object's text.
func begin(dst []byte) []byte {
	if len(dst) == 0 {
		return append(dst, '{')
	}
	return append(dst, ',')
}

// end ends the object, if it has a member.
func end(dst []byte) []byte {
	if len(dst) == 0 {
		return dst
	}
	return append(dst, '}')
}

func orNull(text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	return text
}

func (s *Splitter) metadata(v []byte) {
	switch {
	case len(v) == 0 || v[0] == 'n':
	case v[0] == '{':
		s.object(v, 0, s.table.metadata)
	default:
		s.keep(artifact.Metadata, v)
	}
}

// object cuts the object whose brace is at i and gives the index after it.
func (s *Splitter) object(b []byte, i int, o *object) int {
	slot := o.slot
	for i = blanks(b, i+1); b[i] != '}'; {
		k, at := s.member(b, i, o, slot)
		var end int
		if k != none && o.members[k].below != nil && b[at] == '{' && b[blanks(b, at+1)] != '}' {
			end = s.object(b, at, o.members[k].below)
		} else {
			end = s.value(b, i, at, o, k)
		}
		if k != none {
			slot = o.slot + k + 1
		}
		if i = blanks(b, end); b[i] == ',' {
			i = blanks(b, i+1)
		}
	}
	return i + 1
}

// member gives the member whose name is at i, or none, and the index of its value.
func (s *Splitter) member(b []byte, i int, o *object, slot int) (k, at int) {
	if k := int(s.next[slot]); k != none {
		text := o.members[k].text
		if end := i + len(text); end <= len(b) && string(b[i:end]) == text {
			return k, blanks(b, end)
		}
	}
	end, escaped := skipString(b, i)
	at = blanks(b, blanks(b, end)+1)
	k, known := o.index[string(s.unquote(b[i:end], escaped))]
	if !known {
		return none, at
	}
	s.next[slot] = int32(k)
	return k, at
}

func (s *Splitter) unquote(quoted []byte, escaped bool) []byte {
	if !escaped {
		return quoted[1 : len(quoted)-1]
	}
	s.name = strictjson.Unquote(s.name[:0], quoted)
	return s.name
}

// value puts the value at into the cell of member k, or among the rest of metadata by the name at i; it gives the index
// after it.
func (s *Splitter) value(b []byte, i, at int, o *object, k int) int {
	end, escaped := skip(b, at)
	v := b[at:end:end]
	switch {
	case k == none:
		s.keepBelow(b, i, o, v)
	case o.members[k].below == nil:
		c := o.members[k].column
		if !s.cells[c].take(s.table.columns[c].Type, v, !escaped) {
			s.keepBelow(b, i, o, v)
		}
	case v[0] != 'n':
		s.keepBelow(b, i, o, v)
	}
	return end
}

// keepBelow puts a value among the rest of metadata, under the dotted name of the member of o whose name is at i.
func (s *Splitter) keepBelow(b []byte, i int, o *object, v []byte) {
	end, escaped := skipString(b, i)
	name := s.unquote(b[i:end], escaped)
	s.extra = begin(s.extra)
	if plain(name) {
		s.extra = append(append(append(s.extra, o.quoted...), name...), '"')
	} else {
		s.extra = append(s.extra, quote(join(o.path, string(name)))...)
	}
	s.extra = append(append(s.extra, ':'), v...)
}
