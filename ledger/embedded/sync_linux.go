package embedded

import (
	"os"
	"syscall"
)

// syncData leaves out what a reader does not need, such as the time of the last
// change; the size is included.
func syncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
