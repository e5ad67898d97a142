package steps

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/videovector/exports/internal/blob"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/metrics"
)

// Outcomes of a failed attempt.
const (
	OutcomeRequeued   = "requeued"
	OutcomeFailed     = "failed"
	OutcomeDeadLetter = "dead_letter"
	OutcomeSuperseded = "superseded"
)

// Fail ends an attempt.
type Fail struct {
	Records   Exports
	Artifacts blob.Uploader
	Metrics   *metrics.Recorder
	Clock     Clock
}

// FailIn is the job and the error that the state machine caught.
type FailIn struct {
	Job
	Failure Caught `json:"failure"`
}

// Caught is a caught error: its name, and as Cause what Lambda reported, or a sentence of Step Functions.
type Caught struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"`
}

// FailOut tells what became of the export.
type FailOut struct {
	Outcome string `json:"outcome"`
}

// Handle queues another attempt or writes the failed state with its event mark, in one write. An export that is no
// longer this generation's is left alone: an earlier call has had its effect, or another execution owns it.
func (s Fail) Handle(ctx context.Context, in FailIn) (FailOut, error) {
	e, err := find(ctx, s.Records, in.Job)
	if errors.Is(err, errSuperseded) {
		return FailOut{OutcomeSuperseded}, nil
	}
	if err != nil {
		return FailOut{}, err
	}
	if e.Generation == in.Generation && e.Open() {
		next := e.Fail(in.Failure.reason(), s.Clock())
		failpoint.Here("fail.ending")
		if e, err = save(ctx, s.Records, e, next); err != nil {
			return FailOut{}, err
		}
		failpoint.Here("fail.ended")
		s.count(ctx, e, in.Failure)
	}
	if e.Status == export.StatusFailed {
		if err := dropUnneeded(ctx, s.Artifacts, e, s.Clock()); err != nil {
			return FailOut{}, err
		}
	}
	return FailOut{outcome(e, in.Generation)}, nil
}

// count tells what the attempt's end made of the export.
func (s Fail) count(ctx context.Context, e export.Export, c Caught) {
	if e.Open() {
		s.Metrics.Requeued(ctx)
		return
	}
	s.Metrics.Failed(ctx, e, c.code())
}

func outcome(e export.Export, generation int) string {
	switch {
	case e.Cancelled():
		return OutcomeSuperseded
	case e.QueueStatus == export.QueueDeadLetter:
		return OutcomeDeadLetter
	case e.Status == export.StatusFailed:
		return OutcomeFailed
	case e.Generation == generation+1 && e.Waiting():
		return OutcomeRequeued
	}
	return OutcomeSuperseded
}

// reason turns the caught error into what the export's owner reads. Only the service's own errors carry a message made
// for them; of the others the name decides. A defect of ours is told as such: its message is for whoever mends it.
func (c Caught) reason() export.Failure {
	f := export.Failure{Message: "The export failed on our side.", Permanent: c.Error == "Export.Permanent"}
	switch {
	case c.Error == "Export.Internal":
	case c.ours():
		f.Message = cmp.Or(c.reported().Message, f.Message)
	case c.timedOut():
		f.Message = "A step of the export took too long."
	}
	return f
}

// code is the failure's reason in metrics.
func (c Caught) code() string {
	switch {
	case c.ours():
		return c.reported().code()
	case c.timedOut():
		return metrics.ReasonTimeout
	}
	return metrics.ReasonPlatform
}

func (c Caught) ours() bool { return strings.HasPrefix(c.Error, "Export.") }

func (c Caught) timedOut() bool { return c.Error == "States.Timeout" || c.Error == "Sandbox.Timedout" }

// reported is what internal/stepfn reports of a failure; StackTrace holds its code.
type reported struct {
	Message    string            `json:"errorMessage"`
	StackTrace []json.RawMessage `json:"stackTrace"`
}

// reported reads the cause; what isn't of the form says nothing.
func (c Caught) reported() (r reported) {
	if json.Unmarshal([]byte(c.Cause), &r) != nil {
		return reported{}
	}
	return r
}

func (r reported) code() string {
	var frame struct {
		Label string `json:"label"`
	}
	if len(r.StackTrace) != 1 || json.Unmarshal(r.StackTrace[0], &frame) != nil {
		return metrics.ReasonOther
	}
	return cmp.Or(frame.Label, metrics.ReasonOther)
}
