// Command deliver copies document and manifest to the customer's bucket.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/boot/bootconn"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.Deliver, boot.PerAccount, boot.Records, boot.Artifacts, bootconn.Connectors)
}
