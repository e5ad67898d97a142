package store

import (
	"slices"
	"testing"
)

// TestInTurns: each account's soonest comes first, then each one's second.
func TestInTurns(t *testing.T) {
	first := func(s string) string { return s[:1] }
	due := []string{"a1", "a2", "a3", "b1", "a4", "c1", "b2"}
	for limit, want := range map[int][]string{
		0: nil, 3: {"a1", "b1", "c1"}, 5: {"a1", "b1", "c1", "a2", "b2"}, 10: {"a1", "b1", "c1", "a2", "b2", "a3", "a4"},
	} {
		if got := InTurns(due, first, limit); !slices.Equal(got, want) {
			t.Errorf("the first %d are %v, want %v", limit, got, want)
		}
	}
}
