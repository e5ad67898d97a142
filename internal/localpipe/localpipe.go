// Package localpipe does on one machine what a pipe of EventBridge does: it reads the changes of a source, hands them in
// batches to a function, and lets the source forget what the function has handled. What fails comes again, after a pause
// that grows; nothing is ever dropped. A kill in between makes changes come twice, as on AWS.
package localpipe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/failpoint"
	"github.com/videovector/exports/internal/localgw"
)

// Source keeps changes until they are forgotten.
type Source interface {
	// Changes are the oldest of the kinds; none is no failure.
	Changes(ctx context.Context, kinds []changes.Kind, limit int) ([]changes.Item, error)
	// Forget drops changes by their ids.
	Forget(ctx context.Context, ids []string) error
}

// Config is one pipe.
type Config struct {
	Source    Source
	Kind      changes.Kind
	Functions localgw.Invoker
	Function  string
	Log       *slog.Logger
	Poll      time.Duration // between two looks at a source that had nothing; 0 means 250 ms
}

// batch is how many changes the function gets at once, as the template says of the pipes.
const batch = 10

// The pause after a failure, doubling with each one in a row.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// Run moves changes until ctx ends.
func Run(ctx context.Context, cfg Config) {
	if cfg.Poll == 0 {
		cfg.Poll = 250 * time.Millisecond
	}
	pause := firstPause
	for ctx.Err() == nil {
		moved, err := Move(ctx, cfg)
		switch {
		case err != nil && ctx.Err() == nil:
			cfg.Log.WarnContext(ctx, "changes are held up", "function", cfg.Function, "error", err.Error())
			wait(ctx, pause)
			pause = min(2*pause, lastPause)
		case moved == 0:
			wait(ctx, cfg.Poll)
		default:
			pause = firstPause
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Move hands one batch to the function and says how many changes were in it. The error tells that some are to come again.
func Move(ctx context.Context, cfg Config) (int, error) {
	items, err := cfg.Source.Changes(ctx, []changes.Kind{cfg.Kind}, batch)
	if err != nil || len(items) == 0 {
		return 0, err
	}
	failed, err := call(ctx, cfg, items)
	if err != nil {
		return len(items), err
	}
	failpoint.Here("pipe.handled")
	var done []string
	for _, i := range items {
		if !slices.Contains(failed, changes.Failure{ID: i.ID}) {
			done = append(done, i.ID)
		}
	}
	if err := cfg.Source.Forget(ctx, done); err != nil {
		return len(items), err
	}
	if len(failed) > 0 {
		return len(items), fmt.Errorf("%d of %d changes failed", len(failed), len(items))
	}
	return len(items), nil
}

// call is the function's answer to a batch.
func call(ctx context.Context, cfg Config, items []changes.Item) ([]changes.Failure, error) {
	event, err := json.Marshal(items)
	if err != nil {
		return nil, err
	}
	reply, err := cfg.Functions.Invoke(ctx, cfg.Function, event)
	if err != nil {
		return nil, err
	}
	reply = reply.Buffer()
	if reply.FunctionError != "" {
		return nil, errors.New("the function failed")
	}
	var result changes.Result
	if err := json.Unmarshal(reply.Payload, &result); err != nil {
		return nil, fmt.Errorf("the function's answer: %w", err)
	}
	return result.Failures, nil
}
