package artifact

import (
	"math/big"
	"strings"
	"testing"
)

// TestTimesInOrder compares numbers that careless code would compare wrongly.
func TestTimesInOrder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1", "1", false}, {"1.50", "1.5", false}, {"1.5", "1.50", false}, {"1.51", "1.5", true}, {"10", "9", true}, {"9", "10", false},
		{"0.1", "0", true}, {"0", "0.0", false}, {"-1", "1", false}, {"1", "-1", true}, {"-0", "0", false}, {"0", "-0", false},
		{"1e3", "999", true}, {"999", "1E3", false}, {"1e999", "1", true}, {"1", "1e999", false}, {"1e999", "1e999", false},
		{"0.10000000000000000002", "0.10000000000000000001", true}, {"2", "null", false}, {"null", "1", false}, {"2", `"1"`, false},
		{"2", "", false}, {"2", "true", false}, {"[2]", "1", false},
	} {
		if got := after([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("after(%s, %s) = %v", c.a, c.b, got)
		}
	}
}

// FuzzAfter compares decimals as exact fractions do.
func FuzzAfter(f *testing.F) {
	f.Add("1.50", "1.5")
	f.Add("00.1", "-2")
	f.Add("100.001", "20")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := after([]byte(a), []byte(b)) // of anything, without a panic
		x, y := fraction(a), fraction(b)
		if x != nil && y != nil && got != (x.Cmp(y) > 0) {
			t.Errorf("after(%s, %s) = %v", a, b, got)
		}
	})
}

// fraction is a plain decimal as JSON writes it, nil for anything else.
func fraction(s string) *big.Rat {
	if NewParser().scan.Scan([]byte(`{"a":`+s+`}`)) != nil || strings.Trim(s, "0123456789.") != "" {
		return nil
	}
	r, _ := new(big.Rat).SetString(s)
	return r
}
