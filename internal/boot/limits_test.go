package boot

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/wiring"
)

// TestLimits: a function starts with the limits that it was given, and not without.
func TestLimits(t *testing.T) {
	given := func(atOnce string) *Env {
		values := map[string]string{"EXPORTS_AT_ONCE": atOnce, "EXPORTS_WAITING": "7", "CREATES_PER_MINUTE": "9"}
		return NewEnv(aws.Config{}, func(name string) string { return values[name] })
	}
	var p wiring.Parts
	if err := Limits(context.Background(), given("5"), &p); err != nil || p.Limits != (admission.Limits{AtOnce: 5, Waiting: 7, PerMinute: 9}) {
		t.Errorf("the limits are %+v, %v", p.Limits, err)
	}
	for _, wrong := range []string{"", "0", "-1", "many", "1.5"} {
		if err := Limits(context.Background(), given(wrong), &p); err == nil {
			t.Errorf("a function starts with %q exports at once", wrong)
		}
	}
}
