//go:build !purego

package strictjson

import "github.com/klauspost/cpuid/v2"

// wide tells that the processor has run's instructions.
var wide = cpuid.CPU.Supports(cpuid.AVX2)

// run gives the index of the first byte from i on that a string can't just pass over, and that it met one: a quote, a
// backslash or a control character. If fewer than 32 bytes are left before it meets one, it gives where it stopped, which
// may be in the midst of a rune. What lies between is UTF-8; if not, it gives none.
//
//go:noescape
func run(b []byte, i int) (at int, met bool)
