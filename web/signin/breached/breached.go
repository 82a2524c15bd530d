// Package breached looks passwords up in a list of stolen ones, such as Have I Been
// Pwned publishes for download: lines of the SHA-1 of a password in hexadecimal digits,
// ascending, each followed by a colon and how often it was seen.
//
// It promises to find what is in the list with a few reads of a file that may have tens
// of gigabytes, and to tell nobody outside what was looked up. SHA-1 is the list's and
// protects nothing here.
package breached

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the list's format; nothing is protected by it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// List is an open list. It may be used by many goroutines.
type List struct {
	file *os.File
	size int64
}

// lineMax bounds a line in bytes: 40 digits, a colon, a count and its end.
const lineMax = 128

const digits = 2 * sha1.Size

var errFormat = errors.New("breached: not a list of SHA-1 in hexadecimal digits, ascending")

// Open opens a list and looks at its first line. Whoever opens it closes it.
func Open(path string) (*List, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("breached: %w", err)
	}
	l := &List{file: f}
	info, err := f.Stat()
	if err == nil {
		l.size = info.Size()
		_, _, err = l.lineAt(0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("breached: %s: %w", path, err), f.Close())
	}
	return l, nil
}

// Close closes the file.
func (l *List) Close() error { return l.file.Close() }

// Has reports whether a password is in the list.
func (l *List) Has(password string) (bool, error) {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the package's documentation
	want := bytes.ToUpper(hex.AppendEncode(nil, sum[:]))
	low, high := int64(0), l.size // the line, if there is one, begins in between
	for low < high {
		middle := low + (high-low)/2
		begin, line, err := l.lineFrom(middle)
		if err != nil {
			return false, err
		}
		switch {
		case line == nil || bytes.Compare(line, want) > 0:
			high = middle
		case bytes.Equal(line, want):
			return true, nil
		default:
			low = begin + 1
		}
	}
	return false, nil
}

// lineFrom returns the first line that begins at an offset or after it; nil at the end.
func (l *List) lineFrom(offset int64) (begin int64, hash []byte, err error) {
	if offset == 0 {
		return l.lineAt(0)
	}
	before := make([]byte, lineMax)
	n, err := l.file.ReadAt(before, offset-1)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, nil, fmt.Errorf("breached: %w", err)
	}
	end := bytes.IndexByte(before[:n], '\n')
	begin = offset + int64(end)
	switch {
	case end < 0 && n == lineMax:
		return 0, nil, errFormat
	case end < 0 || begin >= l.size:
		return l.size, nil, nil
	}
	return l.lineAt(begin)
}

func (l *List) lineAt(begin int64) (int64, []byte, error) {
	hash := make([]byte, digits)
	if n, err := l.file.ReadAt(hash, begin); n < digits {
		if errors.Is(err, io.EOF) {
			err = errFormat
		}
		return 0, nil, err
	}
	hash = bytes.ToUpper(hash)
	if _, err := hex.Decode(make([]byte, sha1.Size), hash); err != nil {
		return 0, nil, errFormat
	}
	return begin, hash, nil
}
