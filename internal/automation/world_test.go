package automation_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/videovector/exports/internal/admission"
	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/automation"
	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/store/storetest/memstore"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const account, index, user = "acct", "idx", "user_1"

// world is a runner over a record store in memory, any of whose calls can fail, before its effect or after it.
type world struct {
	t      *testing.T
	memory *memstore.Store
	now    time.Time
	ids    int
	calls  int
	// spoil decides a call's fate by its name and its number, from 1; nil means that every call goes well.
	spoil   func(method string, n int) (before, after error)
	before  func(method string) // what happens just before a call; nil means nothing
	started []string            // executions asked for
	runner  automation.Runner
}

var errLost = fault.New(fault.Unavailable, "store_unavailable", "The record store did not answer.")

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, memory: memstore.New(), now: noon}
	clock := func() time.Time { return w.now }
	log := slog.New(slog.DiscardHandler)
	w.runner = automation.New(automation.Config{
		Records: shaky{w.memory, w}, Clock: clock, Log: log,
		NewID:    func(time.Time) string { w.ids++; return fmt.Sprintf("exp_%03d", w.ids) },
		Exporter: api.NewAutomatic(shaky{w.memory, w}, api.CreateConfig{Starter: w, Clock: clock, Log: log}),
	})
	ctx := t.Context()
	w.must(w.memory.PutIndex(ctx, export.Index{ID: index, AccountID: account}))
	for _, id := range []string{"conn_1", "conn_2"} {
		w.must(w.memory.PutConnector(ctx, store.Connector{ID: id, AccountID: account, Scopes: []string{"export"}, ExportBasePath: "base"}))
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Start implements api.Starter.
func (w *world) Start(_ context.Context, account, id string, generation int) error {
	w.started = append(w.started, fmt.Sprintf("%s/%s-g%d", account, id, generation))
	return nil
}

var active = export.AutomationSettings{Enabled: true, ConnectorID: "conn_1", Subpath: "nightly", Debounce: "5m"}

// save changes the automation as PUT, pause and resume do, and makes it first if need be.
func (w *world) save(change func(*export.AutomationSettings)) {
	w.t.Helper()
	a, err := w.memory.Automation(w.t.Context(), account, index)
	settings := a.Settings()
	if fault.Is(err, fault.NotFound) {
		a, settings, err = export.NewAutomation(account, index, w.now), active, nil
	}
	w.must(err)
	if change != nil {
		change(&settings)
	}
	next := a.Changed(settings, settings.Debounce.Duration(), w.now)
	next.UserID = user
	_, err = w.memory.SaveAutomation(w.t.Context(), next, a.Revision, nil)
	w.must(err)
}

func (w *world) pause()  { w.save(func(s *export.AutomationSettings) { s.Paused = true }) }
func (w *world) resume() { w.save(func(s *export.AutomationSettings) { s.Paused = false }) }

// write is the platform writing a run of the index.
func (w *world) write(id string, status export.RunStatus, rows int64) {
	w.t.Helper()
	r := export.Run{ID: id, AccountID: account, IndexID: index, ExecutedAt: w.now, Status: status, Rows: rows, Bytes: 10 * rows}
	var parts []export.Part
	if rows > 0 {
		r.Parts, parts = 1, []export.Part{{Number: 1, Key: "k", Rows: rows, Bytes: 10 * rows}}
	}
	w.must(w.memory.PutRun(w.t.Context(), r, parts))
}

// hear tells of a change of the run that had not finished before it.
func (w *world) hear(id string) {
	w.t.Helper()
	w.hearAfter(id, "")
}

// hearAfter tells of a change of the run, which had ended so before it, as often as it takes.
func (w *world) hearAfter(id, before string) {
	w.t.Helper()
	var err error
	for range 20 {
		if err = w.runner.Heard(w.t.Context(), account, id, before); err == nil {
			return
		}
	}
	w.t.Fatal(err)
}

// ending is how the run has ended by the catalogue.
func (w *world) ending(id string) string {
	w.t.Helper()
	r, err := w.memory.Run(w.t.Context(), account, id)
	w.must(err)
	return r.Ending()
}

// finish is a run that finishes and is heard of.
func (w *world) finish(id string) {
	w.t.Helper()
	w.write(id, export.RunCompleted, 1)
	w.hear(id)
}

// pass lets time pass, minute by minute, and the schedule call.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(min(time.Minute, end.Sub(w.now)))
		_, _ = w.runner.Fire(w.t.Context()) // a call that fails is followed by another, a minute later
	}
}

func (w *world) automation() export.Automation {
	w.t.Helper()
	a, err := w.memory.Automation(w.t.Context(), account, index)
	w.must(err)
	return a
}

// exports are all of the account's, oldest first.
func (w *world) exports() []export.Export {
	w.t.Helper()
	page, err := w.memory.ListExports(w.t.Context(), account, store.ListQuery{Limit: 200})
	w.must(err)
	slices.Reverse(page.Exports)
	return page.Exports
}

// made fails unless there are so many exports, and gives them.
func (w *world) made(n int) []export.Export {
	w.t.Helper()
	all := w.exports()
	if len(all) != n {
		w.t.Fatalf("at %s there are %d exports, want %d; the automation is %+v", w.now.Format(time.TimeOnly), len(all), n, w.automation())
	}
	return all
}

// shaky is the record store with the world's mishaps.
type shaky struct {
	*memstore.Store
	w *world
}

func do[T any](s shaky, method string, call func() (T, error)) (v T, err error) {
	s.w.calls++
	n := s.w.calls
	if s.w.before != nil {
		s.w.before(method)
	}
	var before, after error
	if s.w.spoil != nil {
		before, after = s.w.spoil(method, n)
	}
	if before != nil {
		return v, before
	}
	if v, err = call(); err != nil {
		return v, err
	}
	if after != nil {
		var none T
		return none, after
	}
	return v, nil
}

func (s shaky) Run(ctx context.Context, account, id string) (export.Run, error) {
	return do(s, "Run", func() (export.Run, error) { return s.Store.Run(ctx, account, id) })
}

func (s shaky) RunsOfIndex(ctx context.Context, account, id string) ([]export.Run, error) {
	return do(s, "RunsOfIndex", func() ([]export.Run, error) { return s.Store.RunsOfIndex(ctx, account, id) })
}

func (s shaky) Automation(ctx context.Context, account, id string) (export.Automation, error) {
	return do(s, "Automation", func() (export.Automation, error) { return s.Store.Automation(ctx, account, id) })
}

func (s shaky) Ending(ctx context.Context, account, index, run string) (string, error) {
	return do(s, "Ending", func() (string, error) { return s.Store.Ending(ctx, account, index, run) })
}

func (s shaky) SaveAutomation(ctx context.Context, a export.Automation, revision int64, noted *store.Ending) (export.Automation, error) {
	return do(s, "SaveAutomation", func() (export.Automation, error) { return s.Store.SaveAutomation(ctx, a, revision, noted) })
}

func (s shaky) DueAutomations(ctx context.Context, now time.Time, limit int) ([]store.AutomationRef, error) {
	return do(s, "DueAutomations", func() ([]store.AutomationRef, error) { return s.Store.DueAutomations(ctx, now, limit) })
}

func (s shaky) CreateExport(ctx context.Context, e export.Export, idem *store.Idempotency, place *admission.Account) (rec store.Idempotency, created bool, err error) {
	rec, err = do(s, "CreateExport", func() (store.Idempotency, error) {
		rec, ok, err := s.Store.CreateExport(ctx, e, idem, place)
		created = ok
		return rec, err
	})
	return rec, created && err == nil, err
}

func (s shaky) Admission(ctx context.Context, account string) (admission.Account, error) {
	return do(s, "Admission", func() (admission.Account, error) { return s.Store.Admission(ctx, account) })
}

func (s shaky) Idempotency(ctx context.Context, k store.IdempotencyKey, now time.Time) (store.Idempotency, error) {
	return do(s, "Idempotency", func() (store.Idempotency, error) { return s.Store.Idempotency(ctx, k, now) })
}

func (s shaky) Export(ctx context.Context, account, id string) (export.Export, error) {
	return do(s, "Export", func() (export.Export, error) { return s.Store.Export(ctx, account, id) })
}
