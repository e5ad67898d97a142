//go:build !linux

package localgw

import "syscall"

// ofSandbox keeps a terminal's Ctrl-C from the process.
func ofSandbox() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
