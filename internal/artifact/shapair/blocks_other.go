//go:build !amd64 || purego

package shapair

const supported = false

var roundConstants [64]uint32

func blocks(_, _ *[8]uint32, _ []byte, _ *[64]uint32) { panic("shapair: not on this processor") }
