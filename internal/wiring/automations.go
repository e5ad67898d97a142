package wiring

import (
	"context"
	"time"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/apigw"
	"github.com/videovector/exports/internal/automation"
	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/stepfn"
)

// ManageAutomation serves the routes of indexes' automations.
func ManageAutomation(p Parts) any {
	return apigw.Handler(api.ManageAutomation(api.AutomationConfig{
		Automations: p.Store, Window: func(d export.Debounce) time.Duration { return automation.Length(d, p.Debounce) },
		Clock: p.Clock, Log: p.Log,
	}), p.Log)
}

// RunAutomations is called by the pipe of finished runs, with a batch of changes, and by its schedule, with an event.
func RunAutomations(p Parts) any {
	r := automation.New(automation.Config{
		Records: p.Store, NewID: p.NewID, Debounce: p.Debounce, Clock: p.Clock, Metrics: p.metrics(), Log: p.Log,
		Exporter: api.NewAutomatic(p.Store, api.CreateConfig{Starter: p.Executions, Limits: p.Limits, Clock: p.Clock, Jitter: p.Jitter, Metrics: p.metrics()}),
	})
	heard := changes.Subscriber{
		Run: func(ctx context.Context, c changes.Run) error { return r.Heard(ctx, c.AccountID, c.RunID, c.Before) },
		Log: logattr.Logger(p.Log),
	}
	return stepfn.Handler(p.edge("run-automations"), func(ctx context.Context, in changes.Event) (any, error) {
		switch {
		case in.Batch != nil:
			return heard.Handle(ctx, in.Batch)
		case in.Scheduled:
			return r.Fire(ctx)
		}
		return nil, fault.New(fault.Invalid, "event_unreadable", "The event is neither the schedule's nor a batch of changes.")
	})
}
