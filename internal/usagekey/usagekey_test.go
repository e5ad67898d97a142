package usagekey_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/videovector/exports/internal/usagekey"
)

func TestOf(t *testing.T) {
	taken := regexp.MustCompile(`\A[a-z0-9-]{20,128}\z`)
	seen := map[string]string{}
	for _, account := range []string{"a", "acct_1", "acct_2", strings.Repeat("a", 128)} {
		key := usagekey.Of(account)
		if !taken.MatchString(key) || seen[key] != "" || key != usagekey.Of(account) {
			t.Errorf("the key of %s is %s, and %q has it too", account, key, seen[key])
		}
		seen[key] = account
	}
}
