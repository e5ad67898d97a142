package strictjson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Unquote appends what a JSON string, quotes included, reads as. The string is one that a Scanner has accepted.
func Unquote(dst, quoted []byte) []byte {
	rest := quoted[1 : len(quoted)-1]
	for {
		at := bytes.IndexByte(rest, '\\')
		if at < 0 {
			return append(dst, rest...)
		}
		r, n := unescape(rest[at:])
		dst = utf8.AppendRune(append(dst, rest[:at]...), r)
		rest = rest[at+max(n, 1):]
	}
}

// unescape reads the escape that b begins with, and gives its rune and its length; 0 if it is none, or half of a pair.
func unescape(b []byte) (r rune, length int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	high := unit(b)
	switch {
	case high < 0:
		return 0, 0
	case !utf16.IsSurrogate(high):
		return high, 6
	}
	if r = utf16.DecodeRune(high, unit(b[6:])); r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// unit is the number of the \uXXXX that b begins with, -1 if it begins with something else.
func unit(b []byte) (u rune) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			u = u<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			u = u<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return u
}
