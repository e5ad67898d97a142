package strictjson

import "encoding/binary"

// blanks gives the index of the first byte from i on that is no blank.
func blanks(b []byte, i int) int {
	if uint(i) < uint(len(b)) && b[i] > ' ' {
		return i
	}
	return manyBlanks(b, i)
}

func manyBlanks(b []byte, i int) int {
	for len(b)-i >= 8 && binary.LittleEndian.Uint64(b[i:]) == spaces {
		i += 8
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// value gives the index after the value that begins at i, in an object or array of that depth.
func (s *Scanner) value(b []byte, i, depth int) int {
	if uint(i) >= uint(len(b)) {
		return s.fail(Syntax, i)
	}
	switch c := b[i]; c {
	case '"':
		return s.string(b, i)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number(b, i)
	case '{':
		return s.object(b, i, depth+1)
	case '[':
		return s.array(b, i, depth+1)
	case 't':
		return s.literal(b, i, "true")
	case 'f':
		return s.literal(b, i, "false")
	case 'n':
		return s.literal(b, i, "null")
	}
	return s.fail(Syntax, i)
}

// object gives the index after the object whose brace is at i.
func (s *Scanner) object(b []byte, i, depth int) int {
	if depth > s.depth {
		return s.fail(TooDeep, i)
	}
	if i = blanks(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	o := s.names.open()
	for {
		if i >= len(b) || b[i] != '"' {
			return s.fail(Syntax, i)
		}
		if i, _ = s.name(b, i, &o); i == none {
			return none
		}
		if i = s.value(b, i, depth); i == none {
			return none
		}
		i = blanks(b, i)
		if i < len(b) && b[i] == '}' {
			s.names.close(&o)
			return i + 1
		}
		if i >= len(b) || b[i] != ',' {
			return s.fail(Syntax, i)
		}
		i = blanks(b, i+1)
	}
}

// array gives the index after the array whose bracket is at i.
func (s *Scanner) array(b []byte, i, depth int) int {
	if depth > s.depth {
		return s.fail(TooDeep, i)
	}
	if i = blanks(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		if i = s.value(b, i, depth); i == none {
			return none
		}
		i = blanks(b, i)
		if i < len(b) && b[i] == ']' {
			return i + 1
		}
		if i >= len(b) || b[i] != ',' {
			return s.fail(Syntax, i)
		}
		i = blanks(b, i+1)
	}
}

// name gives the index of the value that belongs to the name that begins at i, and the name's fingerprint.
func (s *Scanner) name(b []byte, i int, o *object) (value int, mark uint64) {
	s.escaped = false
	end := s.string(b, i)
	if end == none {
		return none, 0
	}
	mark, fresh := s.names.add(b, i, end, s.escaped, o)
	if !fresh {
		return s.fail(DuplicateName, i), 0
	}
	i = blanks(b, end)
	if i >= len(b) || b[i] != ':' {
		return s.fail(Syntax, i), 0
	}
	return blanks(b, i+1), mark
}

// literal gives the index after the word that begins at i.
func (s *Scanner) literal(b []byte, i int, word string) int {
	if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
		return i + len(word)
	}
	for k := 0; k < len(word) && i < len(b) && b[i] == word[k]; k++ {
		i++
	}
	return s.fail(Syntax, i)
}

// number gives the index after the number that begins at i.
func (s *Scanner) number(b []byte, i int) int {
	start := i
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = s.digits(b, i, start); i == none {
		return none
	}
	if i < len(b) && b[i] == '.' {
		if i = s.digits(b, i+1, start); i == none {
			return none
		}
	}
	if i >= len(b) || b[i]|0x20 != 'e' {
		return i
	}
	if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
		i++
	}
	return s.digits(b, i, start)
}

// digits gives the index after the digits that begin at i, at least one, of the number that begins at start.
func (s *Scanner) digits(b []byte, i, start int) int {
	first := i
	for uint(i) < uint(len(b)) && b[i]-'0' < 10 {
		i++
	}
	if i > first {
		return i
	}
	if i >= len(b) {
		return s.fail(Syntax, start)
	}
	return s.fail(Syntax, i)
}
