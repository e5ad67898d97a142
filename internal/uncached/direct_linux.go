package uncached

import (
	"os"
	"syscall"
)

// openDirect opens the file for writes past the page cache. It fails where the file system has no such way.
func openDirect(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|syscall.O_DIRECT, 0) //nolint:gosec // G304: a file that the caller has just made
}
