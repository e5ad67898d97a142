// Command read-export shows exports, lists them and mints download links; it also answers for /auth.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.ReadExport, boot.Records, boot.Keys, boot.PublicOrigin, boot.PerAccount, boot.Artifacts)
}
