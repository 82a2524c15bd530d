//go:build unix && !linux

package network

import (
	"os/exec"
	"syscall"
)

// detach keeps a terminal's interrupt from the child.
func detach(c *exec.Cmd, _ bool) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
