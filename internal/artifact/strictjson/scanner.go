package strictjson

import (
	"hash/maphash"
	"math"
)

// MaxBytes is the longest text that a Scanner takes: offsets have 31 bits.
const MaxBytes = math.MaxInt32

// Scanner checks texts, one after the other, and notes where the values of some top-level members stand. It is not
// safe for concurrent use.
type Scanner struct {
	depth   int      // how deeply objects and arrays may nest, the text's own object being the first level
	noted   []string // names
	members []span   // of the values of noted, in the text scanned last
	others  []span   // of the other top-level members, names included
	text    []byte   // scanned last
	failure Failure

	index   [indexSize]uint8 // of noted, by fingerprint: 1 + position
	names   names
	shape   shape
	escaped bool // the string scanned last, or one before it, holds an escape
}

// withEscape in the start of a noted member's span tells that its value, if it is a string, holds an escape.
const withEscape = 1 << 31

// New makes a Scanner for texts that nest up to depth levels, which notes the top-level members of these names, at most
// 128.
func New(depth int, noted ...string) *Scanner {
	s := &Scanner{depth: depth, noted: noted, members: make([]span, len(noted))}
	s.names.seed = maphash.MakeSeed()
	for i, name := range noted {
		at := fingerprint([]byte(name), 0, len(name)) % indexSize
		for s.index[at] != 0 {
			at = (at + 1) % indexSize
		}
		s.index[at] = uint8(i + 1)
	}
	return s
}

// Scan reports whether the text is one strict JSON object; what speaks against it is a *Failure, the first there is.
// The text must not change as long as Member is asked about it.
func (s *Scanner) Scan(text []byte) error {
	s.text = text
	s.forget()
	s.names.forget()
	s.shape.begin()
	if at := s.document(text); at == none {
		s.forget()
		failure := s.failure
		return &failure
	}
	return nil
}

// Member is the value, as it stands in the text scanned last, of the noted member of that position; nil if the text
// has none or was refused.
func (s *Scanner) Member(position int) []byte {
	m := s.members[position]
	if m.end == 0 {
		return nil
	}
	return s.text[m.start&^withEscape : m.end : m.end]
}

// Escaped reports whether the noted member's value, if it is a string, holds an escape. Of other values it tells nothing.
func (s *Scanner) Escaped(position int) bool { return s.members[position].start&withEscape != 0 }

// Others is how many top-level members the text scanned last has that are not noted, 0 if it was refused.
func (s *Scanner) Others() int { return len(s.others) }

// Other is the k-th of them as it stands in the text, from its name's quote to its value's end.
func (s *Scanner) Other(k int) []byte {
	m := s.others[k]
	return s.text[m.start:m.end:m.end]
}

func (s *Scanner) forget() {
	clear(s.members)
	if cap(s.others) > keep {
		s.others = nil
	}
	s.others = s.others[:0]
}

// note remembers where a top-level member stands, whose name begins at i.
func (s *Scanner) note(noted uint8, i, start, end int) {
	if noted == 0 {
		s.others = append(s.others, span{uint32(i), uint32(end)})
		return
	}
	m := span{uint32(start), uint32(end)}
	if s.escaped {
		m.start |= withEscape
	}
	s.members[noted-1] = m
}

// document gives the text's end, or none.
func (s *Scanner) document(b []byte) int {
	if len(b) > MaxBytes {
		return s.fail(TooLong, MaxBytes)
	}
	i := blanks(b, 0)
	if i >= len(b) || b[i] != '{' {
		return s.fail(NotObject, i)
	}
	if i = s.top(b, i); i == none {
		return none
	}
	if i = blanks(b, i); i < len(b) {
		return s.fail(Trailing, i)
	}
	return i
}

// top gives the index after the text's own object, whose brace is at i, and notes its members.
func (s *Scanner) top(b []byte, i int) int {
	if s.depth < 1 {
		return s.fail(TooDeep, i)
	}
	if i = blanks(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	o := s.names.open()
	for {
		if i >= len(b) || b[i] != '"' {
			return s.misnamed(b, i)
		}
		start, noted := s.topName(b, i, &o)
		if start == none {
			return none
		}
		s.escaped = false
		end := s.value(b, start, 1)
		if end == none {
			return none
		}
		s.note(noted, i, start, end)
		i = blanks(b, end)
		if i < len(b) && b[i] == '}' {
			s.leave(b, &o)
			return i + 1
		}
		if i >= len(b) || b[i] != ',' {
			return s.fail(Syntax, i)
		}
		comma := i
		if i = blanks(b, i+1); i < len(b) && (b[i] == '}' || b[i] == ']') {
			return s.fail(Syntax, comma)
		}
	}
}

// topName gives the index of the value that belongs to the name at i, and 1 + the position at which it is noted, 0 for
// none. As long as the names are those of the shape there is nothing more to do; the first that is not brings the
// object's names to where they would be without a shape.
func (s *Scanner) topName(b []byte, i int, o *object) (value int, noted uint8) {
	if s.shape.holds {
		if value, noted = s.shape.match(b, i); value != none {
			s.names.seen = append(s.names.seen, span{uint32(i + 1), uint32(value - 2)})
			return blanks(b, value), noted
		}
		s.shape.holds = false
		s.names.recall(b, o)
	}
	value, mark := s.name(b, i, o)
	if value == none || s.index[mark%indexSize] == 0 {
		return value, 0
	}
	return value, s.find(mark, s.names.last(b))
}

// leave ends the text's own object. One that the shape didn't tell is the next shape.
func (s *Scanner) leave(b []byte, o *object) {
	if !s.shape.holds {
		s.learn(b, s.names.seen[o.first:])
	}
	s.names.close(o)
}

// find gives 1 + the position of the name among the noted ones, 0 if it is not.
func (s *Scanner) find(mark uint64, name []byte) uint8 {
	for at := mark % indexSize; s.index[at] != 0; at = (at + 1) % indexSize {
		if k := s.index[at]; s.noted[k-1] == string(name) {
			return k
		}
	}
	return 0
}

// misnamed fails at i, where the name of a top-level member should stand. If it is another value, then what is wrong
// inside of that comes first.
func (s *Scanner) misnamed(b []byte, i int) int {
	if s.value(b, i, 1) == none {
		return none
	}
	return s.fail(Syntax, i)
}
