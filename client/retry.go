package client

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Waits between two attempts.
const (
	retryBase     = 500 * time.Millisecond
	retryCap      = 8 * time.Second
	maxRetryAfter = 5 * time.Minute // a server that asks for more gets its way: the call fails and says so
)

// retry calls attempt until it succeeds, fails for good, or the retries are used up.
func (c *caller) retry(ctx context.Context, r request, attempt func() error) error {
	for n := 0; ; n++ {
		err := attempt()
		if err == nil || ctx.Err() != nil || n >= c.retries || !r.repeatable() || !passing(err) {
			return err
		}
		wait, ok := delay(n, err)
		if deadline, has := ctx.Deadline(); !ok || has && time.Now().Add(wait).After(deadline) {
			return err
		}
		if c.pause(ctx, wait) != nil {
			return err // the wait was ended; what failed says more
		}
	}
}

// passing reports whether the same call may succeed a little later.
func passing(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.StatusCode == http.StatusTooManyRequests || e.StatusCode >= 500
	}
	var certificate *tls.CertificateVerificationError
	var t *transportError
	return errors.As(err, &t) && !errors.As(err, &certificate)
}

// unsettled reports whether the call may have had its effect although it failed.
func unsettled(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.StatusCode >= 500
	}
	return err != nil
}

// delay is the wait after the n-th failure: full jitter below a doubling limit, after what the server asked for. It is
// not ok if the server asked for more than a caller should sit through.
func delay(n int, err error) (d time.Duration, ok bool) {
	jitter := rand.N(min(retryCap, retryBase<<n)) //nolint:gosec // G404: a wait needs no secret
	var e *Error
	if !errors.As(err, &e) || e.RetryAfter == 0 {
		return jitter, true
	}
	return e.RetryAfter + rand.N(retryBase), e.RetryAfter <= maxRetryAfter //nolint:gosec // G404: a wait needs no secret
}

// retryAfter reads the header: whole seconds or an HTTP date. Anything else is no wait at all.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(v, 10, 63); err == nil {
		return time.Duration(min(seconds, math.MaxInt64/uint64(time.Second))) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
