package parquetfile

import (
	"strings"
	"testing"
)

func TestBoundsOfStrings(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct {
		value, low, high string
		exact            bool
	}{
		{"", "", "", true},
		{"a", "a", "a", true},
		{x(64), x(64), x(64), true},
		{x(65), x(64), x(63) + "y", false},
		{x(63) + "éé", x(63), x(62) + "y", false},
		{x(62) + "éé", x(62) + "é", x(62) + "ê", false},
		{x(63) + "\x7f\x7f", x(63) + "\x7f", x(62) + "y", false}, // the character after takes another byte
		{x(61) + "\ud7ff" + "z", x(61) + "\ud7ff", x(61) + "\ue000", false},
		{x(60) + "\U0010ffff" + "z", x(60) + "\U0010ffff", x(59) + "y", false},
		{strings.Repeat("\U0010ffff", 17), strings.Repeat("\U0010ffff", 16), "", false},
	} {
		var b bounds
		b.begin()
		b.addBytes([]byte(c.value))
		low, exactMin := floor(b.min)
		high, exactMax := ceiling(b.max)
		if string(low) != c.low || string(high) != c.high || exactMin != c.exact || exactMax != c.exact {
			t.Errorf("%q has the bounds %q (%t) and %q (%t), want %q and %q (%t)", c.value, low, exactMin, high, exactMax, c.low, c.high, c.exact)
		}
		if c.high == "" && c.value != "" && high != nil {
			t.Errorf("%q has the upper bound %q, want none", c.value, high)
		}
	}
}

// TestHeadsDontTellTheOrder holds strings that their first eight bytes don't tell apart.
func TestHeadsDontTellTheOrder(t *testing.T) {
	var b bounds
	b.begin()
	for _, s := range []string{"12345678b", "1234567", "12345678", "12345678c", "1234567\x00", "12345678a"} {
		b.addBytes([]byte(s))
	}
	if string(b.min) != "1234567" || string(b.max) != "12345678c" {
		t.Errorf("%q to %q", b.min, b.max)
	}
}
