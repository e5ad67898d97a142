package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
)

// Looks at an export that somebody waits for.
const (
	firstLook = 300 * time.Millisecond
	mostLooks = 5 * time.Second
)

func (a *app) waitCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "wait EXPORT_ID",
		Short:   "Wait until an export has ended, and show how far it is",
		Example: "  vvx export wait exp_01kx… && vvx export download exp_01kx…",
		Args:    cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			return a.wait(ctx, c, args[0])
		}),
	}
}

// wait follows the export to its end and shows it. A failed export is a failure.
func (a *app) wait(ctx context.Context, c *client.Client, id string) error {
	p := newProgress(a.err, a.terminal(a.err), time.Now)
	e, err := c.Exports.Wait(ctx, id, client.WaitOptions{First: firstLook, Most: mostLooks, Progress: p.see})
	p.end()
	if err != nil {
		return orStopped(ctx, err, "export %s goes on without you: \"vvx export wait %s\" looks again", id, id)
	}
	return a.showExport(e)
}
