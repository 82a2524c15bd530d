package partnersim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// The first byte of a key says what stands under it.
const (
	keyAbout    = 'a' // what the books are of
	keyMember   = 'm' // + membership
	keyReversal = 'r' // + reversal ID
	keyLine     = 's' // + day, 4 bytes + order, 8 bytes
	keyTransfer = 't' // + transfer ID
)

func memberKey(membership string) []byte { return append([]byte{keyMember}, membership...) }

func transferKey(id connector.ID) []byte { return append([]byte{keyTransfer}, id[:]...) }

func reversalKey(id connector.ID) []byte { return append([]byte{keyReversal}, id[:]...) }

func lineKey(day uint32, order uint64) []byte {
	b := binary.BigEndian.AppendUint32(append(make([]byte, 0, 13), keyLine), day)
	return binary.BigEndian.AppendUint64(b, order)
}

// store is Pebble with the one thing we need besides: telling visible from
// durable.
type store struct {
	db *pebble.DB
	// unsettled counts batches that can be read already and are not durable yet.
	unsettled atomic.Int64
}

func openStore(dir string, fs vfs.FS, logger *slog.Logger) (*store, error) {
	o := &pebble.Options{
		FS: fs, FormatMajorVersion: pebble.FormatTableFormatV6,
		MemTableSize: 32 << 20, CacheSize: 32 << 20, L0CompactionThreshold: 4, L0StopWritesThreshold: 24,
		CompactionConcurrencyRange: func() (int, int) { return 1, 1 },
		Logger:                     storeLog{logger},
	}
	o.Levels[0].FilterPolicy = bloom.FilterPolicy(10)
	db, err := pebble.Open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("partnersim: open books in %s: %w", dir, err)
	}
	return &store{db: db}, nil
}

func (s *store) close() error { return s.db.Close() }

// get hands the value of a key to read. It returns false if there is none.
func (s *store) get(key []byte, read func(value []byte) error) (found bool, err error) {
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("partnersim: read books: %w", err)
	}
	return true, errors.Join(read(value), closer.Close())
}

// scan hands each key and value from one key up to, not including, another to
// visit, in order, as of one moment.
func (s *store) scan(in pebble.Reader, from, to []byte, visit func(key, value []byte) error) (err error) {
	iterator, err := in.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return fmt.Errorf("partnersim: read books: %w", err)
	}
	defer func() { err = errors.Join(err, iterator.Close()) }()
	for iterator.First(); iterator.Valid(); iterator.Next() {
		if err := visit(iterator.Key(), iterator.Value()); err != nil {
			return err
		}
	}
	return iterator.Error()
}

// write is a batch on its way: visible, perhaps not durable yet.
type write struct {
	s     *store
	batch *pebble.Batch
}

// apply makes a batch visible and settles its place in the log. Call it with the
// locks held, and wait without them.
func (s *store) apply(batch *pebble.Batch) (write, error) {
	s.unsettled.Add(1)
	if err := s.db.ApplyNoSyncWait(batch, pebble.Sync); err != nil {
		s.unsettled.Add(-1)
		return write{}, fmt.Errorf("partnersim: write books: %w", err)
	}
	return write{s: s, batch: batch}, nil
}

// wait returns when the batch is durable. The zero write has nothing to wait for.
func (w write) wait() error {
	if w.batch == nil {
		return nil
	}
	err := w.batch.SyncWait()
	w.s.unsettled.Add(-1)
	if err = errors.Join(err, w.batch.Close()); err != nil {
		return fmt.Errorf("partnersim: write books: %w", err)
	}
	return nil
}

// settle returns when all that could be read before the call is durable. An
// answer that was read must not be given before: the writer of it may still be
// waiting for the disk, and a crash would make us deny what we said.
func (s *store) settle() error {
	if s.unsettled.Load() == 0 {
		return nil
	}
	if err := s.db.LogData(nil, pebble.Sync); err != nil {
		return fmt.Errorf("partnersim: write books: %w", err)
	}
	return nil
}

// storeLog passes Pebble's complaints on and leaves its chatter.
type storeLog struct{ logger *slog.Logger }

func (l storeLog) Infof(string, ...any) {}

func (l storeLog) Errorf(format string, args ...any) {
	l.logger.Error("store", "message", fmt.Sprintf(format, args...))
}

// Fatalf is called when the store cannot go on; it must not return.
func (l storeLog) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	panic(fmt.Sprintf(format, args...))
}
