package wiring

import (
	"context"

	"github.com/videovector/exports/internal/api"
	"github.com/videovector/exports/internal/apigw"
	"github.com/videovector/exports/internal/logattr"
	"github.com/videovector/exports/internal/seal"
	"github.com/videovector/exports/internal/stepfn"
	"github.com/videovector/exports/internal/store"
	"github.com/videovector/exports/internal/webhook"
)

// ManageWebhook serves every route of webhooks.
func ManageWebhook(p Parts) any {
	return apigw.Handler(p.fresh(api.ManageWebhook(api.HookConfig{
		Webhooks: p.Store, Sealer: p.Sealer, Keys: p.Keyring, Clock: p.Clock, Log: p.Log,
		NewID: p.NewWebhookID, NewEventID: p.NewEventID, NewSecret: p.NewWebhookSecret,
		Post: func(ctx context.Context, w store.Webhook, secret seal.Secret, m webhook.Message) webhook.Outcome {
			return webhook.Post(ctx, p.WebhookClient, w, secret, m, webhook.Patience)
		},
	})), p.Log)
}

// SendEvents is called by the pipe of exports that have ended, and by a schedule.
func SendEvents(p Parts) any {
	log := logattr.Logger(p.Log)
	f := webhook.Function{
		Publisher: webhook.Publisher{Records: p.Store, Object: api.ExportObject, Clock: p.Clock},
		Sender: webhook.Sender{
			Records: p.Store, Sealer: p.Sealer, Client: p.WebhookClient, Metrics: p.metrics(), Clock: p.Clock, Log: log, FirstRetry: p.WebhookRetry, Jitter: p.WebhookJitter,
		},
		Holds: &webhook.Holds{}, Due: p.Store, Clock: p.Clock, Log: log,
	}
	return stepfn.Handler(p.edge("send-events"), f.Handle)
}
