package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/auth"
	"github.com/videovector/exports/internal/dispatch"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/store"
)

const (
	// controlTries is how often a write is tried that loses to another one. Packaging writes its progress once a second, so
	// the second try nearly always wins.
	controlTries = 5
	// clearPatience is how long a reply waits for what the sweeper would otherwise clear away.
	clearPatience = 10 * time.Second
)

// ControlledExports is what controlling needs of the record store.
type ControlledExports interface {
	SaveExportOnce(ctx context.Context, next export.Export, fence export.Fence, idem *store.Idempotency, place *admission.Account) (saved export.Export, rec store.Idempotency, done bool, err error)
	dispatch.Records
	Remembered
}

// Clearer clears away what exports have in the artifacts bucket.
type Clearer interface {
	// Abort drops the export's open uploads.
	Abort(ctx context.Context, account, exportID string) error
	// Purge drops them and removes every object of the export.
	Purge(ctx context.Context, account, exportID string) error
}

// ControlConfig is what ControlExport works with.
type ControlConfig struct {
	Exports ControlledExports
	Clearer Clearer
	Starter Starter
	Limits  admission.Limits // of each account
	Keys    *auth.Keyring
	Clock   func() time.Time
	Jitter  func() float64    // random, from 0 to 1, for the pauses between tries; nil means one of its own
	Metrics *metrics.Recorder // nil counts nothing
	Log     *slog.Logger
}

// ControlExport serves what owners do to exports: POST /exports/{export_id}/cancel, POST /exports/{export_id}/retry and
// DELETE /exports/{export_id}.
func ControlExport(c ControlConfig) http.Handler {
	s := controller{c}
	return newEdge(c.Log, c.Clock,
		route{"POST", "/api/v2/exports/{id}/cancel", s.handle(cancelling)},
		route{"POST", "/api/v2/exports/{id}/retry", s.handle(retrying)},
		route{"DELETE", "/api/v2/exports/{id}", s.remove},
	)
}

type controller struct{ ControlConfig }

// control is one of the two ways to move an export.
type control struct {
	verb string // the end of the path
	// move gives the next record and where it may be written; changed is false of an export that is as it is wanted.
	move func(e export.Export, now time.Time) (next export.Export, changed bool, err error)
	// placed says that what is moved takes a place of its account's, as a new export does.
	placed bool
	count  func(r *metrics.Recorder, ctx context.Context)
	// after is what follows, of an export that is as it was moved to. It may be done again.
	after func(s controller, ctx context.Context, e export.Export)
}

var cancelling = control{
	verb: "cancel",
	move: func(e export.Export, now time.Time) (export.Export, bool, error) {
		switch {
		case e.Cancelled():
			return e, false, nil
		case !e.Open():
			return e, false, fault.Newf(fault.Conflict, "export_not_cancellable", "The export has ended as %s. Only one that has not ended can be cancelled.", e.Status)
		}
		return e.Cancel(now), true, nil
	},
	count: (*metrics.Recorder).Cancelled,
	after: controller.clear,
}

var retrying = control{
	verb: "retry",
	move: func(e export.Export, now time.Time) (export.Export, bool, error) {
		switch {
		case e.Retried():
			return e, false, nil
		case e.Status != export.StatusFailed:
			return e, false, fault.Newf(fault.Conflict, "export_not_retryable", "The export is %s. Only one that has failed or was cancelled can be retried.", e.Status)
		}
		return e.Retry(now), true, nil
	},
	placed: true,
	count:  (*metrics.Recorder).Revived,
	after:  controller.start,
}

// handle answers with the export as it is afterwards.
func (s controller) handle(c control) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := caller(r, auth.ScopeWrite)
		if err != nil {
			return err
		}
		if err := nothingGiven(w, r); err != nil {
			return err
		}
		key, err := idempotencyKey(r.Header.Values("Idempotency-Key"))
		if err != nil {
			return err
		}
		e, replayed, err := s.apply(r.Context(), c, controlOrder{p.AccountID, r.PathValue("id"), c.verb}, key)
		if err != nil {
			return err
		}
		tellReplayed(w, replayed)
		c.after(s, r.Context(), e) // a repetition may be of a request that was lost before it came to this, of this very one even
		failpoint.Here("control.followed")
		return reply(w, http.StatusOK, view(e, s.Clock()))
	}
}

// nothingGiven takes no body, an empty object and one of nulls; any field is an unknown one.
func nothingGiven(w http.ResponseWriter, r *http.Request) error {
	f, err := readFields(w, r, nil)
	if err != nil {
		return err
	}
	return f.err()
}

// controlOrder is a request to move an export. It is all that its path says.
type controlOrder struct{ account, id, verb string }

// route implements keyed.
func (o controlOrder) route() string { return "POST /api/v2/exports/" + o.id + "/" + o.verb }

// canonical implements keyed.
func (o controlOrder) canonical() string { return o.route() }

// apply moves the export, once for a key. A write that fails is judged by what then stands: it may have lost to another
// one, whose record is to be moved instead, or may have been done.
func (s controller) apply(ctx context.Context, c control, o controlOrder, key string) (e export.Export, replayed bool, err error) {
	now := s.Clock()
	memo := memo(s.Keys, o.account, o, key, now)
	if memo != nil {
		memo.ResourceID = o.id
		first, err := s.Exports.Idempotency(ctx, memo.IdempotencyKey, now)
		if !fault.Is(err, fault.NotFound) {
			return s.again(ctx, first, o, err)
		}
	}
	for try := 1; ; try++ {
		if e, err = ownExport(ctx, s.Exports.Export, o.account, o.id, s.Clock()); err != nil {
			return e, false, err
		}
		next, changed, err := c.move(e, now)
		if err != nil {
			return e, false, err
		}
		failpoint.Here("control.writing")
		saved, first, done, err := s.save(ctx, e, next, changed && c.placed, changed, memo)
		failpoint.Here("control.written")
		switch {
		case err == nil && done:
			if changed {
				c.count(s.Metrics, ctx)
			}
			return saved, false, nil
		case err == nil:
			return s.again(ctx, first, o, nil)
		case try == controlTries || !fault.Is(err, fault.Superseded) && !fault.Is(err, fault.Unavailable):
			return e, false, err
		}
	}
}

// save writes the next record, with its place if it takes one, and with the request's record if there is one. Without any there
// is nothing to write.
func (s controller) save(ctx context.Context, e, next export.Export, placed, changed bool, memo *store.Idempotency) (saved export.Export, first store.Idempotency, done bool, err error) {
	fence := e.FenceIn(e.Status)
	switch {
	case placed:
		return s.saveInPlace(ctx, next, fence, memo)
	case memo != nil:
		return s.Exports.SaveExportOnce(ctx, next, fence, memo, nil)
	case changed:
		saved, err = s.Exports.SaveExport(ctx, next, fence)
		return saved, first, err == nil, err
	}
	return e, first, true, nil
}

// saveInPlace writes the next record together with its place.
func (s controller) saveInPlace(ctx context.Context, next export.Export, fence export.Fence, memo *store.Idempotency) (saved export.Export, first store.Idempotency, done bool, err error) {
	a, err := s.Exports.Admission(ctx, next.AccountID)
	if err != nil {
		return saved, first, false, err
	}
	p := placement{records: s.Exports, limits: s.Limits, jitter: s.Jitter, export: next, memo: memo, now: s.Clock()}
	first, done, err = p.write(ctx, a, func(e export.Export, place admission.Account) (first store.Idempotency, done bool, err error) {
		saved, first, done, err = s.Exports.SaveExportOnce(ctx, e, fence, memo, &place)
		return first, done, err
	})
	return saved, first, done, err
}

// again answers a repeated request: what it did was done once, and the export is shown as it is by now.
func (s controller) again(ctx context.Context, first store.Idempotency, o controlOrder, err error) (export.Export, bool, error) {
	if err != nil {
		return export.Export{}, false, err
	}
	if err := sameRequest(s.Keys, first, o); err != nil {
		return export.Export{}, false, err
	}
	e, err := ownExport(ctx, s.Exports.Export, o.account, o.id, s.Clock())
	return e, true, err
}

// clear is best effort: the sweeper does it as well, after the last worker. Of an export that was retried since, uploads and
// place are the retry's.
func (s controller) clear(ctx context.Context, e export.Export) {
	if !e.Cancelled() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, clearPatience)
	defer cancel()
	if err := s.Clearer.Abort(ctx, e.AccountID, e.ID); err != nil {
		note(ctx, slog.String("clear_error", err.Error()))
	}
	s.leave(ctx, e)
}

// leave gives back the place of an export that ended while it waited. One that was started keeps its slot until its execution
// has ended, or the sweeper comes.
func (s controller) leave(ctx context.Context, e export.Export) {
	if e.Progress.Phase != export.PhaseWaiting {
		return
	}
	d := dispatch.Dispatcher{Records: s.Exports, Starter: s.Starter, Limits: s.Limits, Clock: s.Clock, Log: s.Log}
	if _, err := d.Ended(ctx, e.AccountID, e.ID); err != nil {
		note(ctx, slog.String("place_error", err.Error()))
	}
}

// start is best effort, as it is for a new export, and is asked for again by a repeated retry.
func (s controller) start(ctx context.Context, e export.Export) {
	if !e.Waiting() || e.AwaitsSlot() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if err := s.Starter.Start(ctx, e.AccountID, e.ID, e.Generation); err != nil {
		note(ctx, slog.String("start_error", err.Error()))
	}
}

// remove takes the export away: from the write on nobody sees it, nobody's late write brings it back, and whatever of it
// this call doesn't come to the sweeper clears away. One that is open is cancelled first. From the second time on it
// answers 404.
func (s controller) remove(w http.ResponseWriter, r *http.Request) error {
	p, err := caller(r, auth.ScopeAdmin)
	if err != nil {
		return err
	}
	ctx, id := r.Context(), r.PathValue("id")
	taken, err := s.take(ctx, p.AccountID, id)
	if err != nil {
		return err
	}
	failpoint.Here("delete.taken")
	ctx, cancel := context.WithTimeout(ctx, clearPatience)
	defer cancel()
	if err := s.Clearer.Purge(ctx, p.AccountID, id); err != nil {
		note(ctx, slog.String("clear_error", err.Error()))
	}
	failpoint.Here("delete.purged")
	s.leave(ctx, taken)
	return reply(w, http.StatusOK, removedView{"The export was deleted."})
}

// take writes that the export is deleted, and gives it as it was before. A write of its own that is found done after a failure
// is success.
func (s controller) take(ctx context.Context, account, id string) (taken export.Export, err error) {
	for try := 1; ; try++ {
		e, err := ownExport(ctx, s.Exports.Export, account, id, s.Clock())
		if fault.Is(err, fault.NotFound) && try > 1 {
			return taken, nil
		}
		if err != nil {
			return e, err
		}
		if e.Open() {
			err = s.cancelFirst(ctx, &e)
		}
		if err == nil {
			failpoint.Here("delete.taking")
			_, err = s.Exports.SaveExport(ctx, e.Delete(s.Clock()), e.FenceIn(e.Status))
		}
		if taken = e; err == nil || try == controlTries || !fault.Is(err, fault.Superseded) && !fault.Is(err, fault.Unavailable) {
			return taken, err
		}
	}
}

// cancelFirst ends the export, with the event that tells others of an end.
func (s controller) cancelFirst(ctx context.Context, e *export.Export) error {
	saved, err := s.Exports.SaveExport(ctx, e.Cancel(s.Clock()), e.FenceIn(e.Status))
	if err == nil {
		s.Metrics.Cancelled(ctx)
		*e = saved
	}
	return err
}
