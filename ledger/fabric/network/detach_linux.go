package network

import (
	"os/exec"
	"syscall"
)

// detach keeps a terminal's interrupt from the child. Attached, the kernel ends
// it when this process dies; otherwise it lives on.
func detach(c *exec.Cmd, attached bool) {
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if attached {
		c.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
}
