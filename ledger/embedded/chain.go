package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
)

const (
	segmentSuffix = ".blk"
	// segmentSize is from when on a segment is not added to.
	segmentSize = 64 << 20
	// markEvery is how many blocks lie between two marks: a reader that looks for
	// a block reads at most so many to find it.
	markEvery = 128
)

// chain is the blocks on disk: append-only segment files. One goroutine appends;
// any number read what was published.
type chain struct {
	folder *folder
	disk   disk
	roll   int64 // size from which a new segment is begun

	file    file // of the last segment, nil before the first append
	segment int  // number of the last segment, from 1; 0 before the first
	size    int64
	end     position // of everything written
	at      int64    // time of the last block
	buf     []byte

	mu        sync.Mutex
	marks     []mark
	published uint64        // height that readers may see
	changed   chan struct{} // closed when that changes; nil while nobody waits
}

// position is how far a ledger has come.
type position struct {
	height  uint64      // number of blocks
	hash    ledger.Hash // of the last block
	batches uint64      // number of the next batch; zero where only blocks count
}

// mark is where a block begins.
type mark struct {
	block   uint64
	segment int
	offset  int64
}

func segmentName(n int) string { return path.Join(blocksDir, fmt.Sprintf("%06d%s", n, segmentSuffix)) }

// append writes a block behind the last and returns the bytes it took. It sets
// the block's place in the chain; [chain.sync] must follow. After an error
// nothing may be appended any more: what is on disk is not known.
func (c *chain) append(b *Block) (int, error) {
	b.Number, b.Previous = c.end.height, c.end.hash
	c.buf = appendFrame(c.buf[:0], b)
	if c.file == nil || c.size >= c.roll {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	if n, err := c.file.Write(c.buf); err != nil {
		return 0, fmt.Errorf("%d of %d bytes written to %s: %w", n, len(c.buf), segmentName(c.segment), err)
	}
	return len(c.buf), nil
}

// sync makes the block appended last durable.
func (c *chain) sync(b *Block) error {
	if err := c.file.Sync(); err != nil {
		return fmt.Errorf("%s: %w", segmentName(c.segment), err)
	}
	c.note(b, c.segment, c.size)
	c.size += int64(len(c.buf))
	return nil
}

// next opens the last segment for appending, or begins a new one when that is full.
func (c *chain) next() error {
	if c.segment == 0 || c.size >= c.roll {
		if c.file != nil {
			if err := c.file.Close(); err != nil {
				return err
			}
		}
		c.segment, c.size = c.segment+1, 0
	}
	name := c.folder.file(segmentName(c.segment))
	f, err := c.disk.open(name)
	if err != nil {
		return err
	}
	c.file = f
	return c.disk.syncDir(filepath.Dir(name))
}

// note takes a block into account that stands at a place.
func (c *chain) note(b *Block, segment int, offset int64) {
	c.end, c.at = position{height: b.Number + 1, hash: b.Hash}, b.At
	if b.Number%markEvery == 0 {
		c.mu.Lock()
		c.marks = append(c.marks, mark{b.Number, segment, offset})
		c.mu.Unlock()
	}
}

// publish lets readers see all blocks written so far.
func (c *chain) publish() {
	c.mu.Lock()
	c.published = c.end.height
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
	c.mu.Unlock()
}

// watch returns the published height and what is closed when it changes.
func (c *chain) watch() (uint64, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.published, c.changed
}

func (c *chain) close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}

// from returns the last mark at or before a block, and the published height.
func (c *chain) from(block uint64) (mark, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if block >= c.published {
		return mark{}, c.published
	}
	return c.marks[block/markEvery], c.published
}

// read calls visit for the published blocks from a number on, in order, and
// stops at the first error, which it returns. What visit gets is valid until it
// returns.
func (c *chain) read(from uint64, visit func(header) error) error {
	m, height := c.from(from)
	if from >= height {
		return nil
	}
	next := m.block
	for segment, offset := m.segment, m.offset; next < height; segment, offset = segment+1, 0 {
		err := readSegment(c.folder, segment, offset, func(h header, at int64) error {
			if h.Number != next {
				return damagedBlock(segmentName(segment), next, at, fmt.Sprintf("is block %d", h.Number))
			}
			next++
			if h.Number >= from {
				if err := visit(h); err != nil {
					return err
				}
			}
			if next == height {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return named(err, segmentName(segment), next)
		}
	}
	return nil
}

// errEnough ends the reading of a segment early.
var errEnough = errors.New("enough")

// readSegment calls visit for every block of a segment from an offset on. It
// returns a *frameError for a frame that is not whole or a block that cannot be
// read, and stops at the first error.
func readSegment(f *folder, segment int, offset int64, visit func(header, int64) error) error {
	file, err := os.Open(f.file(segmentName(segment)))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	for frames := newFrames(file, offset); ; {
		at := frames.offset
		bytes, hash, err := frames.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		h, err := annals.Read(bytes, hash)
		if err != nil {
			return &frameError{offset: at, end: frames.offset, whole: true, what: err.Error()}
		}
		if err := visit(h, at); err != nil {
			return err
		}
	}
}

// named turns a frame that cannot be read into damage with its place.
func named(err error, file string, block uint64) error {
	var bad *frameError
	if errors.As(err, &bad) {
		return damagedBlock(file, block, bad.offset, bad.what)
	}
	return err
}

// segments returns how many segments a folder has. It returns damage when one
// is missing or something else is among them.
func (f *folder) segments() (int, error) {
	entries, err := os.ReadDir(f.file(blocksDir))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, damagedFile(blocksDir, "missing")
	}
	for i, e := range entries {
		if want := segmentName(i + 1); path.Join(blocksDir, e.Name()) != want {
			return 0, damagedFile(path.Join(blocksDir, e.Name()), "found where %s should be", want)
		}
	}
	return len(entries), err
}
