// Command download-export streams a finished export to the holder of a key or of a link.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.DownloadExport, boot.Records, boot.Keys, boot.PerAccount, boot.Artifacts)
}
