package client

import (
	"context"
	"time"
)

// WithPause is how tests wait: f hears of every pause and ends it.
func WithPause(f func(ctx context.Context, d time.Duration) error) Option {
	return func(c *caller) error {
		c.pause = f
		return nil
	}
}

// WithPatience is how long a download may bring nothing.
func WithPatience(d time.Duration) Option {
	return func(c *caller) error {
		c.patience = d
		return nil
	}
}

// NextLink is what a listing reads in Link headers.
var NextLink = nextLink

// RetryAfter is how the header is read.
var RetryAfter = retryAfter

// Delay is the wait after the n-th failure.
var Delay = delay
