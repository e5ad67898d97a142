//go:build !failpoints

package failpoint

import "time"

// Here is a place where the process may be killed.
func Here(string) {}

// Clock tells the time.
func Clock() func() time.Time { return time.Now }
