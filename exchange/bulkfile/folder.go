package bulkfile

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

var errNotExist = fs.ErrNotExist

// folder is where contents and results lie, with a count of what they take up.
type folder struct {
	root *os.Root
	max  int64 // bytes
	used atomic.Int64
}

func content(id ledger.ID) string { return id.String() + ".content" }
func results(id ledger.ID) string { return id.String() + ".results" }

// measure counts what is there.
func (d *folder) measure() error {
	all, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return err
	}
	var sum int64
	for _, entry := range all {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		sum += info.Size()
	}
	d.used.Store(sum)
	return nil
}

// size is that of a file; one that is not there has none.
func (d *folder) size(name string) (int64, error) {
	info, err := d.root.Stat(name)
	switch {
	case errors.Is(err, errNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return info.Size(), nil
}

// remove removes a file, if it is there.
func (d *folder) remove(name string) error {
	size, err := d.size(name)
	if err != nil {
		return err
	}
	err = d.root.Remove(name)
	if errors.Is(err, errNotExist) {
		return nil
	}
	if err == nil {
		d.used.Add(-size)
	}
	return err
}

// spacePause is when to come back to a folder that is full.
const spacePause = 5 * time.Minute

func full() error { return &exchange.Busy{What: "the space for files", RetryAfter: spacePause} }

// metered writes to a file and counts it. With a bound it refuses what the folder
// has no room for, whatever part of it the disk took.
type metered struct {
	folder *folder
	file   *os.File
	bound  bool
}

func (m metered) Write(p []byte) (int, error) {
	if used := m.folder.used.Add(int64(len(p))); m.bound && used > m.folder.max {
		m.folder.used.Add(-int64(len(p)))
		return 0, full()
	}
	n, err := m.file.Write(p)
	m.folder.used.Add(int64(n - len(p)))
	if errors.Is(err, syscall.ENOSPC) {
		err = errors.Join(full(), err)
	}
	return n, err
}
