package connector

import (
	"strings"
	"testing"

	"github.com/videovector/exports/internal/jsonsuite"
)

// TestCredentialsAreStrictJSON: a key file that is no JSON is refused for that, and one that is JSON for what it lacks.
func TestCredentialsAreStrictJSON(t *testing.T) {
	refusal := func(text string) string {
		_, err := ParseGCSCredentials([]byte(text))
		if err == nil {
			return ""
		}
		return err.Error()
	}
	for _, c := range jsonsuite.Refused() {
		if got := refusal(c.Text); !strings.HasPrefix(got, "must be JSON, ") && !strings.HasPrefix(got, "must be a JSON object") && !strings.HasPrefix(got, "must have 1 to ") {
			t.Errorf("%.40s: %q, want a refusal of the text", c.Name, got)
		}
	}
	for _, c := range jsonsuite.Accepted() {
		if got := refusal(c.Text); !strings.HasPrefix(got, "must be a service account's key") {
			t.Errorf("%.40s: %q, want a refusal of what it lacks", c.Name, got)
		}
	}
}
