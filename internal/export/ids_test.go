package export

import (
	"strings"
	"testing"
)

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"exp_01k": true, "A-b_9": true, strings.Repeat("a", MaxIDLength): true,
		"": false, strings.Repeat("a", MaxIDLength+1): false, "a/b": false, "a b": false, "ä": false, "a%2fb": false, "a#b": false,
	} {
		if got := ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v", id, got)
		}
	}
}

func TestExecutionNameRoundTrip(t *testing.T) {
	name := ExecutionName("exp_a-g7", 12)
	id, generation, ok := ParseExecutionName(name)
	if !ok || id != "exp_a-g7" || generation != 12 {
		t.Errorf("parsed %q as %q, %d, %v", name, id, generation, ok)
	}
	for _, bad := range []string{"", "exp_a", "exp_a-g", "exp_a-g01", "exp_a-g1x", "-g1", "a/b-g1"} {
		if _, _, ok := ParseExecutionName(bad); ok {
			t.Errorf("%q was taken for an execution name", bad)
		}
	}
}

func TestCleanSubpath(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "/": "", "exports/review-team": "exports/review-team", "/exports/review-team/": "exports/review-team",
		"Berichte/März 2026": "Berichte/März 2026", "a%20b": "a%20b", "...x": "...x", "100%": "100%",
	} {
		if got, err := CleanSubpath(in); err != nil || got != want {
			t.Errorf("CleanSubpath(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"..", "a/../b", "a/..", "./a", "a/.", "a//b", "//a", "%2e%2e/a", "a/%2E%2e", "a/%252e%252e/b", "a%2fb", "a%5cb", "a\\b", "a\nb",
		"a\x00b", "a?b", "a#b", "\xff", "a/.. /b", "a/%2e%2e%20/b", "a/%00", strings.Repeat("x", MaxPathBytes+1), "...", "a/ /b",
	} {
		if got, err := CleanSubpath(in); err == nil {
			t.Errorf("CleanSubpath(%q) = %q, want an error", in, got)
		}
	}
}

// FuzzCleanSubpath: a clean path is clean.
func FuzzCleanSubpath(f *testing.F) {
	f.Add("exports/review-team")
	f.Add("a/%252e%252e/b")
	f.Fuzz(func(t *testing.T, in string) {
		got, err := CleanSubpath(in)
		if err != nil {
			return
		}
		if again, err := CleanSubpath(got); err != nil || again != got {
			t.Errorf("%q cleans to %q, which cleans to %q, %v", in, got, again, err)
		}
	})
}

// FuzzExecutionName: a name that is taken is the one of its id and generation, which are valid.
func FuzzExecutionName(f *testing.F) {
	for _, name := range []string{"exp_1-g1", "exp_1-g01", "exp_1-g-1", "exp_1-g1-g2", "-g1", "exp_1-g", "exp/1-g1", "exp_1-g1 ", "exp_1-g99999999999999999999"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id, generation, ok := ParseExecutionName(name)
		if ok && (!ValidID(id) || generation < 1 || ExecutionName(id, generation) != name) {
			t.Errorf("%q is taken for %q, %d", name, id, generation)
		}
	})
}
