// Command control-export cancels, retries and deletes exports.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.ControlExport, boot.Records, boot.Executions, boot.Limits, boot.Keys, boot.PerAccount, boot.Artifacts)
}
