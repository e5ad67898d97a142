package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/videovector/exports/client"
)

func (a *app) deliveriesCommand() *cobra.Command {
	var p client.ListDeliveriesParams
	cmd := a.onWebhook("deliveries", "List what a webhook was sent", "  vvx webhook deliveries wh_01kx… --status failed", func(ctx context.Context, c *client.Client, id string) error {
		all, err := c.Webhooks.Deliveries(ctx, id, p)
		if err != nil {
			return err
		}
		if !a.global.json {
			var rows [][]string
			for _, d := range all {
				rows = append(rows, []string{d.ID, d.EventType, d.Status, strconv.Itoa(d.Attempts), stamp(d.CreatedAt), d.ErrorMessage})
			}
			return table(a.out, "DELIVERY EVENT STATUS ATTEMPTS CREATED ERROR", rows)
		}
		for _, d := range all {
			if err := a.emit(d.RawJSON(), nil); err != nil {
				return err
			}
		}
		return nil
	})
	cmd.Flags().StringVar(&p.Status, "status", "", "only those in the `STATUS` pending, processing, retrying, delivered or failed")
	cmd.Flags().IntVar(&p.Limit, "limit", 0, "at most `N`; 0 leaves it to the API")
	return cmd
}

// onDelivery makes a command about one delivery.
func (a *app) onDelivery(use, short, example string, do func(ctx context.Context, c *client.Client, id string) (*client.Delivery, error)) *cobra.Command {
	cmd := a.onConnector(use, short, example, func(ctx context.Context, c *client.Client, id string) error {
		d, err := do(ctx, c, id)
		if err != nil {
			return err
		}
		return a.showDelivery(d)
	})
	cmd.Use = use + " DELIVERY_ID"
	return cmd
}

func (a *app) deliveryCommand() *cobra.Command {
	return a.onDelivery("delivery", "Show a delivery with what is sent", "  vvx webhook delivery dlv_01kx…", func(ctx context.Context, c *client.Client, id string) (*client.Delivery, error) {
		return c.Webhooks.Delivery(ctx, id)
	})
}

func (a *app) retryCommand() *cobra.Command {
	return a.onDelivery("retry", "Try a delivery again that was given up", "  vvx webhook retry dlv_01kx…", func(ctx context.Context, c *client.Client, id string) (*client.Delivery, error) {
		return c.Webhooks.RetryDelivery(ctx, id)
	})
}

func (a *app) showDelivery(d *client.Delivery) error {
	return a.emit(d.RawJSON(), func(w io.Writer) error {
		answer := ""
		if d.ResponseStatusCode != 0 {
			answer = strconv.Itoa(d.ResponseStatusCode) + " " + d.ResponseBody
		}
		return describe(w,
			field{"delivery", d.ID}, field{"webhook", d.WebhookID}, field{"event", d.EventType}, field{"event id", d.EventID}, field{"status", d.Status},
			field{"attempts", strconv.Itoa(d.Attempts)}, field{"last attempt", stamp(d.LastAttemptAt)}, field{"next attempt", stamp(d.NextRetryAt)},
			field{"answer", answer}, field{"error", d.ErrorMessage}, field{"payload", string(d.Payload)})
	})
}

// withSecret makes the file before it makes the secret, which can be had only once.
func (a *app) withSecret(file string, make func() (client.Secret, error)) error {
	if file == "" {
		return misuse("--secret-out FILE is needed: the secret isn't shown again")
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	secret, err := make()
	if secret == "" {
		return errors.Join(err, f.Close(), os.Remove(file))
	}
	_, written := f.WriteString(string(secret) + "\n")
	return errors.Join(err, written, f.Close())
}
