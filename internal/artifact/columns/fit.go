package columns

import "strconv"

const (
	shortNumber  = 300 // bytes: no number of so many, without an exponent, is beyond a double's range
	shortInteger = 18  // digits: all such numbers are within 64 bits
)

// take makes the value the cell's and reports whether it fits the type. Null fits all and leaves the cell as it is,
// null. Plain matters for strings.
func (c *Cell) take(kind Type, v []byte, plain bool) bool {
	if v[0] == 'n' {
		return true
	}
	fits := true
	switch kind {
	case Text:
		fits = v[0] == '"'
		c.Plain = fits && plain
	case Timestamp:
		c.Int, fits = milliseconds(v)
	case Integer:
		c.Int, fits = integer(v)
	case JSON:
	case TextList, IntegerList, NumberList, BooleanList:
		fits = v[0] == '[' && scalars(kind.element(), v)
	default:
		fits = kind.holds(v)
	}
	if fits {
		c.Raw = v
	}
	return fits
}

// element is the type of a list's items.
func (t Type) element() Type {
	switch t {
	case IntegerList:
		return Integer
	case NumberList:
		return Number
	case BooleanList:
		return Boolean
	}
	return Text
}

// holds reports whether the value is one of a scalar type.
func (t Type) holds(v []byte) bool {
	switch t {
	case Text:
		return v[0] == '"'
	case Integer:
		_, fits := integer(v)
		return fits
	case Number:
		return finite(v)
	}
	return v[0] == 't' || v[0] == 'f'
}

// scalars reports whether the array holds values of the type and nulls only.
func scalars(t Type, array []byte) bool {
	for i := blanks(array, 1); array[i] != ']'; {
		end, _ := skip(array, i)
		if array[i] != 'n' && !t.holds(array[i:end]) {
			return false
		}
		if i = blanks(array, end); array[i] == ',' {
			i = blanks(array, i+1)
		}
	}
	return true
}

// integer gives the value if it is a number without fraction and exponent within 64 bits.
func integer(v []byte) (n int64, fits bool) {
	digits := v
	if v[0] == '-' {
		digits = v[1:]
	}
	if len(digits) > shortInteger {
		n, err := strconv.ParseInt(string(v), 10, 64)
		return n, err == nil
	}
	for _, c := range digits {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(v) {
		n = -n
	}
	return n, true
}

// finite reports whether the value is a number within the range of a double.
func finite(v []byte) bool {
	if v[0] != '-' && v[0]-'0' > 9 {
		return false
	}
	if len(v) <= shortNumber && !exponent(v) {
		return true
	}
	_, err := strconv.ParseFloat(string(v), 64)
	return err == nil
}

func exponent(number []byte) bool {
	for _, c := range number {
		if c|0x20 == 'e' {
			return true
		}
	}
	return false
}
