// Command send-events tells webhooks that exports have ended, until they have taken it.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.SendEvents, boot.Records, boot.PerAccount, boot.Webhooks)
}
