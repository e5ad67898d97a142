// Package boothook is the part of internal/boot that reaches webhooks. It has a package of its own since it brings the client
// of KMS, and most functions need none.
package boothook

import (
	"context"

	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/boot/bootseal"
	"github.com/videovector/exports/internal/ids"
	"github.com/videovector/exports/internal/webhook"
	"github.com/videovector/exports/internal/wiring"
)

// Webhooks makes webhooks and reaches them. Their secrets are sealed as connectors' are. A local service may let out to
// receivers on its own machine, WEBHOOK_ALLOW and so on.
func Webhooks(_ context.Context, e *boot.Env, p *wiring.Parts) error {
	sealer, err := bootseal.Sealer(e)
	if err != nil {
		return err
	}
	local, err := webhook.LocalFromEnvironment(e.Get)
	if err != nil {
		return err
	}
	if err := bootseal.LocalOnly(e, local.Environment()); err != nil {
		return err
	}
	p.Sealer, p.NewWebhookID, p.NewEventID, p.NewWebhookSecret, p.WebhookRetry = sealer, ids.NewWebhook, ids.NewEvent, webhook.NewSecret, local.Retry
	p.WebhookClient, err = local.Client()
	return err
}
