package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// SmallDisk returns an empty folder on a disk of so many bytes of its own, which
// goes with the test. Where that is not permitted it skips the test, or fails it
// when POINTGRID_REQUIRE is "all".
func SmallDisk(t testing.TB, bytes int) string {
	t.Helper()
	const missing = "cannot mount a small disk: run the test as root, in a container with --cap-add SYS_ADMIN"
	dir, err := os.MkdirTemp("", "pgdisk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	err = syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("mode=0755,size=%d", bytes))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		if os.Getenv("POINTGRID_REQUIRE") == "all" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	folder := filepath.Join(dir, "disk")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}
