package filetest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/pointgrid/pointgrid/sqlstore"
)

// Put writes the file of a store that is up to date and keeps nothing. There must be
// no file of the name.
func Put(path string) error {
	content, err := empty()
	if err != nil {
		return err
	}
	return write(path, content)
}

// empty makes the store once for all tests of a program, as any store is made.
var empty = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "filetest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "store.db")
	s, err := sqlstore.Open(context.Background(), sqlstore.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil { // folds the log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

func write(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
