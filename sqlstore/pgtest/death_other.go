//go:build !linux

package pgtest

import "syscall"

// dieWithParent has no equal here: a test that is killed leaves its server.
func dieWithParent(*syscall.SysProcAttr) {}
