// Command assemble commits the document and its manifest.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.Assemble, boot.PerAccount, boot.Joining, boot.Records, boot.Artifacts, boot.Results)
}
