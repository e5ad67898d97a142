package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/videovector/exports/internal/changes"
	"github.com/videovector/exports/internal/localgw"
	"github.com/videovector/exports/internal/localpipe"
	"github.com/videovector/exports/internal/localpipe/dynamostream"
	"github.com/videovector/exports/internal/store/sqlitestore"
)

// pipe names a function that is told of changes of the kind: a pipe of the template's.
type pipe struct {
	kind     changes.Kind
	function string
}

// pipes are those of the template. A kind has one at most.
var pipes = []pipe{{changes.KindExport, "send-events"}, {changes.KindRun, "run-automations"}}

// startPipes moves changes to the functions until the service ends. What happened while it was down is told first.
func (s *stack) startPipes(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	s.closers = append(s.closers, closer(func() error { stop(); running.Wait(); return nil }))
	if err := s.forgetUntold(ctx); err != nil {
		return err
	}
	for _, p := range pipes {
		source, err := s.changes(p)
		if err != nil {
			return fmt.Errorf("the changes for %s: %w", p.function, err)
		}
		running.Go(func() {
			localpipe.Run(ctx, localpipe.Config{Source: source, Kind: p.kind, Functions: s.invoker, Function: p.function, Log: s.log})
		})
	}
	functions := s.invoker
	running.Go(func() { s.sendRegularly(ctx, functions) })
	return nil
}

// sendRegularly is the schedule of send-events; with a shorter pause between attempts it comes as often as that.
func (s *stack) sendRegularly(ctx context.Context, functions localgw.Invoker) {
	every := s.options.every
	if retry := s.options.webhooks.Retry; retry > 0 {
		every = max(min(every, retry/2), 10*time.Millisecond)
	}
	for tick := time.NewTicker(every); ; {
		if _, err := functions.Invoke(ctx, "send-events", event("aws.events", "Scheduled Event", map[string]any{})); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "send-events could not be called", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

// changes are what a pipe reads: the record store's own notes, or the stream of its table.
func (s *stack) changes(p pipe) (localpipe.Source, error) {
	if records, ok := s.records.(*sqlitestore.Store); ok {
		return records, nil
	}
	client := dynamodbstreams.NewFromConfig(s.dynamoDB())
	return dynamostream.New(client, tableName, filepath.Join(s.options.data, "streams", p.function+".json"))
}

// forgetUntold drops the notes of kinds that no pipe has.
func (s *stack) forgetUntold(ctx context.Context) error {
	records, ok := s.records.(*sqlitestore.Store)
	if !ok {
		return nil
	}
	var told []changes.Kind
	for _, p := range pipes {
		told = append(told, p.kind)
	}
	return records.ForgetOthers(ctx, slices.Compact(told))
}

// closer is a function to be called when the service ends.
type closer func() error

// Close implements io.Closer.
func (c closer) Close() error { return c() }
