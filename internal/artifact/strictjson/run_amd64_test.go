//go:build !purego

package strictjson

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

// plainly is run, byte by byte. What run cuts at its end it may have seen to be no rune, or not yet: cut tells that there
// is some.
func plainly(b []byte, i int) (at int, met, cut bool) {
	for at = i; len(b)-at >= blockBytes; at += blockBytes {
		for k, c := range b[at : at+blockBytes] {
			if c == '"' || c == '\\' || c < ' ' {
				if !utf8.Valid(b[i : at+k]) {
					return none, false, false
				}
				return at + k, true, false
			}
		}
	}
	whole := runeStart(b, i, at)
	if !utf8.Valid(b[i:whole]) {
		return none, false, false
	}
	return at, false, !utf8.Valid(b[whole:at])
}

func runs(t *testing.T, b []byte, i int) {
	t.Helper()
	at, met := run(b, i)
	want, wantMet, cut := plainly(b, i)
	if (at != want || met != wantMet) && (!cut || at != none) {
		t.Fatalf("run(%q, %d) = %d, %v; want %d, %v", b, i, at, met, want, wantMet)
	}
}

func needWide(t *testing.T) {
	t.Helper()
	if !wide {
		t.Skip("this processor has no blocks; strings are told word by word")
	}
}

// TestRunsOfPieces makes texts of what there is in strings and of what is not, and begins at every rune.
func TestRunsOfPieces(t *testing.T) {
	needWide(t)
	random := rand.New(rand.NewPCG(1, 1))
	pieces := []string{
		"a", "plain text ", "ä", "юж", "人", "😀", "\u07ff", "\u0800", "\uffff", "\U0010ffff", `"`, `\`, "\x1f", " ", "\x7f",
		"\x80", "\xc3", "\xc0\x80", "\xe4\xba", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf8", "\xff",
	}
	for range 100_000 {
		var text []byte
		kinds := 1 + random.IntN(len(pieces))
		for range random.IntN(60) {
			text = append(text, pieces[random.IntN(kinds)]...)
		}
		for i := range string(text) {
			if len(text)-i >= blockBytes && random.IntN(8) == 0 {
				runs(t, text, i)
			}
		}
	}
}

// TestRunsOverEveryRune puts all that three bytes can say, and what of four is near a border, at the edge of two blocks.
func TestRunsOverEveryRune(t *testing.T) {
	needWide(t)
	text := append(bytes.Repeat([]byte("x"), 2*blockBytes-1), '"')
	valid := func(b []byte) bool {
		for _, c := range b {
			if c == '"' || c == '\\' || c < ' ' {
				return false
			}
		}
		return utf8.Valid(b)
	}
	check := func(at int, b ...byte) {
		copy(text[at:], b)
		if end, met := run(text, 0); valid(b) != (met && end == len(text)-1) {
			t.Fatalf("% x at %d: run gives %d, %v", b, at, end, met)
		}
		copy(text[at:], "xxxx")
	}
	edges := []byte{0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xf0}
	for x := range 1 << 24 {
		check(blockBytes-2+x%3, byte(x>>16), byte(x>>8), byte(x))
	}
	for lead := 0xf0; lead <= 0xff; lead++ {
		for second := range 256 {
			for _, third := range edges {
				for _, fourth := range edges {
					for at := blockBytes - 4; at <= blockBytes; at++ {
						check(at, byte(lead), byte(second), third, fourth)
					}
				}
			}
		}
	}
}
