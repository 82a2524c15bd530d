package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pointgrid/pointgrid/ledger/annals"
)

// errUnwritten: the last frame is not wholly written yet, or was cut off.
var errUnwritten = errors.New("embedded: the last block is not whole")

// visitor is shown a block with the place after it, and may take its frame. It says
// whether it wants more.
type visitor func(h *header, next mark, frame func() []byte) (more bool, err error)

// scanFrom reads the blocks of a folder from a place on, to which another process
// may be appending. It returns errUnwritten when the last one is not whole. With
// durable, what is read was synced before: a block that the ledger's own process
// has written and not synced yet cannot be lost any more.
func scanFrom(f *folder, from mark, durable bool, visit visitor) error {
	for segment, offset := from.segment, from.offset; ; segment, offset = segment+1, 0 {
		more, err := scanSegment(f, segment, offset, durable, visit)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !more {
			return err
		}
	}
}

func scanSegment(f *folder, segment int, offset int64, durable bool, visit visitor) (more bool, err error) {
	name := segmentName(segment)
	file, err := os.Open(f.file(name))
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && durable {
		err = file.Sync()
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	for frames := newFrames(io.NewSectionReader(file, offset, max(0, info.Size()-offset)), offset); ; {
		at := frames.offset
		block, hash, err := frames.next()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, f.unwritten(name, err)
		}
		h, err := annals.Read(block, hash)
		if err != nil {
			return false, named(&frameError{offset: at, whole: true, what: err.Error()}, name, 0)
		}
		next := mark{block: h.Number + 1, segment: segment, offset: frames.offset}
		if more, err := visit(&h, next, func() []byte { return frameOf(block, hash) }); err != nil || !more {
			return false, err
		}
	}
}

// unwritten returns errUnwritten for a frame that is not whole and the last, and
// damage for any other that cannot be read.
func (f *folder) unwritten(name string, err error) error {
	bad := (*frameError)(nil)
	if !errors.As(err, &bad) {
		return err
	}
	_, last, failed := isLast(f.file(name), bad)
	if failed == nil && last {
		return errUnwritten
	}
	return errors.Join(failed, damagedFile(name, "byte %d: %s", bad.offset, bad.what))
}
