package reconcile

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"unsafe"
)

// sorter brings any number of records into an order. It holds two chunks: one
// that is being filled, and one that is being sorted and written meanwhile.
type sorter struct {
	order order
	max   int // records of a chunk
	open  func() (*spill, error)
	spill *spill
	chunk []Record
	spare []Record
	index []entry
	out   *runWriter
	runs  []run
	busy  chan error // nil while nothing is being written
}

// entry is a record of the chunk as it is sorted.
type entry struct {
	prefix uint64
	at     uint32
}

// chunkOf is how many records a sorter may hold in one chunk when it may use so
// many bytes for both.
func chunkOf(memory int64) int {
	per := 2*int64(unsafe.Sizeof(Record{})) + int64(unsafe.Sizeof(entry{}))
	return int(max(memory/per, 1))
}

func newSorter(o order, chunk int, open func() (*spill, error)) *sorter {
	return &sorter{order: o, max: chunk, open: open}
}

func (s *sorter) add(r *Record) error {
	if len(s.chunk) == s.max {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.chunk = append(s.chunk, *r)
	return nil
}

// flush gives the chunk away to be written, once the one before is.
func (s *sorter) flush() error {
	if err := s.wait(); err != nil {
		return err
	}
	if s.spill == nil {
		var err error
		if s.spill, err = s.open(); err != nil {
			return err
		}
		s.out = &runWriter{s: s.spill}
	}
	full := s.chunk
	s.chunk, s.spare = s.spare[:0], full
	s.busy = make(chan error, 1)
	go func() { s.busy <- s.write(full) }()
	return nil
}

func (s *sorter) wait() error {
	if s.busy == nil {
		return nil
	}
	err := <-s.busy
	s.busy = nil
	return err
}

// write sorts a chunk and appends it to the spill file.
func (s *sorter) write(chunk []Record) error {
	s.out.start()
	for _, at := range s.sorted(chunk) {
		if err := s.out.write(&chunk[at.at]); err != nil {
			return err
		}
	}
	done, err := s.out.end()
	s.runs = append(s.runs, done)
	return err
}

// sorted returns a chunk's order. Only the index is moved about, not the records.
func (s *sorter) sorted(chunk []Record) []entry {
	s.index = slices.Grow(s.index[:0], len(chunk))[:len(chunk)]
	ordered := true
	for i := range chunk {
		s.index[i] = entry{s.order.prefix(&chunk[i]), uint32(i)}
		ordered = ordered && (i == 0 || s.order.compare(&chunk[i-1], &chunk[i]) <= 0)
	}
	if !ordered {
		slices.SortFunc(s.index, func(a, b entry) int {
			if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
				return c
			}
			return s.order.compare(&chunk[a.at], &chunk[b.at])
		})
	}
	return s.index
}

// each visits all records in order; none can be added afterwards. The record is
// valid until visit returns.
func (s *sorter) each(ctx context.Context, visit func(*Record) error) error {
	if s.spill == nil {
		for i, at := range s.sorted(s.chunk) {
			if err := visit(&s.chunk[at.at]); err != nil {
				return err
			}
			if i%tickRecords == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	}
	if err := errors.Join(s.flush(), s.wait()); err != nil {
		return err
	}
	s.chunk, s.spare, s.index, s.out = nil, nil, nil, nil // merging needs the room
	return merge(ctx, s.order, s.spill, s.runs, visit)
}

// close releases the file; it may be called at any time.
func (s *sorter) close() error {
	err := s.wait()
	return errors.Join(err, s.spill.close())
}

// tickRecords is how often a long loop looks up.
const tickRecords = 1 << 14
