package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

func (r *Repository) object(sum string) string {
	return filepath.Join(r.path, objectsDir, sum[:2], sum)
}

// put stores a file's content, unless it is there, and returns what to find it by.
func (r *Repository) put(path string) (size int64, sum string, err error) {
	from, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer from.Close()
	if size, sum, err = pour(io.Discard, from); err != nil || r.has(sum, size) {
		return size, sum, err
	}
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return 0, "", err
	}
	to, err := os.CreateTemp(filepath.Join(r.path, objectsDir), "new-")
	if err != nil {
		return 0, "", err
	}
	size, sum, err = pour(to, from)
	if err = errors.Join(err, to.Sync(), to.Close()); err == nil {
		return size, sum, r.adopt(to.Name(), sum)
	}
	return 0, "", errors.Join(err, os.Remove(to.Name()))
}

// has reports whether an object is there. What became of its content since is found
// when it is checked.
func (r *Repository) has(sum string, size int64) bool {
	info, err := os.Stat(r.object(sum))
	return err == nil && info.Size() == size
}

// sumOf returns the size and SHA-256 of a file.
func sumOf(path string) (int64, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	return pour(io.Discard, f)
}

// pour copies and returns size and SHA-256 of what was copied.
func pour(to io.Writer, from io.Reader) (int64, string, error) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, h), from)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// adopt makes a file within the repository, which is durable already, an object.
func (r *Repository) adopt(path, sum string) error {
	name := r.object(sum)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	if err := os.Rename(path, name); err != nil {
		return err
	}
	return errors.Join(syncDir(filepath.Dir(name)), syncDir(filepath.Dir(filepath.Dir(name))))
}

// get copies an object into a home, durably, and checks it on the way.
func (r *Repository) get(f *File, home string) error {
	from, err := os.Open(r.object(f.SHA256))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the content of %s is missing: %s", ErrDamaged, f.Path, r.object(f.SHA256))
	}
	if err != nil {
		return err
	}
	defer from.Close()
	path := filepath.Join(home, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode)
	if err != nil {
		return err
	}
	size, sum, err := pour(to, from)
	if err == nil {
		err = f.compare(r, size, sum)
	}
	return errors.Join(err, to.Sync(), to.Close())
}

// check reads an object.
func (r *Repository) check(f *File) error {
	from, err := os.Open(r.object(f.SHA256))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the content of %s is missing: %s", ErrDamaged, f.Path, r.object(f.SHA256))
	}
	if err != nil {
		return err
	}
	defer from.Close()
	size, sum, err := pour(io.Discard, from)
	if err != nil {
		return err
	}
	return f.compare(r, size, sum)
}

func (f *File) compare(r *Repository, size int64, sum string) error {
	switch {
	case size != f.Size:
		return fmt.Errorf("%w: the content of %s has %d bytes, had %d: %s", ErrDamaged, f.Path, size, f.Size, r.object(f.SHA256))
	case sum != f.SHA256:
		return fmt.Errorf("%w: the content of %s has changed, its SHA-256 is %s: %s", ErrDamaged, f.Path, sum, r.object(f.SHA256))
	}
	return nil
}
