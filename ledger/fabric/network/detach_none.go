//go:build !unix

package network

import "os/exec"

func detach(*exec.Cmd, bool) {}
