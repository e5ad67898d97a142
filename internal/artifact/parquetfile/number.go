package parquetfile

import (
	"encoding/binary"
	"math"
	"strconv"
)

// powers of ten, all of which a double holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func appendDouble(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

// number is the double nearest to a JSON number. Up to 15 digits are less than 2⁵³, so they and a power of ten are doubles
// and one division rounds as it must; the rest is left to the library.
func number(raw []byte) float64 {
	digits, places, ok := decimal(raw)
	if !ok {
		f, _ := strconv.ParseFloat(string(raw), 64) // it is known to be a number within the range
		return f
	}
	f := float64(digits) / powers[places]
	if raw[0] == '-' {
		return -f
	}
	return f
}

// decimal reads a number without exponent, of at most 15 digits, places of them after the point.
func decimal(raw []byte) (digits uint64, places int, ok bool) {
	if raw[0] == '-' {
		raw = raw[1:]
	}
	if len(raw) > 16 {
		return 0, 0, false
	}
	point := len(raw)
	for i, c := range raw {
		switch {
		case c-'0' < 10:
			digits = digits*10 + uint64(c-'0')
		case c == '.':
			point = i + 1
		default:
			return 0, 0, false
		}
	}
	return digits, len(raw) - point, len(raw) < 16 || point < len(raw)
}

// integer is the value of a JSON number without fraction and exponent, within 64 bits.
func integer(raw []byte) int64 {
	digits, negative := raw, raw[0] == '-'
	if negative {
		digits = raw[1:]
	}
	n := uint64(0)
	for _, c := range digits {
		n = n*10 + uint64(c-'0')
	}
	if negative {
		return -int64(n)
	}
	return int64(n)
}
