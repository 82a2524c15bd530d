//go:build unix

package embedded

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/pointgrid/pointgrid/ledger"
)

// lock takes the advisory lock of a file until the file is closed: alone, or,
// when shared, together with others who only read. It needs no right to write.
// It returns [ledger.ErrInUse] naming the folder.
func lock(f *os.File, dir string, shared bool) error {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%w: folder %s", ledger.ErrInUse, dir)
	}
	return os.NewSyscallError("flock", err)
}
