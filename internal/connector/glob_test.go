package connector_test

import (
	"strings"
	"testing"
	"time"

	"github.com/videovector/exports/internal/connector"
)

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern   string
		chosen    string // keys, separated by blanks
		notChosen string
	}{
		{"*", "a a/b.mp4 a/.hidden", ""},
		{"", "", "a a/b"},
		{"*.mp4", "a.mp4 x/y/a.mp4 .mp4", "a.MP4 a.mp4.txt amp4 mp4/a"},
		{"*.{mp4,mov}", "a.mp4 x/a.mov", "a.avi a.{mp4,mov} a.mp4,mov"},
		{"{a,b{1,2}}.x", "a.x b1.x b2.x", "b.x a1.x"},
		{"a{,b}c", "ac abc", "abbc"},
		{"a,b", "a,b", "a b"},
		{"?.txt", "a.txt ü.txt x/b.txt", "ab.txt .txt"},
		{"[a-c][!0-9].x", "ax.x b-.x", "dx.x a1.x"},
		{"[^a].x", "b.x ^.x", "a.x"},
		{`[\]\-a].x`, "].x -.x a.x", `b.x \.x`},
		{"[a-]", "a -", "b"},
		{"[*?]", "* ?", "a"},
		{`\*.\{x\}`, "*.{x}", "a.{x} a.x"},
		{"videos/*.mov", "videos/a.mov", "a.mov videos/x/a.mov x/videos/a.mov"},
		{"videos/[!a]", "videos/b", "videos/a videos//"},
		{"**/*.mp4", "a.mp4 x/a.mp4 x/y/a.mp4", "a.mov x/a.mp4/b"},
		{"x/**/b", "x/b x/y/b x/y/z/b", "xb x/yb"},
		{"x/**", "x/ x/y x/y/z", "x y/x"},
		{"**", "a x/y", ""},
		{"a**b/c", "ab/c ax/yb/c", "ab"},
		{"a.b+c(d)^$|", "a.b+c(d)^$|", "axb+c(d)^$|"},
		{"漢[あ-ん]*", "漢い漢", "漢漢"},
	} {
		p, err := connector.ParsePattern(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		for _, key := range strings.Fields(c.chosen) {
			if !p.Match(key) {
				t.Errorf("%q doesn't choose %q", c.pattern, key)
			}
		}
		for _, key := range strings.Fields(c.notChosen) {
			if p.Match(key) {
				t.Errorf("%q chooses %q", c.pattern, key)
			}
		}
	}
}

func TestPatternRefused(t *testing.T) {
	for _, pattern := range []string{
		"[", "[a", "[]", "[!]", "[^]", "[z-a]", "[a/]", "[+-9]", "[!+-9]", "a]", "{", "{a", "{a,b", "a}", "{a,{b,{c,d}}}", `\`, `a\`, `[a\`, "a\x00", "a\n", "\xff",
		strings.Repeat("é", 257),
	} {
		if _, err := connector.ParsePattern(pattern); err == nil {
			t.Errorf("%q is accepted", pattern)
		}
	}
	if _, err := connector.ParsePattern(strings.Repeat("é", 256)); err != nil {
		t.Errorf("256 characters: %v", err)
	}
}

// TestPatternTakesNoTime: patterns that make a backtracking matcher take for ever.
func TestPatternTakesNoTime(t *testing.T) {
	key := strings.Repeat("a", 1024)
	for _, pattern := range []string{strings.Repeat("*a", 127) + "b", strings.Repeat("{a,aa}", 42) + "b", strings.Repeat("**a", 85) + "b"} {
		p, err := connector.ParsePattern(pattern)
		if err != nil {
			t.Fatalf("%q: %v", pattern, err)
		}
		began := time.Now()
		p.Match(key)
		if took := time.Since(began); took > 10*time.Second { // it is milliseconds, or more than a lifetime
			t.Errorf("%q: a key took %s", pattern, took)
		}
	}
}

// FuzzPattern: whatever a pattern is, it is refused or it matches without failing; without any special character it
// chooses its own text as a name and nothing longer.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{"*.{mp4,mov}", "[a-z]?", `\[`, "{a,{b,c}}", "**/x", "a/b", "[+-9]", "\xff", "[^"} {
		f.Add(p, "x/a.mp4")
	}
	f.Fuzz(func(t *testing.T, pattern, key string) {
		p, err := connector.ParsePattern(pattern)
		if err != nil {
			return
		}
		p.Match(key)
		if strings.ContainsAny(pattern, `*?[]{}\`) {
			return
		}
		if !p.Match(pattern) || p.Match(pattern+"x") || !strings.Contains(pattern, "/") && !p.Match("folder/"+pattern) {
			t.Errorf("%q doesn't stand for itself", pattern)
		}
	})
}
