// Command manage-connector creates, shows, changes, tests, browses and removes connectors.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/boot/bootconn"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.ManageConnector, boot.Records, boot.Keys, boot.PerAccount, bootconn.Connectors)
}
