// Package dispatch keeps the admission of accounts in step with their exports: those that have ended leave, and those that
// have waited longest get what is free. It goes by the exports' own records, so whoever ends one need not know of it, and by
// the admission's revision, so that any number of dispatchers may be at work on one account.
//
// An export gets its slot in three steps, each of which may be the last that a process makes: the admission says that it has
// one, its own record is due, its execution is started. The account is due for the sweeper until the second has been seen,
// and the export from then on.
package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/store"
)

// Records is what dispatching needs of the record store.
type Records interface {
	Admission(ctx context.Context, account string) (admission.Account, error)
	SaveAdmission(ctx context.Context, next admission.Account) (admission.Account, error)
	Export(ctx context.Context, account, id string) (export.Export, error)
	SaveExport(ctx context.Context, next export.Export, fence export.Fence) (export.Export, error)
}

// Starter asks for the execution of an export's generation; asking twice is asking once.
type Starter interface {
	Start(ctx context.Context, account, exportID string, generation int) error
}

const (
	// rounds is how often an account is looked at in one call: more than once if somebody else of it came in between, or if an
	// export that was let in had ended while it waited.
	rounds = 5
	// looks is how many records are read at once.
	looks = 16
)

// Dispatcher lets exports in.
type Dispatcher struct {
	Records Records
	Starter Starter
	Limits  admission.Limits
	Clock   func() time.Time
	Log     *slog.Logger
}

// Outcome is what became of an account's queue.
type Outcome struct {
	Admitted int        // exports that were let in
	Waiting  store.Open // those that wait still
}

// Reconcile holds the account's whole admission against the records of its exports, and lets in who has waited longest.
func (d Dispatcher) Reconcile(ctx context.Context, account string) (Outcome, error) {
	return d.dispatch(ctx, account, nil)
}

// Ended does the same, and looks at no record but that of an export that may have ended. It gives how many it let in.
func (d Dispatcher) Ended(ctx context.Context, account, exportID string) (admitted int, err error) {
	out, err := d.dispatch(ctx, account, []string{exportID})
	return out.Admitted, err
}

// dispatch looks at the exports of the ids, or at every one for nil, and lets in as many as there is room for.
func (d Dispatcher) dispatch(ctx context.Context, account string, ids []string) (out Outcome, err error) {
	for range rounds {
		a, err := d.Records.Admission(ctx, account)
		if err != nil {
			return out, err
		}
		let, waiting, err := d.round(ctx, a, ids)
		switch {
		case errors.Is(err, store.ErrAdmissionMoved):
			continue
		case err != nil:
			return out, err
		}
		n, gone := d.letIn(ctx, account, let)
		out.Admitted, out.Waiting = out.Admitted+n, waiting
		if len(gone) == 0 {
			return out, nil
		}
		if ids != nil {
			ids = gone
		}
	}
	return out, store.ErrAdmissionMoved
}

// round writes the account's next admission, and gives those who have a slot and may not have noticed, and those it has seen
// that wait still. The records are read after the admission: an export that its owner has retried meanwhile has changed the
// admission as well, which is then not written over.
func (d Dispatcher) round(ctx context.Context, a admission.Account, ids []string) (let []string, waiting store.Open, err error) {
	now := d.Clock()
	seen := d.look(ctx, a, ids)
	next, let := a.Leave(seen.gone...).Admit(d.Limits, now)
	for _, id := range next.Waiting {
		if since, ok := seen.since[id]; ok {
			waiting = waiting.Add(since)
		}
	}
	let = append(seen.unnoticed, let...)
	if ids == nil {
		next = next.Looked(len(let) > 0 || seen.failed, now)
	}
	if ids != nil && len(let) == 0 && len(next.Running)+len(next.Waiting) == len(a.Running)+len(a.Waiting) {
		return nil, waiting, nil
	}
	_, err = d.Records.SaveAdmission(ctx, next)
	return let, waiting, err
}

// sight is what the records say of exports that have a place.
type sight struct {
	gone      []string             // they have ended, or were deleted
	unnoticed []string             // they have a slot, and their own records don't say so
	since     map[string]time.Time // when those that are open were created, or retried
	failed    bool                 // some can't be read just now
}

// look reads the records of those of the ids that have a place, or of everybody who has for nil.
func (d Dispatcher) look(ctx context.Context, a admission.Account, ids []string) (s sight) {
	places := slices.Concat(a.Running, a.Waiting)
	if ids != nil {
		places = slices.DeleteFunc(places, func(id string) bool { return !slices.Contains(ids, id) })
	}
	found, errs := make([]export.Export, len(places)), make([]error, len(places))
	for first := 0; first < len(places); first += looks {
		var all sync.WaitGroup
		for n := first; n < min(first+looks, len(places)); n++ {
			all.Go(func() { found[n], errs[n] = d.Records.Export(ctx, a.AccountID, places[n]) })
		}
		all.Wait()
	}
	s.since = map[string]time.Time{}
	for n, id := range places {
		switch {
		case over(found[n], errs[n]):
			s.gone = append(s.gone, id)
			continue
		case errs[n] != nil:
			s.failed = true
			d.Log.ErrorContext(ctx, "an export that has a place could not be read", "export_id", id, "error", errs[n].Error())
			continue
		case found[n].AwaitsSlot() && slices.Contains(a.Running, id):
			s.unnoticed = append(s.unnoticed, id)
		}
		s.since[id] = found[n].Begun()
	}
	return s
}

// over reports whether what was read is an export that has ended, or is gone.
func over(e export.Export, err error) bool {
	return fault.Is(err, fault.NotFound) || err == nil && !e.Open()
}

// letIn lets exports that have a slot begin, and gives those that have ended while they waited. What fails is made up for: the
// account is due until the export's record says that it was let in, and then the export is.
func (d Dispatcher) letIn(ctx context.Context, account string, ids []string) (admitted int, gone []string) {
	for _, id := range ids {
		ctx := logattr.With(ctx, slog.String("export_id", id))
		e, err := d.Records.Export(ctx, account, id)
		if over(e, err) {
			gone = append(gone, id)
			continue
		}
		if err == nil && e.AwaitsSlot() {
			if err = d.begin(ctx, e); err == nil {
				admitted++
			}
		}
		if err != nil && !fault.Is(err, fault.Superseded) { // another dispatcher was sooner, or its owner
			d.Log.ErrorContext(ctx, "an export that has a slot could not be started", "error", err.Error())
		}
	}
	return admitted, gone
}

func (d Dispatcher) begin(ctx context.Context, e export.Export) error {
	e, err := d.Records.SaveExport(ctx, e.Admit(d.Clock()), e.Fence())
	if err != nil {
		return err
	}
	return d.Starter.Start(ctx, e.AccountID, e.ID, e.Generation)
}
