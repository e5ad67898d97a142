// Command sweep takes care of every export that no execution moves.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.Sweep, boot.Records, boot.Artifacts, boot.Executions, boot.Limits)
}
