// Command authorize checks the API key of every request that the gateway sends on.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.Authorize, boot.Records)
}
