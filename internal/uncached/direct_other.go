//go:build !linux

package uncached

import (
	"errors"
	"os"
)

// openDirect fails: the way past the page cache is Linux's.
func openDirect(string) (*os.File, error) { return nil, errors.ErrUnsupported }
