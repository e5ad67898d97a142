package localgw

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLocalValues(t *testing.T) {
	values := LocalValues{"TABLE_NAME": {"TABLE_NAME=t"}, "KEY_ARN": {"KEY=k", "KEY_FILE=f"}, "LOG_LEVEL": nil, "OTHER": {"OTHER=o"}}
	got, err := values.Of(Deployed{Name: "plan", Variables: []string{"KEY_ARN", "LOG_LEVEL", "TABLE_NAME"}})
	if diff := cmp.Diff([]string{"KEY=k", "KEY_FILE=f", "TABLE_NAME=t"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := values.Of(Deployed{Name: "plan", Variables: []string{"NEW"}}); err == nil || !strings.Contains(err.Error(), "plan the variable NEW") {
		t.Errorf("a variable without a value: %v", err)
	}
}
