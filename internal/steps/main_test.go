package steps_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage collect: little of one trial lives on, and the collector would take more time than the trials. Some
// 100 MiB are in use then.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
