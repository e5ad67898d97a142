package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
)

// answerReserve is what is left of a function's time for the answer itself once it is no longer held.
const answerReserve = 5 * time.Second

// hold looks at an open export again and again until its state is another one, or the time is up, or the caller is gone,
// and gives it as it then is. The state is status and queue_status; progress is none, it changes all the time. A look
// that fails ends the holding, not the request: what was seen before is still an answer.
func (s reader) hold(ctx context.Context, e export.Export, most time.Duration) (export.Export, error) {
	begun, paused := time.Now(), time.Duration(0)
	most = s.within(ctx, most)
	defer func() { note(ctx, slog.Int64("held_ms", time.Since(begun).Milliseconds())) }()
	for wait := firstLook; e.Open(); wait = min(longest, wait*3/2) {
		wait = min(wait, most-max(paused, time.Since(begun)))
		if wait <= 0 || s.pause(ctx, wait) != nil {
			break
		}
		paused += wait
		now, err := s.Exports.Export(ctx, e.AccountID, e.ID)
		if fault.Is(err, fault.NotFound) {
			return e, errExportNotFound
		}
		if err != nil {
			note(ctx, slog.String("hold_error", err.Error()))
			break
		}
		moved := now.Status != e.Status || now.QueueStatus != e.QueueStatus
		if e = now; moved {
			break
		}
	}
	return e, nil
}

// within is how long may be held: as asked, but so that the answer still comes before the function's time is up.
func (s reader) within(ctx context.Context, most time.Duration) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(most, time.Until(deadline)-answerReserve)
	}
	return most
}

// pause waits, or ends with the context.
func (s reader) pause(ctx context.Context, d time.Duration) error {
	if s.Pause != nil {
		return s.Pause(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
