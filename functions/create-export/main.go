// Command create-export accepts exports of an index or a prompt run.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.CreateExport, boot.Records, boot.Executions, boot.Limits, boot.Keys, boot.PerAccount, boot.Samples)
}
