package steps

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/dispatch"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/metrics"
	"github.com/videovector/exports/internal/store"
)

const (
	// sweepBatch is how many exports one sweep looks at; the rest are due a minute later.
	sweepBatch = 200
	// admissionBatch is how many accounts with exports that wait it looks at. The rest come first a minute later.
	admissionBatch = 50
	// partTime is how long each part of a sweep takes at most, so that none keeps another from being done: a fifth of what the
	// function has. Measuring has half of that, and looking for strays below each prefix, once an hour.
	partTime = 12 * time.Second
)

// SweepRecords is what sweeping needs of the record store.
type SweepRecords interface {
	Exports
	dispatch.Records
	DueExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error)
	ClosingExports(ctx context.Context, now time.Time, limit int) ([]store.Ref, error)
	RemoveExport(ctx context.Context, account, id string) error
	DueAdmissions(ctx context.Context, now time.Time, limit int) ([]string, error)
	OpenExports(ctx context.Context) (store.Open, error)
}

// Starter asks for the execution of an export's generation; asking twice is asking once.
type Starter interface {
	Start(ctx context.Context, account, exportID string, generation int) error
}

// Sweep takes care of every open export that no execution moves, lets in those that wait for a slot of their account, and
// clears up after those that were cancelled or deleted. It is called by a schedule, and by the rule on executions that ended.
type Sweep struct {
	Records   SweepRecords
	Artifacts blob.Bucket
	Starter   Starter
	Limits    admission.Limits // of each account
	Metrics   *metrics.Recorder
	Clock     Clock
	Log       *slog.Logger
}

// SweepIn is an event of the schedule, or of an execution's end.
type SweepIn struct {
	DetailType string `json:"detail-type"`
	Detail     struct {
		Name   string `json:"name"`   // of the execution
		Status string `json:"status"` // SUCCEEDED, FAILED, TIMED_OUT or ABORTED
		Input  string `json:"input"`  // the execution's, a JSON text
	} `json:"detail"`
}

// SweepOut counts what was done.
type SweepOut struct {
	Examined     int `json:"examined"`
	Started      int `json:"started"`
	DeadLettered int `json:"dead_lettered"`
	Skipped      int `json:"skipped"`  // moved meanwhile, or not to be started just now and due again
	Admitted     int `json:"admitted"` // exports that waited and have a slot now
	Cleared      int `json:"cleared"`  // up after
}

// Handle restarts, or gives up on, what is due. The failure of one export is logged and doesn't keep it from the
// others.
func (s Sweep) Handle(ctx context.Context, in SweepIn) (SweepOut, error) {
	if in.DetailType == "Step Functions Execution Status Change" {
		return s.ended(ctx, in)
	}
	var out SweepOut
	var waiting store.Open
	strays := s.Clock().Minute() == strayMinute
	undone := inTime(ctx, partTime, func(ctx context.Context) error { return s.due(ctx, &out) })
	unadmitted := inTime(ctx, partTime, func(ctx context.Context) (err error) { waiting, err = s.admit(ctx, &out); return err })
	if undone == nil {
		_ = inTime(ctx, partTime/2, func(ctx context.Context) error { s.measure(ctx, waiting); return nil }) // it logs its failure
	}
	uncleared := inTime(ctx, partTime, func(ctx context.Context) error { return s.clear(ctx, &out) })
	if strays {
		s.dropStrays(ctx)
	}
	return out, errors.Join(undone, unadmitted, uncleared)
}

// inTime does a part of a sweep, which ends with its context.
func inTime(ctx context.Context, d time.Duration, part func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return part(ctx)
}

// errStuck is a sweep that has used its time up and moved nothing.
var errStuck = errors.New("there was no time left for exports that are due, and none was moved")

// due sweeps what is due, as far as there is time for it. What fails is due at the next sweep as well.
func (s Sweep) due(ctx context.Context, out *SweepOut) error {
	due, err := s.Records.DueExports(ctx, s.Clock(), sweepBatch)
	for ; len(due) > 0 && ctx.Err() == nil; due = due[1:] {
		_ = s.one(ctx, due[0], s.isDue, out)
	}
	if len(due) > 0 && out.Started+out.DeadLettered == 0 {
		return errStuck
	}
	return err
}

// admit looks at the accounts that have exports waiting, at those first that it has not looked at for longest, and gives what
// waits still. The failure of one account doesn't keep it from the others.
func (s Sweep) admit(ctx context.Context, out *SweepOut) (waiting store.Open, err error) {
	accounts, err := s.Records.DueAdmissions(ctx, s.Clock(), admissionBatch)
	if err != nil {
		return waiting, err
	}
	for ; len(accounts) > 0 && ctx.Err() == nil; accounts = accounts[1:] {
		account := accounts[0]
		ctx := logattr.With(ctx, slog.String("account_id", account))
		queue, err := s.dispatcher().Reconcile(ctx, account)
		out.Admitted += queue.Admitted
		waiting = waiting.And(queue.Waiting)
		if err != nil {
			s.Log.ErrorContext(ctx, "an account's admission could not be settled", "error", err.Error())
		}
	}
	return waiting, nil
}

func (s Sweep) dispatcher() dispatch.Dispatcher {
	return dispatch.Dispatcher{Records: s.Records, Starter: s.Starter, Limits: s.Limits, Clock: s.Clock, Log: s.Log}
}

// measure tells that the sweep was done, what is still open, and what waits for a slot. A count that can't be had keeps no
// sweep from being one.
func (s Sweep) measure(ctx context.Context, waiting store.Open) {
	open, err := s.Records.OpenExports(ctx)
	if err != nil {
		s.Log.ErrorContext(ctx, "open exports could not be counted", "error", err.Error())
	}
	s.Metrics.Swept(ctx, err == nil, open.Count, waiting.Count, open.And(waiting).Oldest)
}

// endedBadly are the statuses with which an execution leaves its export to the sweeper.
var endedBadly = map[string]bool{"FAILED": true, "TIMED_OUT": true, "ABORTED": true}

// ended looks after the export of an execution that has ended. One that failed, timed out or was aborted may have left its
// export open, unless its own Fail step has run. One that left it ended has a slot for the next that waits. It fails if the
// export could not be looked after just now: the event is told once, and its call is made again if it fails; else the export
// would stand until its lease ends.
func (s Sweep) ended(ctx context.Context, in SweepIn) (SweepOut, error) {
	id, generation, ok := export.ParseExecutionName(in.Detail.Name)
	var job Job
	if !ok || json.Unmarshal([]byte(in.Detail.Input), &job) != nil || job.ExportID != id || job.Generation != generation || !export.ValidID(job.AccountID) {
		return SweepOut{}, fault.New(fault.Invalid, "event_unreadable", "The event names no execution of ours.")
	}
	var out SweepOut
	if endedBadly[in.Detail.Status] {
		err := s.one(ctx, store.Ref{AccountID: job.AccountID, ExportID: id}, func(e export.Export) bool {
			return e.Generation == generation && (e.ClaimedGeneration == generation || s.isDue(e))
		}, &out)
		if err != nil && fault.As(err).Step().Retryable {
			return out, err
		}
	}
	var err error
	if in.Detail.Status != "RUNNING" {
		out.Admitted, err = s.dispatcher().Ended(ctx, job.AccountID, id)
	}
	return out, err
}

func (s Sweep) isDue(e export.Export) bool { return !e.AwaitsSlot() && !e.DueAt.After(s.Clock()) }

// one sweeps one export if it is open and still wants it. Its failure is logged.
func (s Sweep) one(ctx context.Context, ref store.Ref, wants func(export.Export) bool, out *SweepOut) error {
	out.Examined++
	e, err := s.Records.Export(ctx, ref.AccountID, ref.ExportID)
	if err == nil {
		ctx = logattr.With(ctx, about(e.ID, e.Generation, "")...)
	} else {
		ctx = logattr.With(ctx, slog.String("export_id", ref.ExportID))
	}
	if err == nil && e.Open() && wants(e) {
		err = s.move(ctx, e, out)
	} else {
		out.Skipped++
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "sweeping failed", "error", err.Error())
	}
	return err
}

// move writes the next record and then acts on it. A start that fails is made up for when the record is due again.
func (s Sweep) move(ctx context.Context, e export.Export, out *SweepOut) error {
	next, start := e.Overdue(s.Clock())
	failpoint.Here("sweep.moving")
	next, err := save(ctx, s.Records, e, next)
	failpoint.Here("sweep.moved")
	if err != nil {
		out.Skipped++
		return err
	}
	if !start {
		out.DeadLettered++
		s.Metrics.Failed(ctx, next, metrics.ReasonSilent)
		return dropUnneeded(ctx, s.Artifacts, next, s.Clock())
	}
	if next.Generation > e.Generation { // an attempt whose wait is over is none
		s.Metrics.Rescued(ctx)
	}
	if err := s.Starter.Start(ctx, next.AccountID, next.ID, next.Generation); err != nil {
		out.Skipped++
		return err
	}
	failpoint.Here("sweep.started")
	out.Started++
	return nil
}
