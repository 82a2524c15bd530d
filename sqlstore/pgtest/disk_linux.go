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
	folder, remove, err := MountDisk(bytes)
	if errors.Is(err, ErrNotPermitted) && os.Getenv("POINTGRID_REQUIRE") != "all" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// MountDisk returns an empty folder on a disk of so many bytes of its own, and what
// removes it. It returns [ErrNotPermitted].
func MountDisk(bytes int) (folder string, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "pgdisk")
	if err != nil {
		return "", nil, err
	}
	err = syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("mode=0755,size=%d", bytes))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		err = ErrNotPermitted
	}
	if err != nil {
		return "", nil, errors.Join(err, os.Remove(dir))
	}
	folder = filepath.Join(dir, "disk")
	remove = func() error { return errors.Join(syscall.Unmount(dir, syscall.MNT_DETACH), os.RemoveAll(dir)) }
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return folder, remove, nil
}
