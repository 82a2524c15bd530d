package embedded

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// sum is what a stopped ledger remembers of one file.
type sum struct {
	size int64
	hash ledger.Hash
}

// sums are those of every file of a folder, by name.
type sums map[string]sum

// writeSums writes the sums of all files. A table, which never changes, or a
// segment, which only grows, keeps its sum when earlier sums know it with the
// same size: it is not read again, and what has happened to it since is not
// taken for right.
func (f *folder) writeSums(earlier sums) error {
	names, err := f.files()
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, name := range names {
		s, err := f.sumAgain(name, earlier)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s %d %s\n", s.hash, s.size, name)
	}
	return writeFile(f.file(sumsFile), sealed(text.String()))
}

func (f *folder) sumAgain(name string, earlier sums) (sum, error) {
	if s, ok := earlier[name]; ok && (strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, segmentSuffix)) {
		info, err := os.Stat(f.file(name))
		if err != nil {
			return sum{}, err
		}
		if info.Size() == s.size {
			return s, nil
		}
	}
	return f.sum(name)
}

// sum reads a file.
func (f *folder) sum(name string) (sum, error) {
	file, err := os.Open(f.file(name))
	if err != nil {
		return sum{}, err
	}
	defer file.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(h, struct{ io.Reader }{file}, make([]byte, readSize))
	if err != nil {
		return sum{}, err
	}
	s := sum{size: n}
	h.Sum(s.hash[:0])
	return s, nil
}

// readSums returns the sums, or nil when there are none.
func (f *folder) readSums() (sums, error) {
	b, err := os.ReadFile(f.file(sumsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := unsealed(b)
	if err != nil {
		return nil, damagedFile(sumsFile, "%v", err)
	}
	all := sums{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		name, s, ok := parseSum(lines.Text())
		if !ok {
			return nil, damagedFile(sumsFile, "line %q is not hash, size and name", lines.Text())
		}
		all[name] = s
	}
	return all, nil
}

func parseSum(line string) (name string, s sum, ok bool) {
	parts := strings.SplitN(line, " ", 3)
	if len(parts) != 3 || len(parts[0]) != 64 {
		return "", sum{}, false
	}
	size, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return "", sum{}, false
	}
	_, err = hex.Decode(s.hash[:], []byte(parts[0]))
	s.size = size
	return parts[2], s, err == nil
}

// check compares a file with its sum and returns what differs, or nothing.
func (f *folder) check(name string, want sum) (string, error) {
	got, err := f.sum(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing", nil
	case err != nil:
		return "", err
	case got.size != want.size:
		return fmt.Sprintf("has %d bytes, had %d when the ledger was stopped", got.size, want.size), nil
	case got.hash != want.hash:
		return "is not what it was when the ledger was stopped: its SHA-256 differs", nil
	}
	return "", nil
}

// names returns the names in ascending order.
func (s sums) names() []string {
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
