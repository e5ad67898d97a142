// Package metrics writes the service's metrics as log lines in CloudWatch's embedded metric format: Lambda's log stream
// takes them, CloudWatch makes metrics of them, and nobody waits for a network call. On one machine the same lines stand
// in the same log. A metric of an export's life is written by whoever's conditional write made that move, after the write
// has succeeded, so a step that runs twice counts once. A process that dies between the write and the line counts
// nothing: the record is the truth, metrics are its echo.
package metrics

import (
	"context"
	"log/slog"
	"time"

	"github.com/videovector/exports/internal/export"
)

// DefaultNamespace is CloudWatch's namespace where the environment names none. A deployed stack has its own.
const DefaultNamespace = "VideoVectorExports/local"

// Recorder writes metrics. A nil one writes nothing.
type Recorder struct {
	log       *slog.Logger
	namespace string
	clock     func() time.Time
}

// New makes a Recorder for the log; "" means DefaultNamespace.
func New(log *slog.Logger, namespace string, clock func() time.Time) *Recorder {
	if namespace == "" {
		namespace = DefaultNamespace
	}
	return &Recorder{log, namespace, clock}
}

// sample is one value. by is the value of the metric's dimension, "" where it has none.
type sample struct {
	Metric
	value float64
	by    string
}

// Created counts an export that was accepted. The attributes say whose it is.
func (r *Recorder) Created(ctx context.Context, attrs ...slog.Attr) {
	r.write(ctx, attrs, sample{exportsCreated, 1, ""})
}

// Claimed tells how long an export waited for its first claim.
func (r *Recorder) Claimed(ctx context.Context, e export.Export) {
	r.write(ctx, nil, sample{queueAge, e.StartedAt.Sub(e.Begun()).Seconds(), ""})
}

// Completed counts an export that ended well, and tells its time and size.
func (r *Recorder) Completed(ctx context.Context, e export.Export) {
	size, counts := written(e)
	r.write(ctx, nil,
		sample{exportsCompleted, 1, ""}, sample{timeToComplete, e.CompletedAt.Sub(e.Begun()).Seconds(), ""},
		sample{bytesExported, float64(size), ""}, sample{rowsExported, float64(counts.Results), ""}, sample{rowsRejected, float64(counts.Rejected), ""},
	)
}

// written is the size of all files, in bytes, and what they hold.
func written(e export.Export) (size int64, counts export.Counts) {
	if e.Artifact == nil {
		return 0, counts
	}
	for _, f := range e.Artifact.Files {
		size += f.Bytes
	}
	if len(e.Artifact.Files) == 0 { // a record older than its list of files
		size = e.Artifact.Bytes
	}
	return size, e.Artifact.Counts
}

// Failed counts an export that ended as failed. A reason that is none of Reasons counts as ReasonOther.
func (r *Recorder) Failed(ctx context.Context, e export.Export, reason string) {
	samples := []sample{{exportsFailed, 1, bounded(reason)}}
	if e.QueueStatus == export.QueueDeadLetter {
		samples = append(samples, sample{deadLetters, 1, ""})
	}
	r.write(ctx, nil, samples...)
}

// Cancelled counts an export that its owner has cancelled.
func (r *Recorder) Cancelled(ctx context.Context) { r.write(ctx, nil, sample{exportsCancelled, 1, ""}) }

// Revived counts an export that its owner has retried.
func (r *Recorder) Revived(ctx context.Context) { r.write(ctx, nil, sample{exportsRetried, 1, ""}) }

// Requeued counts an attempt that failed and is followed by another.
func (r *Recorder) Requeued(ctx context.Context) { r.write(ctx, nil, sample{attemptsRequeued, 1, ""}) }

// Retried counts a call of a step that is not the task's first.
func (r *Recorder) Retried(ctx context.Context, step string) {
	r.write(ctx, nil, sample{stepRetries, 1, step})
}

// StepFailed counts a failed call of a step by the name that the state machine sees.
func (r *Recorder) StepFailed(ctx context.Context, errorName string) {
	r.write(ctx, nil, sample{stepFailures, 1, errorName})
}

// Rescued counts an export that the sweeper handed on.
func (r *Recorder) Rescued(ctx context.Context) { r.write(ctx, nil, sample{sweepRescues, 1, ""}) }

// Swept is the sweeper's sign of life, with what it saw: measured says whether it could count the open exports, which don't
// include those that wait for a slot. oldest is when the oldest of both was created or retried, zero without one.
func (r *Recorder) Swept(ctx context.Context, measured bool, open, waiting int, oldest time.Time) {
	samples := []sample{{sweepRuns, 1, ""}}
	if measured {
		age := 0.
		if r != nil && !oldest.IsZero() {
			age = max(0, r.clock().Sub(oldest).Seconds())
		}
		samples = append(samples, sample{openExports, float64(open), ""}, sample{waitingExports, float64(waiting), ""}, sample{oldestOpenAge, age, ""})
	}
	r.write(ctx, nil, samples...)
}

// AutomationsRun is the sign of life of whoever carries automations out.
func (r *Recorder) AutomationsRun(ctx context.Context) {
	r.write(ctx, nil, sample{automationRuns, 1, ""})
}

// AutomationFired counts an export that an automation made.
func (r *Recorder) AutomationFired(ctx context.Context) {
	r.write(ctx, nil, sample{automationsFired, 1, ""})
}

// AutomationFailed counts a try at an automation's export that failed.
func (r *Recorder) AutomationFailed(ctx context.Context) {
	r.write(ctx, nil, sample{automationsFailed, 1, ""})
}
