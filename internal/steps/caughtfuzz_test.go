package steps

import (
	"slices"
	"testing"

	"github.com/videovector/exports/internal/metrics"
)

// FuzzCaught: whatever a step failed with, an export's owner is told the message that a step reported of its own failure, or a
// sentence of ours; never the text of a cause that isn't ours.
func FuzzCaught(f *testing.F) {
	for _, c := range []Caught{
		{"Export.Permanent", `{"errorMessage":"The bucket is gone.","stackTrace":[{"label":"bucket_missing"}]}`}, {"Export.Internal", `{"errorMessage":"a defect"}`},
		{"States.Timeout", `{"errorMessage":"secret"}`}, {"Lambda.Unknown", "secret"}, {"Export.Transient", `{"errorMessage":1}`}, {"Export.Transient", "{}{}"}, {"", ""},
	} {
		f.Add(c.Error, c.Cause)
	}
	ours := []string{"The export failed on our side.", "A step of the export took too long."}
	f.Fuzz(func(t *testing.T, name, cause string) {
		c := Caught{Error: name, Cause: cause}
		failure, code := c.reason(), c.code()
		if failure.Message == "" || !slices.Contains(ours, failure.Message) && (!c.ours() || failure.Message != c.reported().Message) {
			t.Errorf("%q with %q is told as %q", name, cause, failure.Message)
		}
		if failure.Permanent && !c.ours() || !c.ours() && code != metrics.ReasonTimeout && code != metrics.ReasonPlatform {
			t.Errorf("%q with %q is %+v, %s", name, cause, failure, code)
		}
	})
}
