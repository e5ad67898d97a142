// Command manage-webhook creates, shows, changes, tests and removes webhooks, and shows their deliveries.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.ManageWebhook, boot.Records, boot.Keys, boot.PerAccount, boot.Webhooks)
}
