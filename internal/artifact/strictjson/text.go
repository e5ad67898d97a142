package strictjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Eight bytes at once.
const (
	ones   = 0x0101010101010101
	highs  = 0x80 * ones
	spaces = ' ' * ones
)

// special marks, with its high bit, the first byte that a string can't just pass over: a quote, a backslash, a control
// character, or one that is not ASCII. Of the bytes after it nothing can be told. A quote differs in one bit from the
// first byte after the control characters, so one subtraction finds both.
func special(w uint64) uint64 {
	return (((w ^ 2*ones) - 0x21*ones) | ((w ^ '\\'*ones) - ones) | w) & highs
}

// blockBytes are what run looks at at once.
const blockBytes = 32

// string gives the index after the string whose quote is at i, and remembers if it met an escape.
func (s *Scanner) string(b []byte, i int) int {
	i++
	for wide && len(b)-i >= blockBytes {
		at, met := run(b, i)
		if at == none {
			break // narrow finds out what
		}
		if !met {
			i = runeStart(b, i, at)
			break
		}
		if b[at] == '"' {
			return at + 1
		}
		if i = s.rare(b, at); i == none {
			return none
		}
	}
	return s.narrow(b, i)
}

// runeStart gives the index of the rune, of those from start on, that begins at i or goes on there.
func runeStart(b []byte, start, i int) int {
	for k := i - 1; k >= max(start, i-3); k-- {
		switch c := b[k]; {
		case c >= 0xc0:
			return k
		case c < 0x80:
			return i
		}
	}
	return i
}

// narrow gives the index after the string of which everything before i is known, word by word. It is one function, and
// runes of two and three bytes are told in its midst, because text that is not ASCII stops every few words.
func (s *Scanner) narrow(b []byte, i int) int {
words:
	for i+8 <= len(b) {
		m := special(binary.LittleEndian.Uint64(b[i : i+8]))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		for i+4 <= len(b) {
			x := binary.LittleEndian.Uint32(b[i : i+4])
			switch {
			case two(x):
				i = pairs(b, i+2)
				continue words
			case three(x) && x>>31 == 0:
				i += 3
				continue words
			case three(x):
				i += 3
				continue
			case byte(x) == '"':
				return i + 1
			}
			if i = s.rare(b, i); i == none {
				return none
			}
			continue words
		}
	}
	for i < len(b) && b[i] != '"' {
		if i = s.rare(b, i); i == none {
			return none
		}
	}
	if i >= len(b) {
		return s.fail(Syntax, i)
	}
	return i + 1
}

// two reports whether four bytes begin with a rune of two that no shorter sequence can write.
func two(x uint32) bool { return x&0xc0e0 == 0x80c0 && x&0x1e != 0 }

// three reports whether four bytes begin with a rune of three that no shorter sequence can write and that is not half
// of a surrogate pair.
func three(x uint32) bool {
	second := x & 0x200f
	return x&0xc0c0f0 == 0x8080e0 && second != 0 && second != 0x200d
}

// pairs gives the index after the words from i on that hold runes of two bytes, and of others only ASCII that a string
// passes over. A word whose last byte begins a rune is taken without it.
func pairs(b []byte, i int) int {
	for i+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[i : i+8])
		high := w & highs
		lead := high & (w << 1)
		odd := lead&(w<<2) | lead&^(w<<3|w<<4|w<<5|w<<6) | (high ^ lead ^ lead<<8)
		if high == 0 || special(w) != high || odd != 0 {
			return i
		}
		i += 8 - int(lead>>63)
	}
	return i
}

// rare gives the index after what is at i, inside of a string, whatever it is.
func (s *Scanner) rare(b []byte, i int) int {
	n := 0
	switch c := b[i]; {
	case c == '\\':
		s.escaped = true
		_, n = unescape(b[i:])
	case c >= utf8.RuneSelf:
		n = width(b[i:])
	case c >= ' ':
		n = 1
	}
	if n == 0 {
		return s.fail(Syntax, i)
	}
	return i + n
}

// width is the length of the rune that b begins with, which is not ASCII; 0 if it is none.
func width(b []byte) int {
	if _, n := utf8.DecodeRune(b); n > 1 {
		return n
	}
	return 0
}
