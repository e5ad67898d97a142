// Command run-automations makes exports of indexes whose runs have finished.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.RunAutomations, boot.Records, boot.Executions, boot.Limits)
}
