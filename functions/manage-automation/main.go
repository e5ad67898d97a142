// Command manage-automation shows, saves, pauses and resumes the export automations of indexes.
package main

import (
	"github.com/videovector/exports/internal/boot"
	"github.com/videovector/exports/internal/wiring"
)

func main() {
	boot.Run(wiring.ManageAutomation, boot.Records)
}
