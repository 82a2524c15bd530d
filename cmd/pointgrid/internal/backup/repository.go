package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

var (
	// ErrDamaged: something in a repository is missing or is not what was written.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrExposed: others than the owner can read what must stay secret.
	ErrExposed = errors.New("others can read it")
	// ErrNotEmpty: the folder that a backup is restored into has something in it.
	ErrNotEmpty = errors.New("the folder is not empty")
	// ErrNone: no backup is like the one that was asked for.
	ErrNone = errors.New("there is no such backup")
)

const (
	formatFile = "format"
	formatText = "pointgrid backups, format 1\n"
	objectsDir = "objects"
	backupsDir = "backups"
	ledgerDir  = "ledger"
	erasedFile = "erased"
)

// Repository is a folder of backups, locked.
type Repository struct {
	path string
	lock *os.File
}

// Create opens the repository in a folder for adding to it, and makes one when the
// folder is missing or empty.
func Create(path string) (*Repository, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, err
	}
	name := filepath.Join(path, formatFile)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		if err := empty(path); err != nil {
			return nil, fmt.Errorf("%s is no repository of backups: %w", path, err)
		}
		if err := writeFile(name, []byte(formatText)); err != nil {
			return nil, err
		}
	}
	for _, dir := range []string{objectsDir, backupsDir} {
		if err := os.MkdirAll(filepath.Join(path, dir), 0o700); err != nil {
			return nil, err
		}
	}
	return open(path, false)
}

// Open opens the repository in a folder for reading.
func Open(path string) (*Repository, error) { return open(path, true) }

func open(path string, shared bool) (*Repository, error) {
	f, err := os.Open(filepath.Join(path, formatFile))
	if err != nil {
		return nil, fmt.Errorf("%s is no repository of backups: %w", path, err)
	}
	b, err := os.ReadFile(f.Name())
	if err == nil && string(b) != formatText {
		err = fmt.Errorf("%s says %.40q, this program knows %q; use the program that wrote it", f.Name(), b, formatText)
	}
	if err == nil {
		err = lock(f, shared)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Repository{path: path, lock: f}, nil
}

// Close releases the repository.
func (r *Repository) Close() error { return r.lock.Close() }

// Ledger is the folder of the blocks.
func (r *Repository) Ledger() string { return filepath.Join(r.path, ledgerDir) }

// private refuses a file or folder that others can read or change.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o: %w; chmod go= %s", path, mode, ErrExposed, path)
	}
	return nil
}

// empty refuses a folder with something in it; one that is missing is empty.
func empty(path string) error {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%w: it has %s in it", ErrNotEmpty, entries[0].Name())
	}
	return err
}

// writeFile replaces a file as a whole, durably.
func writeFile(path string, content []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the entries of a folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
