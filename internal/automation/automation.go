// Package automation makes an export of an index when runs of it have finished. What it hears of runs it notes in the
// automation's record, together with which end of which run that was; a schedule then looks for windows that have ended.
//
// Whatever is heard may come twice, late, and in any order: the catalogue says what is so, and an end that was noted is
// noted once. Every step may end at any point and is made again.
package automation

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/tenant"
)

// Records is what automations need of the record store.
type Records interface {
	Run(ctx context.Context, account, id string) (export.Run, error)
	Automation(ctx context.Context, account, indexID string) (export.Automation, error)
	Ending(ctx context.Context, account, indexID, runID string) (string, error)
	SaveAutomation(ctx context.Context, next export.Automation, revision int64, noted *store.Ending) (export.Automation, error)
	DueAutomations(ctx context.Context, now time.Time, limit int) ([]store.AutomationRef, error)
}

// Exporter makes exports as create-export does.
type Exporter interface {
	// Export makes the export of the automation's ended window, under the id that the window has. Asking again is asking
	// once. Made reports whether it is there.
	Export(ctx context.Context, a export.Automation) error
	Made(ctx context.Context, a export.Automation) (bool, error)
}

// Config is what a Runner works with.
type Config struct {
	Records  Records
	Exporter Exporter
	NewID    func(time.Time) string // mints the id of an export
	Debounce time.Duration          // of every automation, whatever it says; 0 means what it says
	Clock    func() time.Time
	Metrics  *metrics.Recorder
	Log      *slog.Logger
}

// Runner carries automations out.
type Runner struct{ Config }

// New makes a Runner.
func New(c Config) Runner {
	c.Log = logattr.Logger(c.Log)
	return Runner{c}
}

// Heard notes that the run has finished. A run that goes on, is of no index, or whose index has no automation, is nobody's
// here; so is an end that was noted, and the one that the run had before the change: the change that brought that is, or
// was, told by itself, also to an automation that was not there yet. before is "" for a run that had not finished. Two
// writers of one automation take turns: the later one fails with fault.Unavailable, and the change comes again.
func (r Runner) Heard(ctx context.Context, account, runID, before string) error {
	run, err := r.Records.Run(ctx, account, runID)
	if fault.Is(err, fault.NotFound) || err == nil && (run.IndexID == "" || !run.Status.Finished()) {
		return nil
	}
	if err != nil || run.Ending() == before {
		return err
	}
	a, err := r.Records.Automation(ctx, account, run.IndexID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	noted, err := r.Records.Ending(ctx, account, run.IndexID, run.ID)
	if err != nil && !fault.Is(err, fault.NotFound) || noted == run.Ending() {
		return err
	}
	next := a.Noted(Length(a.Debounce, r.Debounce), r.Clock())
	next, err = r.Records.SaveAutomation(ctx, next, a.Revision, &store.Ending{RunID: run.ID, Text: run.Ending()})
	failpoint.Here("automation.noted")
	if err == nil {
		r.Log.InfoContext(ctx, "a finished run was noted", "index_id", run.IndexID, "active", next.Active())
	}
	return err
}

// Length is how long windows of the interval are, where all is what every one is to be, 0 for none.
func Length(d export.Debounce, all time.Duration) time.Duration {
	if all > 0 {
		return all
	}
	return d.Duration()
}

// batch is how many automations one call looks at; the rest are due a minute later.
const batch = 100

// Out counts what was done.
type Out struct {
	Examined int `json:"examined"`
	Exported int `json:"exported"`
	Failed   int `json:"failed"`  // to be tried again, or given up
	Skipped  int `json:"skipped"` // moved meanwhile, or not active when its window had ended
}

// Fire makes the exports of all windows that have ended. The failure of one is logged and doesn't keep it from the others.
func (r Runner) Fire(ctx context.Context) (Out, error) {
	due, err := r.Records.DueAutomations(ctx, r.Clock(), batch)
	if err != nil {
		return Out{}, err
	}
	var out Out
	for _, ref := range due {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		out.Examined++
		about := logattr.With(tenant.With(ctx, ref.AccountID), slog.String("account_id", ref.AccountID), slog.String("index_id", ref.IndexID))
		if err := r.one(about, ref, &out); err != nil {
			out.Failed++
			r.Log.ErrorContext(about, "an automation could not be carried out", "error", err.Error())
		}
	}
	r.Metrics.AutomationsRun(ctx)
	return out, nil
}

// one takes an automation from the end of its window to its export.
func (r Runner) one(ctx context.Context, ref store.AutomationRef, out *Out) error {
	a, err := r.Records.Automation(ctx, ref.AccountID, ref.IndexID)
	if err != nil {
		return err
	}
	now := r.Clock()
	if !a.Due(now) {
		out.Skipped++
		return nil
	}
	if a.Firing == nil {
		if a, err = r.save(ctx, a, a.Close(r.NewID(now), now)); err != nil {
			return err
		}
	}
	failpoint.Here("automation.closed")
	if a.Firing == nil {
		out.Skipped++
		return nil
	}
	return r.fire(ctx, a, out)
}

// fire makes the export of the window that has ended, and writes down what became of it.
func (r Runner) fire(ctx context.Context, a export.Automation, out *Out) error {
	if !a.Active() {
		return r.abandon(ctx, a, out)
	}
	err := r.Exporter.Export(ctx, a)
	failpoint.Here("automation.exported")
	ctx = logattr.With(ctx, slog.String("export_id", a.Firing.ExportID))
	if err != nil {
		return r.refused(ctx, a, err, out)
	}
	if _, err := r.save(ctx, a, a.Fired()); err != nil {
		return err
	}
	out.Exported++
	r.Metrics.AutomationFired(ctx)
	r.Log.InfoContext(ctx, "an automation made an export")
	return nil
}

// abandon ends the window of an automation that was paused or disabled after its end. An export that a call has made
// whose reply was lost is its export all the same.
func (r Runner) abandon(ctx context.Context, a export.Automation, out *Out) error {
	made, err := r.Exporter.Made(ctx, a)
	if err != nil {
		return err
	}
	next := a.Unfired()
	if made {
		next = a.Fired()
	}
	out.Skipped++
	_, err = r.save(ctx, a, next)
	return err
}

// refused writes down why the export could not be made. What may pass is tried again, until the tries are used up.
func (r Runner) refused(ctx context.Context, a export.Automation, cause error, out *Out) error {
	f := fault.As(cause)
	failure := export.Failure{Message: f.Message, Permanent: !passes(f.Kind)}
	if f.Kind == fault.Internal {
		failure.Message = "The export could not be made, by a failure on our side."
	}
	next, given := a.Refused(failure, r.Clock())
	if f.Kind == fault.Throttled {
		next, given = a.Deferred(f.Message, r.Clock()), false
	}
	if _, err := r.save(ctx, a, next); err != nil {
		return errors.Join(cause, err)
	}
	out.Failed++
	r.Metrics.AutomationFailed(ctx)
	r.Log.WarnContext(ctx, "an automation's export was refused", "code", f.Code, "error", cause.Error(), "given_up", given)
	return nil
}

// passes reports whether a failure of the kind may be another one next time.
func passes(k fault.Kind) bool {
	return k == fault.Unavailable || k == fault.Throttled || k == fault.Internal
}

func (r Runner) save(ctx context.Context, a, next export.Automation) (export.Automation, error) {
	return r.Records.SaveAutomation(ctx, next, a.Revision, nil)
}
