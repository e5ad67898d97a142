package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
)

func (a *app) exportCommand() *cobra.Command {
	return group("export", "Make, follow, control and download exports",
		group("create", "Export an index or a run", a.createIndexCommand(), a.createRunCommand()),
		a.listCommand(), a.getCommand(), a.waitCommand(), a.downloadCommand(),
		a.cancelCommand(), a.retryCommand(), a.deleteExportCommand())
}

// createFlags are the flags of both ways to make an export.
type createFlags struct {
	connector, subpath, key string
	formats                 []string
	compression, textField  string
	expiresIn               string
	matches, wait, dryRun   bool
}

func (f *createFlags) declare(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.connector, "connector", "", "deliver to the connector `ID`")
	flags.StringVar(&f.subpath, "subpath", "", "`PATH` below the connector's base path")
	flags.BoolVar(&f.matches, "matches", false, "only results that the prompt's selection filter selected")
	flags.StringSliceVar(&f.formats, "format", nil, "`FORMAT` of a file: json, ndjson, csv, parquet, vtt, srt or vtt_chapters; may be given again (json unless given)")
	flags.StringVar(&f.compression, "compression", "", "pack json, ndjson and csv with `METHOD`: gzip or zstd")
	flags.StringVar(&f.textField, "text-field", "", "`NAME` of the captions' text, such as metadata.summary (metadata_text unless given)")
	flags.StringVar(&f.expiresIn, "expires-in", "", "keep the files for `TIME` after completion, from 1h to 30d (7d unless given)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what the export would hold, and make none")
	flags.StringVar(&f.key, "idempotency-key", "", "make the command repeatable: the same `KEY` gives the same export")
	flags.BoolVar(&f.wait, "wait", false, "wait until the export has ended, and show how far it is")
}

func (f createFlags) scope() client.ResultScope {
	if f.matches {
		return client.ResultsMatches
	}
	return ""
}

func (f createFlags) files() client.FileParams {
	p := client.FileParams{Compression: client.Compression(f.compression), TextField: f.textField, ExpiresIn: f.expiresIn}
	for _, name := range f.formats {
		p.Formats = append(p.Formats, client.Format(name))
	}
	return p
}

// asked is one export, to be made or to be tried.
type asked struct {
	create func(*client.Client) (*client.CreatedExport, error)
	try    func(*client.Client) (*client.DryRun, error)
}

func (a *app) createIndexCommand() *cobra.Command {
	var f createFlags
	var runIDs []string
	cmd := &cobra.Command{
		Use:   "index INDEX_ID",
		Short: "Export an index: every finished run, or those of --run",
		Example: `  vvx export create index idx_archive --wait
  vvx export create index idx_archive --run run_123 --run run_124 --connector conn_export --subpath exports/review-team
  vvx export create index idx_archive --matches --idempotency-key nightly-2026-03-02 --json`,
		Args: cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			p := client.CreateIndexExportParams{
				PromptRunIDs: runIDs, DestinationConnectorID: f.connector, DestinationSubpath: f.subpath,
				ResultScope: f.scope(), FileParams: f.files(), IdempotencyKey: f.key,
			}
			return a.create(ctx, f, asked{
				func(c *client.Client) (*client.CreatedExport, error) {
					return c.Exports.CreateIndexExport(ctx, args[0], p)
				},
				func(c *client.Client) (*client.DryRun, error) { return c.Exports.DryRunIndexExport(ctx, args[0], p) },
			})
		}),
	}
	f.declare(cmd)
	cmd.Flags().StringArrayVar(&runIDs, "run", nil, "only the run `ID`; may be given again")
	return cmd
}

func (a *app) createRunCommand() *cobra.Command {
	var f createFlags
	cmd := &cobra.Command{
		Use:   "run RUN_ID",
		Short: "Export one prompt run",
		Example: `  vvx export create run run_123 --wait
  vvx export create run run_123 --connector conn_export`,
		Args: cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			p := client.CreatePromptRunExportParams{
				DestinationConnectorID: f.connector, DestinationSubpath: f.subpath, ResultScope: f.scope(), FileParams: f.files(), IdempotencyKey: f.key,
			}
			return a.create(ctx, f, asked{
				func(c *client.Client) (*client.CreatedExport, error) {
					return c.Exports.CreatePromptRunExport(ctx, args[0], p)
				},
				func(c *client.Client) (*client.DryRun, error) {
					return c.Exports.DryRunPromptRunExport(ctx, args[0], p)
				},
			})
		}),
	}
	f.declare(cmd)
	return cmd
}

func (a *app) create(ctx context.Context, f createFlags, ask asked) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	if f.dryRun {
		d, err := ask.try(c)
		if err != nil {
			return err
		}
		return a.showDryRun(d)
	}
	created, err := ask.create(c)
	if err != nil {
		return orStopped(ctx, err, `the export may have been made: "vvx export list" shows it. A command with --idempotency-key can simply be repeated`)
	}
	if f.wait {
		return a.wait(ctx, c, created.ID)
	}
	return a.emit(created.RawJSON(), func(w io.Writer) error {
		note := ""
		if created.Replayed {
			note = "  (made before with this idempotency key)"
		}
		_, err := fmt.Fprintf(w, "%s  %s%s\n", cell(created.ID), cell(string(created.Status)), note)
		return err
	})
}

func (a *app) showDryRun(d *client.DryRun) error {
	return a.emit(d.RawJSON(), func(w io.Writer) error {
		fields := []field{{"records", strconv.FormatInt(d.Rows, 10)}, {"size of the records", size(d.Bytes)}}
		for _, f := range d.Files {
			fields = append(fields, field{"file as " + string(f.Format), "about " + size(f.BytesEstimate)})
		}
		if at := d.Destination; at != nil {
			state := "usable"
			if !at.OK {
				state = "its latest test failed: " + at.LastTestError
			}
			fields = append(fields, field{"connector", at.ConnectorID + ", " + state}, field{"folder", at.Path})
		}
		return describe(w, append(fields, field{"columns of tables", strconv.Itoa(len(d.Columns))}, field{"made", "nothing: this was a dry run"})...)
	})
}

func (a *app) getCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "get EXPORT_ID",
		Short:   "Show an export",
		Example: "  vvx export get exp_01kx…\n  vvx export get exp_01kx… --json | jq -r .presigned_url",
		Args:    cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			e, err := c.Exports.Retrieve(ctx, args[0])
			if err != nil {
				return err
			}
			return a.showExport(e)
		}),
	}
}

func (a *app) showExport(e *client.Export) error {
	return a.emit(e.RawJSON(), func(w io.Writer) error { return describe(w, exportFields(e)...) })
}

func exportFields(e *client.Export) []field {
	state := string(e.Status)
	if p := e.Progress; p != nil && !e.Status.Terminal() {
		state += fmt.Sprintf(", %s, %.0f %%", p.Phase, p.Percent)
		if left, ok := p.Left(); ok {
			state += ", ETA " + left.String()
		}
	}
	fields := []field{
		{"export", e.ID}, {"status", state}, {"error", e.ErrorMessage}, {"of", strings.ReplaceAll(string(e.Type), "_", " ") + " " + e.TargetID},
	}
	if p := e.Params; p != nil {
		fields = append(fields, field{"runs", strings.Join(p.PromptRunIDs, ", ")})
	}
	fields = append(fields,
		field{"results", string(e.ResultScope)}, field{"created", stamp(e.CreatedAt)}, field{"completed", stamp(e.CompletedAt)},
		field{"attempts", fmt.Sprintf("%d of %d", e.Attempts, e.MaxAttempts)})
	if e.FileSizeBytes != nil {
		fields = append(fields, field{"size", fmt.Sprintf("%s (%d bytes)", size(*e.FileSizeBytes), *e.FileSizeBytes)})
	}
	if n, ok := e.Counts["results"]; ok {
		fields = append(fields, field{"records", strconv.FormatInt(n, 10)})
	}
	return append(fields,
		field{"files", fileNames(e)}, field{"sha256", e.SHA256}, field{"manifest sha256", e.ManifestSHA256},
		field{"connector", e.DestinationConnectorID}, field{"delivered to", e.DestinationURI}, field{"kept until", stamp(e.ExpiresAt)})
}

// fileNames are the export's files, if there is more than the document and its manifest.
func fileNames(e *client.Export) string {
	if len(e.Files) <= 2 {
		return ""
	}
	var names []string
	for _, f := range e.Files {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// listFlags are the flags of export list.
type listFlags struct {
	status, kind, target string
	limit                int
}

func (a *app) listCommand() *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List exports, newest first",
		Example: "  vvx export list --status failed\n  vvx export list --type prompt_run --target run_123 --limit 0 --json",
		Args:    cobra.NoArgs,
		RunE:    runs(func(ctx context.Context, _ []string) error { return a.list(ctx, f) }),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.status, "status", "", "only `STATUS`: pending, processing, completed or failed")
	flags.StringVar(&f.kind, "type", "", "only `TYPE`: index or prompt_run")
	flags.StringVar(&f.target, "target", "", "only of the index or run `ID`")
	flags.IntVar(&f.limit, "limit", 50, "at most `N`; 0 for all")
	return cmd
}

func (a *app) list(ctx context.Context, f listFlags) error {
	if f.limit < 0 {
		return misuse("--limit must not be negative")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	p := client.ListExportsParams{Status: client.Status(f.status), Type: client.ExportType(f.kind), TargetID: f.target, PageSize: 200}
	if f.limit > 0 {
		p.PageSize = min(f.limit, 200)
	}
	var rows [][]string
	n := 0
	for e, err := range c.Exports.List(ctx, p) {
		if err != nil {
			return err
		}
		if a.global.json {
			if err := a.emit(e.RawJSON(), nil); err != nil {
				return err
			}
		} else {
			rows = append(rows, exportRow(e))
		}
		if n++; n == f.limit {
			break
		}
	}
	if a.global.json {
		return nil
	}
	return table(a.out, "EXPORT STATUS TYPE TARGET SIZE CREATED", rows)
}

func exportRow(e *client.Export) []string {
	bytes := "-"
	if e.FileSizeBytes != nil {
		bytes = size(*e.FileSizeBytes)
	}
	return []string{e.ID, string(e.Status), string(e.Type), e.TargetID, bytes, stamp(e.CreatedAt)}
}
