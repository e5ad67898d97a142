// Command rotate-signing-key replaces the keys that sign download tokens and cursors; Secrets Manager calls it.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.RotateSigningKey, boot.KeyRotation)
}
