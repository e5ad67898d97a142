package client

import (
	"context"
	"errors"
	"time"
)

// Waits between two looks at an export.
const (
	waitFirst   = time.Second
	waitMost    = 15 * time.Second
	maxFailures = 5 // looks in a row that may fail for a passing reason, each with its retries
)

// WaitOptions change how Wait looks.
type WaitOptions struct {
	First, Most time.Duration // the first pause and the longest; 1 s and 15 s unless given
	Progress    func(*Export) // called after every look; nil for nobody listens
}

// Wait looks at an export until it has ended, at growing intervals, and gives it completed. A failed export is an
// *ExportFailedError. The context is the only time limit.
func (s *ExportsService) Wait(ctx context.Context, exportID string, o WaitOptions) (*Export, error) {
	d := positive(o.First, waitFirst)
	for failures := 0; ; {
		e, header, err := s.retrieve(ctx, exportID)
		switch {
		case err == nil:
			failures = 0
			if o.Progress != nil {
				o.Progress(e)
			}
		case ctx.Err() != nil || !passing(err) || failures == maxFailures:
			return nil, err
		default:
			failures++
		}
		if err == nil && e.Status.Terminal() {
			return ended(e)
		}
		if err := s.caller.pause(ctx, max(d, asked(header, err))); err != nil {
			return nil, err
		}
		d = min(d*3/2, positive(o.Most, waitMost))
	}
}

func ended(e *Export) (*Export, error) {
	if e.Status == StatusFailed {
		return nil, &ExportFailedError{e}
	}
	return e, nil
}

// asked is the wait that the API asked for, with a reply of either kind, as far as a caller should sit through it.
func asked(h map[string][]string, err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return min(e.RetryAfter, maxRetryAfter)
	}
	return min(retryAfter(h, time.Now()), maxRetryAfter)
}

func positive(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
