// Command presign makes the export's presigned link.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.Presign, boot.PerAccount, boot.Records, boot.Artifacts)
}
