package reconcile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// A spill file is a sequence of runs, and a run one of blocks: the number of
// records, a CRC-32C over what follows, and the records.
const (
	blockRecords = 380
	blockHeader  = 8
	blockBytes   = blockHeader + blockRecords*recordBytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrSpill is wrapped by the errors for a spill file that does not hold what was
// written to it.
var ErrSpill = errors.New("reconcile: the spill file is damaged")

// ErrTooLarge is returned when the books need more room than they were given.
var ErrTooLarge = errors.New("reconcile: the books are larger than the spill file may become")

// spill is a file without a name.
type spill struct {
	file *os.File
	size int64
	max  int64
}

// run is a sorted stretch of a spill file.
type run struct{ at, end int64 }

func createSpill(dir string, limit int64) (*spill, error) {
	file, err := os.CreateTemp(dir, "reconcile-*.spill")
	if err != nil {
		return nil, fmt.Errorf("reconcile: spill file: %w", err)
	}
	// Where an open file cannot be removed, close does it.
	_ = os.Remove(file.Name())
	return &spill{file: file, max: limit}, nil
}

func (s *spill) close() error {
	if s == nil {
		return nil
	}
	err := s.file.Close()
	if gone := os.Remove(s.file.Name()); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// runWriter appends one run.
type runWriter struct {
	s     *spill
	begin int64
	n     int
	block [blockBytes]byte
}

func (w *runWriter) start() { w.begin, w.n = w.s.size, 0 }

func (w *runWriter) write(r *Record) error {
	r.put(w.block[blockHeader+w.n*recordBytes:])
	if w.n++; w.n < blockRecords {
		return nil
	}
	return w.flush()
}

func (w *runWriter) flush() error {
	if w.n == 0 {
		return nil
	}
	b := w.block[:blockHeader+w.n*recordBytes]
	binary.LittleEndian.PutUint32(b, uint32(w.n))
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[blockHeader:], castagnoli))
	if w.s.size+int64(len(b)) > w.s.max {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, w.s.max)
	}
	if _, err := w.s.file.WriteAt(b, w.s.size); err != nil {
		return fmt.Errorf("reconcile: spill file: %w", err)
	}
	w.s.size += int64(len(b))
	w.n = 0
	return nil
}

func (w *runWriter) end() (run, error) {
	err := w.flush()
	return run{w.begin, w.s.size}, err
}

// runReader reads one run.
type runReader struct {
	file    *os.File
	rest    run
	n, next int
	block   []byte
}

// read sets r to the next record; io.EOF is the end of the run.
func (d *runReader) read(r *Record) error {
	if d.next == d.n {
		if err := d.fill(); err != nil {
			return err
		}
	}
	r.get(d.block[blockHeader+d.next*recordBytes:])
	d.next++
	return nil
}

func (d *runReader) fill() error {
	if d.rest.at >= d.rest.end {
		return io.EOF
	}
	b := d.block[:min(blockBytes, d.rest.end-d.rest.at)]
	if _, err := d.file.ReadAt(b, d.rest.at); err != nil {
		return fmt.Errorf("%w: %w", ErrSpill, err)
	}
	n := int64(binary.LittleEndian.Uint32(b))
	size := blockHeader + n*recordBytes
	if n == 0 || size > int64(len(b)) || crc32.Checksum(b[blockHeader:size], castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return fmt.Errorf("%w: block at %d", ErrSpill, d.rest.at)
	}
	d.rest.at += size
	d.n, d.next = int(n), 0
	return nil
}
