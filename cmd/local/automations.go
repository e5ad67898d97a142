package main

import (
	"cmp"
	"context"
	"time"
)

// automationsEvery is the deployed schedule.
const automationsEvery = time.Minute

// runAutomationsRegularly is the schedule of run-automations. Where windows are shorter than it, it is as short as they.
func (s *stack) runAutomationsRegularly(ctx context.Context) {
	for tick := time.NewTicker(min(automationsEvery, cmp.Or(s.options.debounce, automationsEvery))); ; {
		ev := event("aws.events", "Scheduled Event", map[string]any{})
		if _, err := s.invoker.Invoke(ctx, "run-automations", ev); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "run-automations could not be called", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}
