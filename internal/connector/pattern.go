package connector

import (
	"regexp"
	"sync"
)

// pattern is an expression that is compiled when it is first asked for: most functions link this package and never ask,
// and compiling all of them would be a tenth of their start.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
