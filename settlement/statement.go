package settlement

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/paper"
)

// statement is a CSV file being written for one partner and window. It appears
// under its name only when it is complete.
type statement struct {
	name string // below the statements' folder
	path string
	file *os.File
	buf  *bufio.Writer
	csv  *paper.CSV
	sum  hash.Hash
}

func createStatement(dir string, h paper.Heading) (*statement, error) {
	day, code := h.Window.String(), h.Partner.Code
	folder := filepath.Join(dir, day)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(folder, code+".*.tmp")
	if err != nil {
		return nil, err
	}
	s := &statement{file: file, sum: sha256.New(), name: day + "/" + code + ".csv", path: filepath.Join(folder, code+".csv")}
	s.buf = bufio.NewWriterSize(io.MultiWriter(file, s.sum), 64<<10)
	if s.csv, err = paper.NewCSV(s.buf, h); err != nil {
		s.discard()
		return nil, err
	}
	return s, nil
}

// finish writes the totals, puts the file on disk and gives it its name.
func (s *statement) finish(p *ledger.Position) error {
	if err := s.csv.Close(p); err != nil {
		return err
	}
	return s.store()
}

func (s *statement) store() error {
	if err := s.buf.Flush(); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	if err := s.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(s.file.Name(), s.path); err != nil {
		return err
	}
	s.file = nil
	return syncFolder(filepath.Dir(s.path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (s *statement) digest() (h ledger.Hash) {
	s.sum.Sum(h[:0])
	return h
}

// discard removes the unfinished file; after finish it does nothing.
func (s *statement) discard() {
	if s.file == nil {
		return
	}
	// Nothing depends on these: the file has no name that anybody looks for.
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
	s.file = nil
}

// OpenStatement opens the statement of a settlement below a statements' folder.
// It returns [ErrNotFound] while there is none.
func OpenStatement(dir string, s *Settlement) (io.ReadCloser, error) {
	if s.File == "" {
		return nil, ErrNotFound
	}
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(s.File)))
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("%w: the file of statement %s is gone", ErrNotFound, s.ID)
	}
	return f, err
}
