//go:build !unix

package parquetfile

import "time"

// processorTime is not known here, and not reported.
func processorTime() time.Duration { return 0 }
