package parquetfile

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestNumbersAreTheLibrarys compares doubles bit by bit.
func TestNumbersAreTheLibrarys(t *testing.T) {
	all := []string{"0", "-0", "-0.0", "1", "999999999999999", "9999999999999999", "99999999999999.9", "999999999999999.9", "0.00000000000001", "0.000000000000001", "5e-324", "2.2250738585072014e-308", "1.7976931348623157e308"}
	r := rand.New(rand.NewPCG(1, 5))
	for range 100000 {
		f := math.Float64frombits(r.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		all = append(all, strconv.FormatFloat(f, "eg"[r.IntN(2)], r.IntN(20)-1, 64), strconv.FormatFloat(r.NormFloat64()*math.Pow10(r.IntN(14)), 'f', r.IntN(16), 64))
	}
	for _, s := range all {
		if got, want := math.Float64bits(number([]byte(s))), bitsOf(s); got != want {
			t.Fatalf("%s is %x, want %x", s, got, want)
		}
	}
}

func bitsOf(s string) uint64 {
	f, _ := strconv.ParseFloat(s, 64) // beyond the range it is infinite, as ours
	return math.Float64bits(f)
}

// FuzzNumber: a decimal is the standard library's, to the bit.
func FuzzNumber(f *testing.F) {
	f.Add("-12.50")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := strconv.ParseFloat(s, 64); err != nil || strings.Trim(s, "-0123456789.e") != "" || s[len(s)-1] == '.' || s == "-" {
			return
		}
		if got, want := math.Float64bits(number([]byte(s))), bitsOf(s); got != want {
			t.Fatalf("%s is %x, want %x", s, got, want)
		}
	})
}

func TestIntegersAreTheLibrarys(t *testing.T) {
	for _, s := range []string{"0", "-0", "7", "-7", "9223372036854775807", "-9223372036854775807", "-9223372036854775808"} {
		want, err := strconv.ParseInt(s, 10, 64)
		if got := integer([]byte(s)); got != want || err != nil {
			t.Errorf("%s is %d, want %d", s, got, want)
		}
	}
}

func TestNumbersAllocateNothing(t *testing.T) {
	for _, s := range []string{"-12.50", "0.30000000000000004", "5e-324"} {
		raw := []byte(s)
		if n := testing.AllocsPerRun(10, func() { number(raw) }); n != 0 {
			t.Errorf("%v allocations for %s", n, s)
		}
	}
}
