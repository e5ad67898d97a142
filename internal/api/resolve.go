package api

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/store"
)

// manyRuns is the number of listed runs from which one query of the index's runs is cheaper than a read of each.
const manyRuns = 8

// found is what an order names, as the catalogue has it.
type found struct {
	target    error        // nil, or why the index or run can't be used
	runs      []export.Run // the target run, the listed runs that are the index's, or all of the index's
	missing   []string     // listed runs that are unknown or of another index, sorted
	connector store.Connector
	delivery  error // nil, or why the connector can't be used
}

// resolve looks up everything that the order names, in one round, and turns the order into a request that can be
// carried out, with what was found for it. Of several reasons to refuse it, the caller hears the same one every time.
func resolve(ctx context.Context, c Catalog, account string, o order, now time.Time) (export.Request, *found, error) {
	f, err := lookUp(ctx, c, account, o)
	if err != nil {
		return export.Request{}, nil, err
	}
	if err := f.check(o, now); err != nil {
		return export.Request{}, nil, err
	}
	r := export.Request{
		Type: o.Type, TargetID: o.TargetID, RunIDs: o.RunIDs, Scope: o.Scope,
		Formats: o.Formats, Compression: o.Compression, TextField: o.TextField, KeepHours: o.KeepHours,
	}
	if o.ConnectorID == "" {
		return r, f, nil
	}
	base, err := export.CleanSubpath(f.connector.ExportBasePath)
	if err != nil {
		return r, nil, fault.Wrap(err, fault.Invalid, "connector_base_path_invalid", "The connector's export base path can't be used. Correct it on the connector.")
	}
	r.Destination = &export.Destination{ConnectorID: o.ConnectorID, BasePath: base, Subpath: o.Subpath}
	return r, f, nil
}

// lookUp asks for target, runs and connector at once.
func lookUp(ctx context.Context, c Catalog, account string, o order) (*found, error) {
	f := &found{}
	var failures [2]error
	var wg sync.WaitGroup
	wg.Go(func() { failures[0] = f.lookUpTarget(ctx, c, account, o) })
	wg.Go(func() { failures[1] = f.lookUpConnector(ctx, c, account, o.ConnectorID) })
	wg.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *found) lookUpTarget(ctx context.Context, c Catalog, account string, o order) error {
	if o.Type == export.TypePromptRun {
		run, err := known(ctx, c.Run, account, o.TargetID)
		if err == nil {
			f.runs = []export.Run{run}
		}
		return keep(&f.target, err, fault.New(fault.NotFound, "prompt_run_not_found", "There is no such prompt run."))
	}
	var index, runs error
	var wg sync.WaitGroup
	wg.Go(func() { _, index = known(ctx, c.Index, account, o.TargetID) })
	wg.Go(func() { runs = f.lookUpRuns(ctx, c, account, o) })
	wg.Wait()
	if err := keep(&f.target, index, fault.New(fault.NotFound, "index_not_found", "There is no such index.")); err != nil {
		return err
	}
	return runs
}

func (f *found) lookUpRuns(ctx context.Context, c Catalog, account string, o order) error {
	if !export.ValidID(o.TargetID) {
		return nil
	}
	if n := len(o.RunIDs); n == 0 || n >= manyRuns {
		all, err := c.RunsOfIndex(ctx, account, o.TargetID)
		f.runs = all
		if n > 0 {
			f.pick(o)
		}
		return err
	}
	found, failures := make([]export.Run, len(o.RunIDs)), make([]error, len(o.RunIDs))
	var wg sync.WaitGroup
	for i, id := range o.RunIDs {
		wg.Go(func() { found[i], failures[i] = c.Run(ctx, account, id) })
	}
	wg.Wait()
	for i, err := range failures {
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err == nil {
			f.runs = append(f.runs, found[i])
		}
	}
	f.pick(o)
	return nil
}

// pick keeps the listed runs that are the index's and notes the others.
func (f *found) pick(o order) {
	byID := map[string]export.Run{}
	for _, r := range f.runs {
		if r.IndexID == o.TargetID {
			byID[r.ID] = r
		}
	}
	f.runs = nil
	for _, id := range o.RunIDs {
		if r, ok := byID[id]; ok {
			f.runs = append(f.runs, r)
			continue
		}
		f.missing = append(f.missing, id)
	}
}

func (f *found) lookUpConnector(ctx context.Context, c Catalog, account, id string) error {
	if id == "" {
		return nil
	}
	var err error
	f.connector, err = known(ctx, c.Connector, account, id)
	return keep(&f.delivery, err, fault.New(fault.NotFound, "connector_not_found", "There is no such connector."))
}

// known looks an id up; one that can't be an id is not found without asking.
func known[T any](ctx context.Context, get func(ctx context.Context, account, id string) (T, error), account, id string) (T, error) {
	if !export.ValidID(id) {
		var none T
		return none, fault.New(fault.NotFound, "not_found", "There is no such id.")
	}
	return get(ctx, account, id)
}

// keep turns absence into the caller's failure, kept for later; any other failure is returned.
func keep(kept *error, err error, absent error) error {
	if fault.Is(err, fault.NotFound) {
		*kept = absent
		return nil
	}
	return err
}

// check holds what was found against the order. Refusals have one order: target, listed runs, unfinished runs,
// connector, nothing to export.
func (f *found) check(o order, now time.Time) error {
	if f.target != nil {
		return f.target
	}
	if len(f.missing) > 0 {
		return invalid(map[string]any{"prompt_run_ids": "holds runs that this index doesn't have"}).With("prompt_run_ids", f.missing)
	}
	if o.named() {
		if open := unfinished(f.runs); len(open) > 0 {
			return fault.New(fault.Invalid, "prompt_run_not_terminal", "A prompt run can be exported once it has finished.").With("prompt_run_ids", open)
		}
	}
	if f.delivery != nil {
		return f.delivery
	}
	if o.ConnectorID != "" && !slices.Contains(f.connector.Scopes, "export") {
		return fault.New(fault.Invalid, "connector_scope_missing", "The connector doesn't have the export scope.")
	}
	if len(f.selected(o, now)) == 0 {
		return fault.New(fault.Invalid, "nothing_to_export", "No finished run has any result to export.")
	}
	return nil
}

func unfinished(runs []export.Run) []string {
	var open []string
	for _, r := range runs {
		if !r.Status.Finished() {
			open = append(open, r.ID)
		}
	}
	return open
}

// selected are the runs with results that the export would hold if it were planned now, in no order.
func (f *found) selected(o order, asOf time.Time) []export.Run {
	var runs []export.Run
	for _, r := range f.runs {
		if r.Rows > 0 && (o.named() || r.ReadyAt(asOf)) {
			runs = append(runs, r)
		}
	}
	return runs
}
