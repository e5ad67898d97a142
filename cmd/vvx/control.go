package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
)

// controlCommand makes a command that moves one export and shows it.
func (a *app) controlCommand(cmd cobra.Command, hint string, do func(*client.Client, context.Context, string, client.ControlParams) (*client.Export, error)) *cobra.Command {
	var p client.ControlParams
	var wait bool
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = runs(func(ctx context.Context, args []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		e, err := do(c, ctx, args[0], p)
		if err != nil {
			return orStopped(ctx, err, "%s", hint)
		}
		if wait {
			return a.wait(ctx, c, e.ID)
		}
		return a.showExport(e)
	})
	flags := cmd.Flags()
	flags.StringVar(&p.IdempotencyKey, "idempotency-key", "", "make the command repeatable: the same `KEY` has one effect")
	if cmd.Name() == "retry" {
		flags.BoolVar(&wait, "wait", false, "wait until the export has ended, and show how far it is")
	}
	return &cmd
}

func (a *app) cancelCommand() *cobra.Command {
	return a.controlCommand(cobra.Command{
		Use: "cancel EXPORT_ID", Short: "End an export that has not ended", Example: "  vvx export cancel exp_01kx…",
	}, `the export may have been cancelled: "vvx export get" shows it`, func(c *client.Client, ctx context.Context, id string, p client.ControlParams) (*client.Export, error) {
		return c.Exports.Cancel(ctx, id, p)
	})
}

func (a *app) retryCommand() *cobra.Command {
	return a.controlCommand(cobra.Command{
		Use: "retry EXPORT_ID", Short: "Try a failed or cancelled export again, without packaging again what was committed", Example: "  vvx export retry exp_01kx… --wait",
	}, `the export may have been started again: "vvx export get" shows it`, func(c *client.Client, ctx context.Context, id string, p client.ControlParams) (*client.Export, error) {
		return c.Exports.Retry(ctx, id, p)
	})
}

func (a *app) deleteExportCommand() *cobra.Command {
	return &cobra.Command{
		Use: "delete EXPORT_ID", Short: "Remove an export and its files, not what was delivered; needs a key of scope admin",
		Example: "  vvx export delete exp_01kx…", Args: cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			if err := c.Exports.Delete(ctx, args[0]); err != nil {
				return orStopped(ctx, err, `it may have been removed: "vvx export get" shows it`)
			}
			return a.emit(map[string]any{"export_id": args[0], "deleted": true}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s is removed\n", cell(args[0]))
				return err
			})
		}),
	}
}
