//go:build !linux

package kill

import "syscall"

// withParent: no other system can tell a process to die with this one.
func withParent() *syscall.SysProcAttr { return nil }
