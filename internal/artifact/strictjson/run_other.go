//go:build !amd64 || purego

package strictjson

const wide = false

func run([]byte, int) (at int, met bool) { return none, false }
