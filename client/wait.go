package client

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// Waits between two looks at an export. The API is asked to do the waiting, which ends when the export's state changes;
// where it doesn't, the client waits.
const (
	waitFirst   = time.Second
	waitMost    = 15 * time.Second
	maxFailures = 5 // looks in a row that may fail for a passing reason, each with its retries
	// least is between any two looks, however fast the API answers.
	least = 200 * time.Millisecond
)

// WaitOptions change how Wait looks.
type WaitOptions struct {
	First, Most time.Duration // the first pause and the longest; 1 s and 15 s unless given
	Progress    func(*Export) // called after every look; nil for nobody listens
}

// Wait looks at an export until it has ended, at growing intervals and whenever its state changes, and gives it completed.
// A failed export is an *ExportFailedError. The context is the only time limit.
func (s *ExportsService) Wait(ctx context.Context, exportID string, o WaitOptions) (*Export, error) {
	d, hold := positive(o.First, waitFirst), time.Duration(0) // the first look only asks whether answers are held
	for failures := 0; ; {
		asked := time.Now()
		e, header, err := s.retrieve(ctx, exportID, waiting(hold))
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
		pause := d
		if err == nil && header.Get("Preference-Applied") != "" { // the next look has its pause within
			pause = max(0, least-time.Since(asked))
		}
		if err := s.caller.pause(ctx, max(pause, retryAsked(header, err))); err != nil {
			return nil, err
		}
		hold = max(d, time.Second)
		d = min(d*3/2, positive(o.Most, waitMost))
	}
}

// waiting is the preference for an answer that is held for so long, in whole seconds.
func waiting(d time.Duration) string { return "wait=" + strconv.Itoa(int(max(0, d)/time.Second)) }

func ended(e *Export) (*Export, error) {
	if e.Status == StatusFailed {
		return nil, &ExportFailedError{e}
	}
	return e, nil
}

// retryAsked is the wait that the API asked for, with a reply of either kind, as far as a caller should sit through it.
func retryAsked(h map[string][]string, err error) time.Duration {
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
