//go:build !unix

package steps_test

import "time"

// processorTime is not known here, and not reported.
func processorTime() time.Duration { return 0 }
