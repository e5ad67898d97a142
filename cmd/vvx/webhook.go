package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
)

func (a *app) webhookCommand() *cobra.Command {
	return group("webhook", "Have an address told of the ends of exports",
		a.createWebhookCommand(), a.listWebhooksCommand(), a.getWebhookCommand(), a.updateWebhookCommand(), a.testWebhookCommand(),
		a.rotateWebhookCommand(), a.deleteWebhookCommand(), a.deliveriesCommand(), a.deliveryCommand(), a.retryCommand())
}

// webhookFlags are what a webhook is made of.
type webhookFlags struct {
	name, url, metadata, status string
	events, indexes             []string
}

func (f *webhookFlags) declare(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "`NAME` of 1 to 100 characters")
	flags.StringVar(&f.url, "url", "", "https `URL` of the receiver")
	flags.StringArrayVar(&f.events, "event", nil, "`EVENT` export.ready or export.failed; may be given again")
	flags.StringArrayVar(&f.indexes, "index", nil, "only exports of this index, by its `ID`; may be given again")
	flags.StringVar(&f.metadata, "metadata", "", "a `JSON` object that comes with every event")
}

func (a *app) createWebhookCommand() *cobra.Command {
	var f webhookFlags
	var key, secretOut string
	cmd := &cobra.Command{
		Use: "create", Short: "Make a webhook and keep its secret in a file", Args: cobra.NoArgs,
		Example: `  vvx webhook create --name "Archive" --url https://example.com/hooks --event export.ready --secret-out webhook.secret`,
	}
	cmd.RunE = runs(func(ctx context.Context, _ []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		return a.withSecret(secretOut, func() (client.Secret, error) {
			w, err := c.Webhooks.Create(ctx, client.CreateWebhookParams{
				Name: f.name, URL: f.url, Events: f.events, IndexIDs: f.indexes, Metadata: orNil(f.metadata), IdempotencyKey: key,
			})
			if err != nil {
				return "", orStopped(ctx, err, `it may have been made: "vvx webhook list" shows it`)
			}
			return w.Secret, a.showWebhook(w)
		})
	})
	f.declare(cmd)
	cmd.Flags().StringVar(&key, "idempotency-key", "", "the same `KEY` with the same webhook makes one")
	declareSecretOut(cmd, &secretOut)
	return cmd
}

func declareSecretOut(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "secret-out", "", "write the secret to a new `FILE` that only you can read; it isn't shown again")
}

func orNil(metadata string) json.RawMessage {
	if metadata == "" {
		return nil
	}
	return json.RawMessage(metadata)
}

func (a *app) listWebhooksCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List webhooks", Example: "  vvx webhook list", Args: cobra.NoArgs,
		RunE: runs(func(ctx context.Context, _ []string) error {
			c, err := a.connect()
			if err != nil {
				return err
			}
			all, err := c.Webhooks.List(ctx)
			if err != nil {
				return err
			}
			if !a.global.json {
				var rows [][]string
				for _, w := range all {
					rows = append(rows, []string{w.ID, w.Name, w.Status, strings.Join(w.Events, ","), w.URL})
				}
				return table(a.out, "WEBHOOK NAME STATUS EVENTS URL", rows)
			}
			for _, w := range all {
				if err := a.emit(w.RawJSON(), nil); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

// onWebhook makes a command about one webhook.
func (a *app) onWebhook(use, short, example string, do func(ctx context.Context, c *client.Client, id string) error) *cobra.Command {
	cmd := a.onConnector(use, short, example, do)
	cmd.Use = use + " WEBHOOK_ID"
	return cmd
}

func (a *app) getWebhookCommand() *cobra.Command {
	return a.onWebhook("get", "Show a webhook", "  vvx webhook get wh_01kx…", func(ctx context.Context, c *client.Client, id string) error {
		w, err := c.Webhooks.Retrieve(ctx, id)
		if err != nil {
			return err
		}
		return a.showWebhook(w)
	})
}

// showWebhook shows all but the secret.
func (a *app) showWebhook(w *client.Webhook) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(w.RawJSON(), &raw); err != nil {
		return err
	}
	delete(raw, "secret")
	return a.emit(raw, func(out io.Writer) error {
		indexes := strings.Join(w.IndexIDs, ", ")
		if len(w.IndexIDs) == 0 {
			indexes = "all"
		}
		metadata := string(w.Metadata)
		if metadata == "null" {
			metadata = ""
		}
		return describe(out,
			field{"webhook", w.ID}, field{"name", w.Name}, field{"url", w.URL}, field{"status", w.Status}, field{"events", strings.Join(w.Events, ", ")},
			field{"indexes", indexes}, field{"metadata", metadata}, field{"failures", strconv.Itoa(w.FailureCount)},
			field{"last success", stamp(w.LastSuccessAt)}, field{"last failure", stamp(w.LastFailureAt)}, field{"created", stamp(w.CreatedAt)})
	})
}

func (a *app) updateWebhookCommand() *cobra.Command {
	var f webhookFlags
	var allIndexes bool
	var cmd *cobra.Command
	cmd = a.onWebhook("update", "Change a webhook; what isn't given stays as it is", "  vvx webhook update wh_01kx… --status paused",
		func(ctx context.Context, c *client.Client, id string) error {
			p, given := f.changes(cmd.Flags().Changed, allIndexes)
			if !given {
				return misuse("there is nothing to change; \"vvx webhook update --help\" lists what can be")
			}
			w, err := c.Webhooks.Update(ctx, id, p)
			if err != nil {
				return orStopped(ctx, err, `it may have been changed: "vvx webhook get %s" shows it`, id)
			}
			return a.showWebhook(w)
		})
	f.declare(cmd)
	cmd.Flags().StringVar(&f.status, "status", "", "`STATUS` active or paused")
	cmd.Flags().BoolVar(&allIndexes, "all-indexes", false, "tell of exports of every index again")
	return cmd
}

// changes are the flags that were given.
func (f webhookFlags) changes(given func(string) bool, allIndexes bool) (p client.UpdateWebhookParams, any bool) {
	for flag, to := range map[string]struct {
		value string
		field **string
	}{"name": {f.name, &p.Name}, "url": {f.url, &p.URL}, "status": {f.status, &p.Status}} {
		if given(flag) {
			*to.field, any = &to.value, true
		}
	}
	if given("event") {
		p.Events, any = &f.events, true
	}
	if given("index") || allIndexes {
		p.IndexIDs, any = &f.indexes, true
		if allIndexes {
			p.IndexIDs = &[]string{}
		}
	}
	if given("metadata") {
		p.Metadata, any = orNil(f.metadata), true
	}
	return p, any
}

func (a *app) testWebhookCommand() *cobra.Command {
	return a.onWebhook("test", "Send a test; a receiver that doesn't take it is a failure", "  vvx webhook test wh_01kx…", func(ctx context.Context, c *client.Client, id string) error {
		result, err := c.Webhooks.Test(ctx, id)
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
			err = fmt.Errorf("webhook %s does not work: %s", id, result.Error)
		}
		return err
	})
}

func (a *app) rotateWebhookCommand() *cobra.Command {
	var secretOut string
	cmd := a.onWebhook("rotate-secret", "Replace a webhook's secret at once", "  vvx webhook rotate-secret wh_01kx… --secret-out new.secret", func(ctx context.Context, c *client.Client, id string) error {
		return a.withSecret(secretOut, func() (client.Secret, error) {
			secret, err := c.Webhooks.RotateSecret(ctx, id)
			if err != nil {
				return "", orStopped(ctx, err, "it may have been replaced: rotate again, since nobody knows the new one")
			}
			return secret, a.emit(map[string]any{"webhook_id": id, "rotated": true}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s has a new secret, in %s\n", cell(id), secretOut)
				return err
			})
		})
	})
	declareSecretOut(cmd, &secretOut)
	return cmd
}

func (a *app) deleteWebhookCommand() *cobra.Command {
	return a.onWebhook("delete", "Remove a webhook; needs a key of scope admin", "  vvx webhook delete wh_01kx…", func(ctx context.Context, c *client.Client, id string) error {
		if err := c.Webhooks.Delete(ctx, id); err != nil {
			return err
		}
		return a.emit(map[string]any{"webhook_id": id, "deleted": true}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s is removed\n", cell(id))
			return err
		})
	})
}
