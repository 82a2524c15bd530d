package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/pointgrid/pointgrid/ledger"
)

// ErrDiverged: a copy has blocks that the ledger has not, so it is the copy of
// another ledger, or of one that was put back since.
var ErrDiverged = errors.New("embedded: the copy holds other blocks than the ledger")

// Extent is how far blocks go.
type Extent struct {
	Blocks uint64      // their number
	Hash   ledger.Hash // of the last one, and so of all
	At     int64       // time of the last one, milliseconds since 1970
}

// Copier keeps a copy of a ledger's blocks in another folder, which is the
// folder of a ledger itself: it can be verified and opened. The ledger may be
// open and written to meanwhile; what is not wholly written yet is left for the
// next time. Every block is checked on its way.
type Copier struct {
	from   string
	folder *folder // of the copy, locked
	disk   disk
	have   mark   // where the block after the copy's last begins
	copied Extent // what the copy has
	seen   mark   // where the block after the last that was looked at begins
	known  Extent // what the ledger had then
}

// OpenCopier opens the copy of the ledger in folder from that is kept in folder
// into, which is made when it is missing. It reads the copy, takes away what an
// earlier copying left half-written, and returns [ErrDiverged] when it is not
// the beginning of the ledger, [ledger.ErrDamaged] when stored bytes are not what
// was written, and [ledger.ErrInUse] when another copies into the same folder.
func OpenCopier(from, into string) (*Copier, error) {
	if _, err := os.Stat(filepath.Join(from, formatFile)); err != nil {
		return nil, fmt.Errorf("embedded: folder %s holds no ledger: %w", from, err)
	}
	if err := checkFormat(from); err != nil {
		return nil, err
	}
	f, err := openFolder(into, realDisk{})
	if err != nil {
		return nil, err
	}
	c := &Copier{from: from, folder: f, disk: realDisk{}}
	if err := c.start(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return c, nil
}

// start finds out what the copy has, and that the ledger has it, too.
func (c *Copier) start() error {
	copied, err := openChain(c.folder, c.disk, segmentSize, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	c.copied = Extent{Blocks: copied.end.height, Hash: copied.end.hash, At: copied.at}
	c.have = mark{block: copied.end.height, segment: max(copied.segment, 1), offset: copied.size}
	c.seen, c.known = c.have, c.copied
	if copied.end.height == 0 {
		return nil
	}
	begin, _ := copied.from(copied.end.height - 1)
	return c.same(begin)
}

// same compares the copy's last blocks, from a place on, with the ledger's.
func (c *Copier) same(from mark) error {
	end := Extent{}
	err := scanFrom(&folder{path: c.from}, from, false, func(h *header, _ mark, _ func() []byte) (bool, error) {
		end = Extent{Blocks: h.Number + 1, Hash: h.Hash, At: h.At}
		return h.Number+1 < c.copied.Blocks, nil
	})
	if err != nil && !errors.Is(err, errUnwritten) {
		return fmt.Errorf("%w: %w", ErrDiverged, err)
	}
	if end != c.copied {
		return fmt.Errorf("%w: block %d of the copy has the hash %s, and the ledger has %d blocks there, the last with %s; keep the copy, and begin another in an empty folder",
			ErrDiverged, c.copied.Blocks-1, c.copied.Hash, end.Blocks, end.Hash)
	}
	return nil
}

// Close releases the copy.
func (c *Copier) Close() error { return c.folder.close() }

// Copied is what the copy has.
func (c *Copier) Copied() Extent { return c.copied }

// Look returns what the ledger has now: every block that is wholly written. It
// reads only what came since the last time, so that a second look takes no time.
func (c *Copier) Look(ctx context.Context) (Extent, error) {
	if err := c.look(ctx); err != nil {
		return c.known, err
	}
	tip, err := (&folder{path: c.from}).readTip()
	if err != nil || tip == nil || tip.height <= c.known.Blocks {
		return c.known, err
	}
	// The ledger was stopped: nothing can be half-written any more.
	if err := c.look(ctx); err != nil {
		return c.known, err
	}
	if tip.height > c.known.Blocks {
		return c.known, damagedBlock(segmentName(c.seen.segment), c.known.Blocks, c.seen.offset,
			fmt.Sprintf("the block cannot be read, and the ledger was stopped after %d", tip.height))
	}
	return c.known, nil
}

func (c *Copier) look(ctx context.Context) error {
	err := scanFrom(&folder{path: c.from}, c.seen, false, func(h *header, next mark, _ func() []byte) (bool, error) {
		if err := h.Follows(c.known.Blocks, c.known.Hash); err != nil {
			return false, damagedBlock(segmentName(next.segment), h.Number, next.offset, err.Error())
		}
		c.seen, c.known = next, Extent{Blocks: h.Number + 1, Hash: h.Hash, At: h.At}
		return true, ctx.Err()
	})
	if errors.Is(err, errUnwritten) {
		return nil
	}
	return err
}

// Copy brings the copy up to a number of blocks, makes it durable and returns
// what it has. It returns [ledger.ErrNotFound] when the ledger has fewer. A copy
// that has more already stays as it is.
func (c *Copier) Copy(ctx context.Context, until uint64) (Extent, error) {
	if c.copied.Blocks >= until {
		return c.copied, nil
	}
	out := copied{folder: c.folder, disk: c.disk}
	err := scanFrom(&folder{path: c.from}, c.have, true, func(h *header, next mark, frame func() []byte) (bool, error) {
		if err := h.Follows(c.copied.Blocks, c.copied.Hash); err != nil {
			return false, damagedBlock(segmentName(next.segment), h.Number, next.offset, err.Error())
		}
		if err := out.write(next.segment, frame()); err != nil {
			return false, err
		}
		c.have, c.copied = next, Extent{Blocks: h.Number + 1, Hash: h.Hash, At: h.At}
		return c.copied.Blocks < until, ctx.Err()
	})
	if errors.Is(err, errUnwritten) {
		err = nil
	}
	if err = errors.Join(err, out.close()); err == nil && c.copied.Blocks < until {
		err = fmt.Errorf("embedded: %w: block %d; there are %d", ledger.ErrNotFound, until-1, c.copied.Blocks)
	}
	return c.copied, err
}

// copied writes frames into the segments that they came from.
type copied struct {
	folder  *folder
	disk    disk
	segment int
	file    file
}

func (w *copied) write(segment int, frame []byte) error {
	if segment != w.segment {
		if err := w.close(); err != nil {
			return err
		}
		f, err := w.disk.open(w.folder.file(segmentName(segment)))
		if err != nil {
			return err
		}
		w.file, w.segment = f, segment
	}
	_, err := w.file.Write(frame)
	return err
}

// close makes durable what was written.
func (w *copied) close() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.file.Sync(), w.file.Close(), w.disk.syncDir(w.folder.file(blocksDir)))
	w.file = nil
	return err
}

// Survey returns how far the blocks of a folder go, to which another process may be
// appending. It reads and checks them all.
func Survey(ctx context.Context, dir string) (Extent, error) {
	c := Copier{from: dir, seen: mark{segment: 1}}
	err := c.look(ctx)
	return c.known, err
}
