package localgw

import "syscall"

// ofSandbox keeps a terminal's Ctrl-C from the process, and lets it not outlive this one.
func ofSandbox() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
