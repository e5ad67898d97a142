package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
)

func (a *app) automationCommand() *cobra.Command {
	return group("automation", "Export an index by itself when runs of it have finished",
		a.onAutomation("get", "Show an index's automation", (*client.AutomationsService).Retrieve), a.setAutomationCommand(),
		a.onAutomation("pause", "Make no export until it is resumed", (*client.AutomationsService).Pause),
		a.onAutomation("resume", "End a pause; runs that finished during it make no export", (*client.AutomationsService).Resume))
}

// onAutomation makes a command about an index's automation.
func (a *app) onAutomation(use, short string, ask func(*client.AutomationsService, context.Context, string) (*client.Automation, error)) *cobra.Command {
	return &cobra.Command{
		Use: use + " INDEX_ID", Short: short, Example: "  vvx automation " + use + " idx_archive", Args: cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			return a.automated(ctx, args[0], func(c *client.Client) (*client.Automation, error) { return ask(c.Automations, ctx, args[0]) })
		}),
	}
}

// automated asks about an automation and shows it.
func (a *app) automated(ctx context.Context, index string, ask func(*client.Client) (*client.Automation, error)) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	automation, err := ask(c)
	if err != nil {
		return orStopped(ctx, err, `it may have been done: "vvx automation get %s" shows it`, index)
	}
	return a.emit(automation, func(w io.Writer) error {
		state := "active"
		switch {
		case !automation.Enabled:
			state = "disabled"
		case automation.Paused:
			state = "paused"
		}
		return describe(w,
			field{"index", index}, field{"state", state}, field{"connector", automation.DestinationConnectorID},
			field{"subpath", automation.DestinationSubpath}, field{"debounce", automation.DebounceInterval},
			field{"next export", stamp(automation.WindowEndsAt)}, field{"last run noted", stamp(automation.LastTriggeredAt)},
			field{"last export", automation.LastExportID}, field{"last error", automation.LastError})
	})
}

func (a *app) setAutomationCommand() *cobra.Command {
	var s client.Automation
	var disabled bool
	cmd := &cobra.Command{
		Use:   "set INDEX_ID",
		Short: "Save an index's automation, in place of any other",
		Long: `set saves the automation of an index as the flags say; what isn't given has its default. When a run of the index
finishes, runs are gathered for a while; then one export of the whole index is made and delivered, and latest.json at the
destination names it.`,
		Example: `  vvx automation set idx_archive --connector conn_export --subpath nightly --debounce 1h`,
		Args:    cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			s.Enabled = !disabled
			return a.automated(ctx, args[0], func(c *client.Client) (*client.Automation, error) { return c.Automations.Save(ctx, args[0], s) })
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&s.DestinationConnectorID, "connector", "", "deliver to the connector `ID`")
	flags.StringVar(&s.DestinationSubpath, "subpath", "", "`PATH` below the connector's base path")
	flags.StringVar(&s.DebounceInterval, "debounce", "", "gather runs for this `TIME`: 5m, 10m, 1h or 1d (5m unless given)")
	flags.BoolVar(&s.Paused, "paused", false, "save it paused")
	flags.BoolVar(&disabled, "disabled", false, "save it disabled")
	require(cmd, "connector")
	return cmd
}
