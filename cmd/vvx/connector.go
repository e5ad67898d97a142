package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
)

func (a *app) connectorCommand() *cobra.Command {
	return group("connector", "Keep connectors to your own buckets",
		group("create", "Make a connector", a.createS3Command(), a.createGCSCommand(), a.createAzureCommand()),
		a.listConnectorsCommand(), a.getConnectorCommand(), a.testConnectorCommand(), a.browseCommand(),
		a.updateConnectorCommand(), a.deleteConnectorCommand())
}

// onConnector makes a command about one connector.
func (a *app) onConnector(use, short, example string, do func(ctx context.Context, c *client.Client, id string) error) *cobra.Command {
	return &cobra.Command{
		Use: use + " CONNECTOR_ID", Short: short, Example: example, Args: cobra.ExactArgs(1),
		RunE: runs(func(ctx context.Context, args []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			return do(ctx, c, args[0])
		}),
	}
}

func (a *app) listConnectorsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List connectors", Example: "  vvx connector list", Args: cobra.NoArgs,
		RunE: runs(func(ctx context.Context, _ []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			all, err := c.Connectors.List(ctx)
			if err != nil {
				return err
			}
			return a.showConnectors(all)
		}),
	}
}

func (a *app) showConnectors(all []*client.Connector) error {
	if !a.global.json {
		var rows [][]string
		for _, c := range all {
			rows = append(rows, []string{c.ID, c.Name, c.Provider, c.Status, strings.Join(c.Scopes, ","), c.Bucket + c.Container})
		}
		return table(a.out, "CONNECTOR NAME PROVIDER STATUS SCOPES BUCKET", rows)
	}
	for _, c := range all {
		if err := a.emit(c.RawJSON(), nil); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) getConnectorCommand() *cobra.Command {
	return a.onConnector("get", "Show a connector", "  vvx connector get conn_export", func(ctx context.Context, c *client.Client, id string) error {
		connector, err := c.Connectors.Retrieve(ctx, id)
		if err != nil {
			return err
		}
		return a.showConnector(connector)
	})
}

func (a *app) showConnector(c *client.Connector) error {
	return a.emit(c.RawJSON(), func(w io.Writer) error {
		tested := strings.TrimSpace(stamp(c.LastTestedAt) + " " + c.LastTestResult)
		return describe(w,
			field{"connector", c.ID}, field{"name", c.Name}, field{"provider", c.Provider}, field{"status", c.Status},
			field{"scopes", strings.Join(c.Scopes, ", ")}, field{"bucket", c.Bucket}, field{"region", c.Region},
			field{"storage account", c.StorageAccount}, field{"container", c.Container}, field{"project", c.GCPProjectID},
			field{"role", c.RoleARN}, field{"external id", c.ExternalID}, field{"base path", c.ExportBasePath}, field{"import mode", c.ImportMode}, field{"created", stamp(c.CreatedAt)},
			field{"tested", tested}, field{"test error", c.LastTestError})
	})
}

func (a *app) testConnectorCommand() *cobra.Command {
	return a.onConnector("test", "Try a connector; one that doesn't work is a failure", "  vvx connector test conn_export", func(ctx context.Context, c *client.Client, id string) error {
		result, err := c.Connectors.Test(ctx, id)
		if err != nil {
			return err
		}
		err = a.emit(result, func(w io.Writer) error {
			if !result.Success {
				return nil // the failure says it
			}
			_, err := fmt.Fprintf(w, "%s works\n", cell(id))
			return err
		})
		if err == nil && !result.Success {
			err = fmt.Errorf("connector %s does not work: %s", id, result.ErrorMessage)
		}
		return err
	})
}

func (a *app) browseCommand() *cobra.Command {
	var p client.BrowseParams
	var recursive bool
	var cmd *cobra.Command
	cmd = a.onConnector("browse", "List files in a connector's bucket",
		"  vvx connector browse conn_export --prefix footage/ --pattern '*.{mp4,mov}' --limit 20",
		func(ctx context.Context, c *client.Client, id string) error {
			if cmd.Flags().Changed("recursive") {
				p.Recursive = &recursive
			}
			files, err := c.Connectors.Browse(ctx, id, p)
			if err != nil {
				return err
			}
			return a.showFiles(files)
		})
	flags := cmd.Flags()
	flags.StringVar(&p.Prefix, "prefix", "", "only below the `PREFIX`")
	flags.StringVar(&p.Pattern, "pattern", "", "only names that match the `GLOB`")
	flags.BoolVar(&recursive, "recursive", true, "also in folders below")
	flags.IntVar(&p.Limit, "limit", 0, "at most `N`; 0 leaves it to the API")
	return cmd
}

func (a *app) showFiles(files []client.File) error {
	if !a.global.json {
		var rows [][]string
		for _, f := range files {
			rows = append(rows, []string{f.Path, size(f.SizeBytes), f.LastModified})
		}
		return table(a.out, "PATH SIZE MODIFIED", rows)
	}
	for _, f := range files {
		if err := a.emit(f, nil); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) deleteConnectorCommand() *cobra.Command {
	return a.onConnector("delete", "Remove a connector; needs a key of scope admin", "  vvx connector delete conn_old", func(ctx context.Context, c *client.Client, id string) error {
		if err := c.Connectors.Delete(ctx, id); err != nil {
			return err
		}
		return a.emit(map[string]any{"connector_id": id, "deleted": true}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s is removed\n", cell(id))
			return err
		})
	})
}
