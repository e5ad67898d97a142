package main

import (
	"cmp"
	"context"
	"time"
)

// runAutomationsRegularly is the schedule of run-automations. Where windows are shorter than it, it is as short as they.
func (s *stack) runAutomationsRegularly(ctx context.Context) {
	for tick := time.NewTicker(min(s.options.every, cmp.Or(s.options.debounce, s.options.every))); ; {
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
