package columns

import "bytes"

// What is in this file passes over values of a record that was accepted: it looks for their ends and checks nothing.

// blanks gives the index of the first byte from i on that is no blank.
func blanks(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' {
		i++
	}
	return i
}

// skip gives the index after the value at i, and whether it is a string with an escape.
func skip(b []byte, i int) (end int, escaped bool) {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipNested(b, i), false
	}
	for i < len(b) && b[i] > ' ' && b[i] != ',' && b[i] != '}' && b[i] != ']' {
		i++
	}
	return i, false
}

// skipString gives the index after the string whose quote is at i, and whether it holds an escape.
func skipString(b []byte, i int) (end int, escaped bool) {
	for end = i + 1; ; end++ {
		end += bytes.IndexByte(b[end:], '"')
		if b[end-1] != '\\' {
			break
		}
		if escapes(b[i+1:end])&1 == 0 {
			break
		}
	}
	return end + 1, bytes.IndexByte(b[i+1:end], '\\') >= 0
}

// escapes is how many backslashes stand at the end.
func escapes(b []byte) (n int) {
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n
}

// skipNested gives the index after the object or array whose bracket is at i.
func skipNested(b []byte, i int) int {
	for depth := 0; ; i++ {
		switch b[i] {
		case '"':
			end, _ := skipString(b, i)
			i = end - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}
