// Command fail ends an attempt: another one, or the failed state.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.Fail, boot.PerAccount, boot.Records, boot.Artifacts)
}
