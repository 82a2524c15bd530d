package embedded

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
)

// openChain reads all segments: every frame, its hash and its place in the
// chain. Without a tip, which says that the ledger was stopped in order, a last
// frame that is not whole is a write that was cut off before anybody was told
// of it; it is removed. Anything else that is wrong is damage.
func openChain(f *folder, d disk, roll int64, tip *position, log *slog.Logger) (*chain, error) {
	n, err := f.segments()
	if err != nil {
		return nil, err
	}
	c := &chain{folder: f, disk: d, roll: roll}
	for c.segment < n {
		c.segment, c.size = c.segment+1, 0
		err := c.load()
		if torn := (*frameError)(nil); errors.As(err, &torn) && tip == nil && c.segment == n {
			err = c.cut(torn, log)
		}
		if err != nil {
			return nil, named(err, segmentName(c.segment), c.end.height)
		}
	}
	if tip != nil && *tip != c.end {
		return nil, damagedBlock(segmentName(max(c.segment, 1)), c.end.height, c.size,
			fmt.Sprintf("blocks end after %d with hash %s, but the ledger was stopped after %d with hash %s",
				c.end.height, c.end.hash, tip.height, tip.hash))
	}
	c.publish()
	return c, nil
}

// load reads the last segment so far and checks that its blocks follow.
func (c *chain) load() error {
	file := segmentName(c.segment)
	err := readSegment(c.folder, c.segment, 0, func(h header, at int64) error {
		if err := h.Follows(c.end.height, c.end.hash); err != nil {
			return damagedBlock(file, c.end.height, at, err.Error())
		}
		c.note(&h.Block, c.segment, at)
		return nil
	})
	if err != nil {
		return err
	}
	info, err := os.Stat(c.folder.file(file))
	if err != nil {
		return err
	}
	c.size = info.Size()
	return nil
}

// cut removes a last frame that is not whole. It returns the fault as damage
// when something follows it: then it was not the last.
func (c *chain) cut(torn *frameError, log *slog.Logger) error {
	name := c.folder.file(segmentName(c.segment))
	lost, last, err := isLast(name, torn)
	if err != nil {
		return err
	}
	if !last {
		return torn
	}
	log.Warn("removed a block that was cut off while it was being written; nobody was told that it was done",
		"file", segmentName(c.segment), "block", c.end.height, "offset", torn.offset, "bytes", lost)
	c.size = torn.offset
	return c.disk.truncate(name, torn.offset)
}

// isLast reports whether a frame that is not whole can be the last that was
// written to the file, and how many bytes there are of it.
func isLast(name string, torn *frameError) (bytes int64, last bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, false, err
	}
	bytes = info.Size() - torn.offset
	switch {
	case torn.whole:
		return bytes, false, nil
	case torn.short:
		return bytes, true, nil
	case torn.end > 0:
		return bytes, torn.end == info.Size(), nil
	case bytes > frameHead+blockMax+frameTail:
		return bytes, false, nil
	}
	rest := make([]byte, bytes)
	if _, err := f.ReadAt(rest, torn.offset); err != nil && err != io.EOF {
		return 0, false, err
	}
	return bytes, !holdsFrame(rest), nil
}
