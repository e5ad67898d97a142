package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/spf13/cobra"

	"github.com/videovector/exports/internal/export"
	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/loader"
)

// loadRunFlags are the flags of load-run.
type loadRunFlags struct {
	index, run, prompt, schema string
	replace                    bool
}

func (a *app) loadRunCommand() *cobra.Command {
	var f loadRunFlags
	cmd := &cobra.Command{
		Use:   "load-run --index INDEX --run RUN FILE.ndjson…",
		Short: "Bring result files of your own in as a finished run",
		Long: `load-run checks every line of the files (strict JSON, one result record per line, with result_type and
result_id), then stores them as the results of one finished run of an index. A bad line is reported with its number
and nothing is loaded. An index that doesn't exist yet is made.`,
		Example: `  vvx load-run --index idx_mine --run run_mine results.ndjson
  vvx load-run --index idx_mine --run run_2 --schema schema.json --replace part-*.ndjson`,
		Args: cobra.MinimumNArgs(1),
		RunE: runs(func(ctx context.Context, files []string) error {
			return orStopped(ctx, a.loadRun(ctx, f, files), "nothing was changed that isn't whole")
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.index, "index", "", "index `ID` (made if it doesn't exist)")
	flags.StringVar(&f.run, "run", "", "run `ID`")
	flags.StringVar(&f.prompt, "prompt-name", "Loaded results", "the prompt's `NAME` in the export's header")
	flags.StringVar(&f.schema, "schema", "", "JSON Schema `FILE` of the extracted fields")
	flags.BoolVar(&f.replace, "replace", false, "replace the run's results if the run exists")
	for _, name := range []string{"index", "run"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was declared three lines above
		}
	}
	return cmd
}

func (a *app) loadRun(ctx context.Context, f loadRunFlags, files []string) (err error) {
	run, err := f.describe(time.Now())
	if err != nil {
		return err
	}
	sources, total, err := openSources(files)
	if err != nil {
		return err
	}
	local, err := openLocal(ctx, a.global.local)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	run.AccountID = local.AccountID
	if err := f.refuseExisting(ctx, local, run); err != nil {
		return err
	}

	bar := a.newBar(a.err, 2*total)
	l := loader.New(loader.Config{
		Catalog: local.Store, Results: local.Results, LoadID: ulid.Make().String(), Clock: time.Now,
		Progress: func(n int64) { _ = bar.Add64(n) }, // a bar that can't draw is no reason to stop
	})
	bar.Describe("checking")
	rows, err := l.Check(ctx, sources)
	if err != nil {
		return endBar(bar, err)
	}
	if rows == 0 {
		return endBar(bar, fault.New(fault.Invalid, "no_records", "The files hold no record; nothing was loaded."))
	}
	bar.Describe("loading")
	run, err = l.Load(ctx, run, sources)
	if err = endBar(bar, err); err != nil {
		return err
	}
	return a.showLoaded(run)
}

// loaded is the result of load-run.
type loaded struct {
	IndexID string `json:"index_id"`
	RunID   string `json:"run_id"`
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"`
	Parts   int    `json:"parts"`
}

func (a *app) showLoaded(run export.Run) error {
	return a.emit(loaded{run.IndexID, run.ID, run.Rows, run.Bytes, run.Parts}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Loaded %d records (%d bytes, %d parts) as run %s of index %s.\n", run.Rows, run.Bytes, run.Parts, run.ID, run.IndexID)
		return err
	})
}

// describe turns the flags into the run to load.
func (f loadRunFlags) describe(now time.Time) (export.Run, error) {
	for flag, id := range map[string]string{"--index": f.index, "--run": f.run} {
		if !export.ValidID(id) {
			return export.Run{}, fault.Newf(fault.Invalid, "id_invalid", "%s: an id is 1 to %d letters, digits, \"_\" or \"-\".", flag, export.MaxIDLength)
		}
	}
	run := export.Run{
		ID: f.run, IndexID: f.index, ContextType: "index", PromptID: "prompt_" + f.run, PromptName: f.prompt,
		ExecutedAt: export.Stamp(now), ExecutedBy: "vvx", Status: export.RunCompleted,
	}
	if len(run.PromptID) > export.MaxIDLength {
		run.PromptID = f.run
	}
	var err error
	run.Schema, err = readSchema(f.schema)
	return run, err
}

func (f loadRunFlags) refuseExisting(ctx context.Context, local *localService, run export.Run) error {
	_, err := local.Store.Run(ctx, run.AccountID, run.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err == nil && !f.replace:
		return fault.Newf(fault.Conflict, "run_exists", "Run %s exists already. Give --replace to load it anew, or another --run.", run.ID)
	}
	return err
}

// openSources checks that every file can be opened, and sums their sizes.
func openSources(files []string) (sources []loader.Source, total int64, err error) {
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			return nil, 0, fault.Wrap(err, fault.Invalid, "file_unreadable", fmt.Sprintf("%s can't be read: %v.", name, err))
		}
		if !info.Mode().IsRegular() {
			return nil, 0, fault.Newf(fault.Invalid, "file_unreadable", "%s is not a regular file (it is read twice: once to check it, once to load it).", name)
		}
		total += info.Size()
		sources = append(sources, loader.Source{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }})
	}
	return sources, total, nil
}
