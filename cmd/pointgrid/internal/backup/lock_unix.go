//go:build unix

package backup

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock takes the advisory lock of a file until the file is closed: alone, or, when
// shared, together with others who only read.
func lock(f *os.File, shared bool) error {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%s is locked: another backup or restore is under way", f.Name())
	}
	return os.NewSyscallError("flock", err)
}
