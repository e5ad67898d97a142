// Command package streams results into the export's document.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.Package, boot.PerAccount, boot.Records, boot.Artifacts, boot.Results)
}
