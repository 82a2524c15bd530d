package embedded

import (
	"errors"
	"io"
	"os"
)

// disk is how the chain of blocks writes. Tests put a faulty one in its place.
type disk interface {
	// open opens a file for appending and creates it when missing.
	open(path string) (file, error)
	// truncate cuts a file and makes that durable.
	truncate(path string, size int64) error
	// syncDir makes the entries of a folder durable.
	syncDir(path string) error
}

type file interface {
	io.Writer
	// Sync makes what was written, and the file's size, durable.
	Sync() error
	Close() error
}

type realDisk struct{}

func (realDisk) open(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return realFile{f}, nil
}

func (realDisk) truncate(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Sync(), f.Close())
}

func (realDisk) syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type realFile struct{ *os.File }

func (f realFile) Sync() error { return syncData(f.File) }

// writeFile replaces a file as a whole, durably: after a crash it has the old
// content or the new, never a part.
func writeFile(path string, content []byte) error {
	temporary := path + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
