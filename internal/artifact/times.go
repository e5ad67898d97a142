package artifact

import (
	"bytes"
	"strconv"
)

// after reports whether two JSON values are numbers and the first is the larger one. Plain decimals, as nearly all times
// are, are compared digit by digit and exactly; others as doubles.
func after(a, b []byte) bool {
	if !number(a) || !number(b) {
		return false
	}
	if c, plain := compareDecimals(a, b); plain {
		return c > 0
	}
	x, _ := strconv.ParseFloat(string(a), 64) // beyond the range it is infinite, which compares well
	y, _ := strconv.ParseFloat(string(b), 64)
	return x > y
}

func number(value []byte) bool {
	return len(value) > 0 && (value[0] == '-' || value[0]-'0' < 10)
}

// compareDecimals compares numbers without sign and exponent; of others it says that they are not plain. JSON writes
// numbers without leading zeros, so the longer integer is the larger one.
func compareDecimals(a, b []byte) (order int, plain bool) {
	i, fa, ok := decimal(a)
	j, fb, okB := decimal(b)
	if !ok || !okB {
		return 0, false
	}
	if len(i) != len(j) {
		return len(i) - len(j), true
	}
	if c := bytes.Compare(i, j); c != 0 {
		return c, true
	}
	return bytes.Compare(bytes.TrimRight(fa, "0"), bytes.TrimRight(fb, "0")), true
}

// decimal gives the digits before and after a number's point.
func decimal(value []byte) (integer, fraction []byte, plain bool) {
	point := len(value)
	for i, c := range value {
		if c == '.' {
			point = i
		} else if c-'0' > 9 {
			return nil, nil, false
		}
	}
	return value[:point], value[min(point+1, len(value)):], true
}
