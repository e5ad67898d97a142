package simulation_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/store"
)

func (r *records) Admission(ctx context.Context, account string) (admission.Account, error) {
	return call(ctx, r.w, op{part: "records", method: "Admission"}, func(ctx context.Context) (admission.Account, error) {
		return r.Store.Admission(ctx, account)
	})
}

func (r *records) SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error) {
	return call(ctx, r.w, op{part: "records", method: "SaveAdmission"}, func(ctx context.Context) (admission.Account, error) {
		before := r.w.admission()
		saved, err := r.Store.SaveAdmission(ctx, next)
		if err == nil {
			r.w.judgeAdmission(before, saved)
			r.w.judgeDispatch(before, saved)
		}
		return saved, err
	})
}

// DueAdmissions may be answered with what was due the last time.
func (r *records) DueAdmissions(ctx context.Context, now time.Time, limit int) ([]string, error) {
	due, err := call(ctx, r.w, op{part: "records", method: "DueAdmissions"}, func(ctx context.Context) ([]string, error) {
		return r.Store.DueAdmissions(ctx, now, limit)
	})
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if errors.Is(err, errStale) {
		return r.dueAdmissions, nil
	}
	if err == nil {
		r.dueAdmissions = due
	}
	return due, err
}

// admission is the account's, whatever the schedule does.
func (w *world) admission() admission.Account {
	a, err := w.memory.Admission(context.Background(), account)
	if err != nil {
		w.violated("the admission can't be read: %v", err)
	}
	return a
}

// judgePlace holds an export that was written with its place against it.
func (w *world) judgePlace(before admission.Account, e export.Export) {
	after := w.admission()
	w.judgeAdmission(before, after)
	runs, waits := slices.Contains(after.Running, e.ID), slices.Contains(after.Waiting, e.ID)
	if runs == waits || waits != e.AwaitsSlot() {
		w.violated("%s was written with a slot: %t, in the queue: %t, its record waits: %t", e.ID, runs, waits, e.AwaitsSlot())
	}
	accepted := before.Accepted + 1
	if !after.Minute.Equal(before.Minute) {
		accepted = 1
	}
	if after.Accepted != accepted || after.Minute.Before(before.Minute) || after.Accepted > w.plan.limits.WithDefaults().PerMinute {
		w.violated("%s made %d accepted in the minute of %s out of %d in that of %s", e.ID, after.Accepted, after.Minute, before.Accepted, before.Minute)
	}
	if waits {
		w.hits.waited++
	}
}

// judgeAdmission holds one accepted write of the admission against its rules.
func (w *world) judgeAdmission(before, after admission.Account) {
	limits := w.plan.limits.WithDefaults()
	all := slices.Concat(after.Running, after.Waiting)
	if len(after.Running) > limits.AtOnce || len(after.Waiting) > limits.Waiting || len(unique(all)) != len(all) {
		w.violated("the admission has %v under way and %v waiting", after.Running, after.Waiting)
	}
	if len(after.Waiting) > 0 && len(after.Running) < limits.AtOnce {
		w.violated("%v wait, with %v under way", after.Waiting, after.Running)
	}
	for _, id := range slices.Concat(before.Running, before.Waiting) {
		if e, err := w.stored(id); !slices.Contains(all, id) && err == nil && e.Open() {
			w.violated("%s lost its place and is %s", id, e.Status)
		}
	}
	unnoticed := func(id string) bool {
		e, err := w.stored(id)
		return err == nil && e.AwaitsSlot()
	}
	if after.DueAt.IsZero() && (len(after.Waiting) > 0 || slices.ContainsFunc(after.Running, unnoticed)) {
		w.violated("the admission has %v under way and %v waiting, and is not due", after.Running, after.Waiting)
	}
	w.judgeTurns(before, after)
}

// judgeTurns: who waits keeps the order, who comes stands behind them, and nobody gets a slot before those who have waited
// longer, or waits while those behind don't.
func (w *world) judgeTurns(before, after admission.Account) {
	stay := slices.DeleteFunc(slices.Clone(before.Waiting), func(id string) bool { return !slices.Contains(after.Waiting, id) })
	if len(after.Waiting) < len(stay) || !slices.Equal(stay, after.Waiting[:len(stay)]) {
		w.violated("the queue was %v and is %v", before.Waiting, after.Waiting)
	}
	for _, id := range after.Running {
		if slices.Contains(before.Running, id) {
			continue
		}
		at := slices.Index(before.Waiting, id)
		if at < 0 {
			at = len(before.Waiting)
		}
		for _, older := range before.Waiting[:at] {
			if slices.Contains(after.Waiting, older) {
				w.violated("%s got a slot before %s, which has waited longer", id, older)
			}
		}
	}
}

// judgeDispatch: who looks after the account counts nothing.
func (w *world) judgeDispatch(before, after admission.Account) {
	if after.Accepted != before.Accepted || !after.Minute.Equal(before.Minute) {
		w.violated("nobody came, and %d were accepted after %d", after.Accepted, before.Accepted)
	}
}

// judgeClaim: whoever works on an export does so in its slot, so there are never more under way than slots.
func (w *world) judgeClaim(e export.Export) {
	if a := w.admission(); !slices.Contains(a.Running, e.ID) {
		w.violated("%s was claimed without a slot; %v have one", e.ID, a.Running)
	}
}

// unadmitted reports whether the sweeper is still to look at the admission.
func (w *world) unadmitted(by time.Time) bool {
	due, err := w.memory.DueAdmissions(context.Background(), by, 1)
	return err != nil || len(due) > 0
}

// checkQueue: in the end nobody waits.
func (w *world) checkQueue() {
	if a := w.admission(); len(a.Waiting) > 0 || !a.DueAt.IsZero() {
		w.violated("in the end %v wait, and the admission is due at %s", a.Waiting, a.DueAt)
	}
}

var _ store.Admissions = (*records)(nil)
