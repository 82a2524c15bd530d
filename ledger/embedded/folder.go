package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// What a ledger's folder holds.
const (
	blocksDir  = "blocks" // segments of blocks: the truth
	stateDir   = "state"  // Pebble, derived
	formatFile = "format" // version of all this; also carries the lock
	tipFile    = "tip"    // only of a stopped ledger: how far the blocks go
	sumsFile   = "sums"   // only of a stopped ledger: SHA-256 of every other file
)

const formatText = "pointgrid embedded ledger, format 1\n"

// folder is a ledger's folder, locked.
type folder struct {
	path string
	lock *os.File // the format file
}

// openFolder locks the folder of a ledger and makes it when it is missing or
// empty. It returns [ledger.ErrInUse] when another has it open.
func openFolder(path string, d disk) (*folder, error) {
	if err := os.MkdirAll(filepath.Join(path, blocksDir), 0o700); err != nil {
		return nil, err
	}
	if err := makeFormat(path, d); err != nil {
		return nil, err
	}
	return lockFolder(path, false)
}

// lockFolder locks a folder that exists.
func lockFolder(path string, shared bool) (*folder, error) {
	f, err := os.Open(filepath.Join(path, formatFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("embedded: folder %s holds no ledger: it has no file %s", path, formatFile)
	}
	if err != nil {
		return nil, err
	}
	if err = lock(f, path, shared); err == nil {
		err = checkFormat(path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &folder{path: path, lock: f}, nil
}

// makeFormat marks a new folder. One that holds blocks but no format file is
// not taken for a new one.
func makeFormat(path string, d disk) error {
	name := filepath.Join(path, formatFile)
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, dir := range []string{blocksDir, stateDir} {
		entries, err := os.ReadDir(filepath.Join(path, dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if len(entries) > 0 {
			return damagedFile(formatFile, "missing, though %s is not empty", dir)
		}
	}
	if err := writeFile(name, []byte(formatText)); err != nil {
		return err
	}
	return errors.Join(d.syncDir(path), d.syncDir(filepath.Dir(filepath.Clean(path))))
}

// checkFormat refuses a folder that another version of the program wrote.
func checkFormat(path string) error {
	b, err := os.ReadFile(filepath.Join(path, formatFile))
	if err != nil {
		return err
	}
	text := string(b)
	if text == formatText {
		return nil
	}
	if version, ok := strings.CutPrefix(text, "pointgrid embedded ledger, format "); ok && digits(strings.TrimSuffix(version, "\n")) {
		return fmt.Errorf("embedded: folder %s has format %s, this program knows format 1; use the program that wrote it",
			path, strings.TrimSuffix(version, "\n"))
	}
	return damagedFile(formatFile, "is not what this program or a later one writes")
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func (f *folder) file(names ...string) string {
	return filepath.Join(append([]string{f.path}, names...)...)
}

func (f *folder) close() error { return f.lock.Close() }

// files returns all files of the folder, relative and with slashes, but the
// file of sums.
func (f *folder) files() (names []string, err error) {
	err = filepath.WalkDir(f.path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(f.path, path)
		if name = filepath.ToSlash(name); name != sumsFile {
			names = append(names, name)
		}
		return err
	})
	return names, err
}
