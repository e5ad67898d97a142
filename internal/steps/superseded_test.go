package steps_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/videovector/exports/internal/export"
)

// TestStepsThatComeTooLate: a step of a generation that is over, or of an export that has ended, reads the record, says
// that it is superseded, and does nothing else.
func TestStepsThatComeTooLate(t *testing.T) {
	handedOn := func(e export.Export) export.Export { return almostDone(e).Restart(e.CreatedAt).Claim(e.CreatedAt) }
	ahead := func(e export.Export) export.Export {
		e.Generation, e.ClaimedGeneration = 0, 0
		return e
	}
	for state, move := range map[string]func(export.Export) export.Export{
		"completed under another generation": func(e export.Export) export.Export { return handedOn(e).Complete(e.CreatedAt) },
		"failed":                             failed, "handed on": handedOn, "not there yet": ahead,
	} {
		for _, st := range []stage{{"plan", -1}, {"package", -1}, {"package", 0}, {"assemble", -1}, {"presign", -1}, {"deliver", -1}, {"finish", -1}} {
			t.Run(state+"/"+st.function, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, scenario{request: delivered})
					w.putExport(exportID, move)
					before := w.export()
					if got := w.call(st); got != "Export.Superseded" {
						t.Errorf("ended with %q, want Export.Superseded", got)
					}
					for _, c := range w.made() {
						looks := c.name == "records.Export" || c.name == "records.AnyExport" || c.name == "artifacts.Open work/acct_1/exp_1/g1/uploads.json"
						if clears := state == "failed" && strings.HasPrefix(c.name, "artifacts.Uploads "); !looks && !clears {
							t.Errorf("it called %s", c)
						}
					}
					if diff := cmp.Diff(before, w.export()); diff != "" {
						t.Errorf("record (-before +after):\n%s", diff)
					}
				})
			})
		}
	}
}

// almostDone is an export that lacks nothing but its end.
func almostDone(e export.Export) export.Export {
	now := e.CreatedAt
	e.Request.Destination = delivered.Destination
	return e.Claim(now).Packaged(export.Artifact{Key: documentKey, ManifestKey: manifestKey}, now).Delivered(export.Receipt{URI: "s3://customer/x"}, now)
}

// TestStepsThatComeTooEarly: no step builds on what isn't there.
func TestStepsThatComeTooEarly(t *testing.T) {
	undelivered := func(e export.Export) export.Export {
		e = almostDone(e)
		e.Receipt = nil
		return e
	}
	for name, c := range map[string]struct {
		step string
		move func(export.Export) export.Export
		want string
	}{
		"packaging without a plan":     {"package", working, "Export.Unavailable"},
		"assembling without a plan":    {"assemble", working, "Export.Unavailable"},
		"a link without a document":    {"presign", working, "Export.Unavailable"},
		"delivery without a document":  {"deliver", working, "Export.Internal"},
		"delivery of a lost document":  {"deliver", undelivered, "Export.Unavailable"},
		"the end without a document":   {"finish", working, "Export.Internal"},
		"the end without its delivery": {"finish", undelivered, "Export.Internal"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, scenario{request: delivered})
				w.putExport(exportID, c.move)
				if got := w.call(stage{c.step, -1}); got != c.want {
					t.Errorf("%s ended with %q, want %s", c.step, got, c.want)
				}
				if e := w.export(); !e.Open() || len(w.customer.holds()) > 0 {
					t.Errorf("the export is %s, and %d objects are delivered", e.Status, len(w.customer.holds()))
				}
			})
		})
	}
}

// TestWhatIsDoneIsNotDoneAgain: a delivery that has its receipt asks nobody, and an end is written once.
func TestWhatIsDoneIsNotDoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, scenario{request: delivered})
		w.create()
		for _, st := range line(w.plan)[:4] {
			w.mustCall(st)
		}
		w.mustCall(stage{"deliver", -1})
		receipt, calls := *w.export().Receipt, w.calledTarget()
		time.Sleep(time.Minute)
		w.mustCall(stage{"deliver", -1})
		if diff := cmp.Diff(receipt, *w.export().Receipt); diff != "" || w.calledTarget() != calls {
			t.Errorf("%d calls of the target, want %d; receipt (-first +second):\n%s", w.calledTarget(), calls, diff)
		}
		w.mustCall(stage{"finish", -1})
		e := w.export()
		time.Sleep(time.Minute)
		w.mustCall(stage{"finish", -1})
		w.checkEnd(e)
		if diff := cmp.Diff(e, w.export()); diff != "" {
			t.Errorf("finished again, the record changed (-first +second):\n%s", diff)
		}
	})
}

// calledTarget is how often the connector and its bucket were called.
func (w *world) calledTarget() (n int) {
	for _, c := range w.made() {
		if strings.HasPrefix(c.name, "target.") || strings.HasPrefix(c.name, "connectors.") {
			n++
		}
	}
	return n
}
