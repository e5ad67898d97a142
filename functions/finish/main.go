// Command finish writes the completed state.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.Finish, boot.PerAccount, boot.Records)
}
