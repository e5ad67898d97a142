package boot

import (
	"strings"
	"testing"

	"github.com/videovector/exports/internal/wiring"
)

// TestSizes: a local service's sizes reach packaging; a deployed function that is given any doesn't start.
func TestSizes(t *testing.T) {
	set := wiring.Sizes{ShardAbove: 4 << 20, ShardSize: 1 << 20}
	for name, c := range map[string]struct {
		role string
		set  []string
		want wiring.Sizes
		ok   bool
	}{
		"local":              {"none", set.Environment(), set, true},
		"local, as shipped":  {"none", wiring.Sizes{}.Environment(), wiring.Sizes{}, true},
		"no number":          {"none", []string{"SHARD_SIZE=1MiB"}, wiring.Sizes{}, false},
		"no size":            {"none", []string{"SHARD_ABOVE=-1"}, wiring.Sizes{}, false},
		"deployed":           {"arn:aws:iam::1:role/r", set.Environment(), wiring.Sizes{}, false},
		"deployed, as it is": {"arn:aws:iam::1:role/r", nil, wiring.Sizes{}, true},
	} {
		environment := map[string]string{"ACCOUNT_ROLE_ARN": c.role}
		for _, line := range c.set {
			name, value, _ := strings.Cut(line, "=")
			environment[name] = value
		}
		var p wiring.Parts
		err := Sizes(t.Context(), &env{get: func(name string) string { return environment[name] }}, &p)
		if got := (wiring.Sizes{ShardAbove: p.ShardThreshold, ShardSize: p.ShardBytes}); (err == nil) != c.ok || c.ok && got != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
