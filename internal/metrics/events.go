package metrics

import "context"

// EventsRun is the sign of life of whoever makes attempts that are due.
func (r *Recorder) EventsRun(ctx context.Context) {
	r.write(ctx, nil, sample{eventRuns, 1, ""})
}

// EventDelivered counts an event that a webhook has taken.
func (r *Recorder) EventDelivered(ctx context.Context) {
	r.write(ctx, nil, sample{eventsDelivered, 1, ""})
}

// EventRetried counts an attempt that failed and is followed by another.
func (r *Recorder) EventRetried(ctx context.Context) {
	r.write(ctx, nil, sample{eventsRetried, 1, ""})
}

// EventFailed counts an event that was given up.
func (r *Recorder) EventFailed(ctx context.Context) {
	r.write(ctx, nil, sample{eventsFailed, 1, ""})
}
