//go:build unix

package network

import (
	"errors"
	"os"
	"syscall"
)

// lock takes a lock on a file, exclusive or shared, for as long as it, or a copy
// of it that a child was given, is open. It returns false when somebody has it
// who does not share it.
func lock(f *os.File, exclusive bool) (bool, error) {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// ask has a process end, stop ends it at once, halt stops it where it is until
// resume.
func ask(pid int) error    { return syscall.Kill(pid, syscall.SIGTERM) }
func stop(pid int) error   { return syscall.Kill(pid, syscall.SIGKILL) }
func halt(pid int) error   { return syscall.Kill(pid, syscall.SIGSTOP) }
func resume(pid int) error { return syscall.Kill(pid, syscall.SIGCONT) }
