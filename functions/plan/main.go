// Command plan claims an export and freezes what it will hold.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.Plan, boot.PerAccount, boot.Records, boot.Artifacts, boot.Sizes)
}
