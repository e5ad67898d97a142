package asl

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"time"
)

// Invoker calls Lambda functions.
type Invoker interface {
	// Invoke calls a function by name or ARN. An error means that the function was not run to its end; a function that
	// ran and failed is a Reply with Failed set and a payload of {"errorType","errorMessage",…}.
	Invoke(ctx context.Context, function string, payload []byte) (Reply, error)
}

// Reply is a function's answer.
type Reply struct {
	Payload []byte
	Failed  bool
}

// ErrThrottled is an Invoker's error for a call that was refused for now.
var ErrThrottled = errors.New("too many requests")

// Objects is the object storage of ItemReader and ResultWriter.
type Objects interface {
	Get(ctx context.Context, bucket, key string) (io.ReadCloser, error)
	Put(ctx context.Context, bucket, key string, body []byte) error
}

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits for d or until ctx ends, and then gives ctx's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Config is what an Engine works with. Machine, Functions and Journal are required.
type Config struct {
	Machine   *Machine
	ARN       string // of the state machine
	Functions Invoker
	Objects   Objects // needed by machines that read or write items
	Journal   Journal
	Clock     Clock              // nil means SystemClock
	Random    func() float64     // in [0, 1), for jitter; nil means a random source
	OnEnd     func(Execution)    // hears of every end, once or, after a crash, again; nil means nobody
	Log       *slog.Logger       // nil means slog.Default
	context   context.Context    // ends when the engine stops
	stop      context.CancelFunc //
}

// Execution is what Describe tells.
type Execution struct {
	Name    string
	Status  string // RUNNING, SUCCEEDED, FAILED or TIMED_OUT
	Input   json.RawMessage
	Output  json.RawMessage // of a succeeded one
	Error   string
	Cause   string
	Started time.Time
	Stopped time.Time // zero while it runs
}
