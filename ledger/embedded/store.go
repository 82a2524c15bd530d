package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sync/errgroup"

	"github.com/pointgrid/pointgrid/ledger/wire"
)

// store is the state, derived from the blocks, in Pebble. It writes no log of
// its own: after a crash the blocks above its height are executed again. Each
// batch of writes carries the position, so that both always belong together.
type store struct {
	db    *pebble.DB
	cache *cache
	batch *pebble.Batch // used again and again
	key   []byte        // likewise
	lacks []int         // likewise
	timer func() time.Time
}

// Keys of the home itself begin with a byte that the contract cannot use.
const (
	keyPosition     = "\x00position"
	prefixSignature = "\x00signature/" // of a checkpoint
	prefixLeaf      = "\x00leaf/"      // hash of a batch's header in the checkpoint's tree
)

func keyNumbered(prefix string, lane uint32, number uint64) string {
	b := make([]byte, 0, len(prefix)+12)
	b = binary.BigEndian.AppendUint32(append(b, prefix...), lane)
	return string(binary.BigEndian.AppendUint64(b, number))
}

// storeOptions say how a store is opened.
type storeOptions struct {
	cacheBytes int64  // for Pebble's blocks and for hot values, half each
	memTable   uint64 // bytes of state in memory before they are written
	readOnly   bool
	timer      func() time.Time // nil: reads are never side by side
	logger     *slog.Logger
	failed     func(error) // called when Pebble cannot write in the background
}

// memTableSize is how much state is gathered in memory before it goes to disk,
// and so about how much a crash leaves to be executed again.
const memTableSize = 16 << 20

func openStore(dir string, opts storeOptions) (*store, error) {
	blocks := pebble.NewCache(opts.cacheBytes / 2)
	defer blocks.Unref()
	po := &pebble.Options{
		Cache:                      blocks,
		DisableWAL:                 true,
		FormatMajorVersion:         pebble.FormatTableFormatV6,
		MemTableSize:               max(opts.memTable, 64<<10),
		L0CompactionThreshold:      4,
		L0StopWritesThreshold:      24,
		CompactionConcurrencyRange: func() (int, int) { return 1, 1 },
		MaxOpenFiles:               512,
		ReadOnly:                   opts.readOnly,
		ErrorIfNotExists:           opts.readOnly,
		Logger:                     pebbleLog{opts.logger},
		EventListener:              backgroundErrors(opts),
	}
	po.Levels[0].FilterPolicy = bloom.FilterPolicy(10)
	if opts.readOnly {
		po.FS = unlocked{vfs.Default}
	}
	db, err := pebble.Open(dir, po)
	if err != nil {
		return nil, err
	}
	if opts.timer == nil {
		opts.timer = stopped
	}
	return &store{db: db, cache: newCache(opts.cacheBytes / 2), timer: opts.timer}, nil
}

// stopped is a timer by which nothing takes any time.
func stopped() time.Time { return time.Time{} }

// position returns how far the state has come.
func (s *store) position() (position, error) { return readPosition(s.db) }

func readPosition(db pebble.Reader) (position, error) {
	v, closer, err := db.Get([]byte(keyPosition))
	if errors.Is(err, pebble.ErrNotFound) {
		return position{}, nil
	}
	if err != nil {
		return position{}, stateError(err)
	}
	d := wire.NewDecoder(v)
	p := position{height: d.Uint()}
	copy(p.hash[:], d.Raw(len(p.hash)))
	p.batches = d.Uint()
	if err := errors.Join(d.Close(), closer.Close()); err != nil {
		return position{}, damagedFile(stateDir, "its position: %v; %s", err, rebuildHint)
	}
	return p, nil
}

func (p position) encode() []byte {
	e := wire.NewEncoder(make([]byte, 0, 56))
	e.Uint(p.height)
	e.Raw(p.hash[:])
	e.Uint(p.batches)
	return e.Bytes()
}

// commit makes a transaction's writes, and the position they lead to, visible.
func (s *store) commit(writes []write, own []write, at position) error {
	if s.batch == nil {
		s.batch = s.db.NewBatch()
	}
	b := s.batch
	b.Reset()
	for _, list := range [][]write{writes, own} {
		for _, w := range list {
			if err := s.set(b, w); err != nil {
				return err
			}
		}
	}
	if err := b.Set([]byte(keyPosition), at.encode(), nil); err != nil {
		return err
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		return err
	}
	for _, w := range writes {
		s.cache.update(w)
	}
	return nil
}

func (s *store) set(b *pebble.Batch, w write) error {
	s.key = append(s.key[:0], w.key...)
	if w.value == nil {
		return b.Delete(s.key, nil)
	}
	return b.Set(s.key, w.value, nil)
}

// Get implements [chaincode.Reader] for the transaction under way.
func (s *store) Get(keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	s.lacks = s.lacks[:0]
	for i, key := range keys {
		v, ok := s.cache.get(key)
		if !ok {
			s.lacks = append(s.lacks, i)
		}
		values[i] = v
	}
	if err := s.read(keys, values, s.lacks); err != nil {
		return nil, err
	}
	for _, i := range s.lacks {
		s.cache.add(keys[i], values[i])
	}
	return values, nil
}

const (
	// readWaits is how long a read takes that waited for the disk; one from memory
	// takes a few microseconds.
	readWaits = 100 * time.Microsecond
	// readers are at work side by side then: a disk has many hands.
	readers = 32
)

// read fills in the values of some of the keys. Where a read had to wait for the
// disk, as most do when the state is larger than memory, those that are left wait
// together; where none had to, to share them out would cost more than reading them.
func (s *store) read(keys []string, values [][]byte, which []int) (err error) {
	for n, i := range which {
		begun := s.timer()
		if values[i], err = get(s.db, &s.key, keys[i]); err != nil {
			return err
		}
		if s.timer().Sub(begun) >= readWaits {
			return s.readSideBySide(keys, values, which[n+1:])
		}
	}
	return nil
}

func (s *store) readSideBySide(keys []string, values [][]byte, which []int) error {
	var side errgroup.Group
	n := min(readers, len(which))
	for r := range n {
		side.Go(func() (err error) {
			var key []byte
			for _, i := range which[len(which)*r/n : len(which)*(r+1)/n] {
				if values[i], err = get(s.db, &key, keys[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return side.Wait()
}

// Range implements [chaincode.Reader] for the transaction under way.
func (s *store) Range(prefix, from string, visit func(string, []byte) bool) error {
	return scan(s.db, prefix, from, visit)
}

// snapshot returns the committed state as it is now, to be closed.
func (s *store) snapshot() *snapshot { return &snapshot{db: s.db.NewSnapshot()} }

// close writes what is in memory to disk, unless the store is given up.
func (s *store) close(flush bool) error {
	var err error
	if s.batch != nil {
		err = s.batch.Close()
		s.batch = nil
	}
	if flush {
		err = errors.Join(err, s.db.Flush())
	}
	return errors.Join(err, s.db.Close())
}

// snapshot is committed state at one instant, for readers beside the lane.
type snapshot struct {
	db  pebble.Reader
	key []byte
}

// Get implements [chaincode.Reader].
func (s *snapshot) Get(keys ...string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	for i, key := range keys {
		var err error
		if values[i], err = get(s.db, &s.key, key); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// Range implements [chaincode.Reader].
func (s *snapshot) Range(prefix, from string, visit func(string, []byte) bool) error {
	return scan(s.db, prefix, from, visit)
}

func (s *snapshot) close() error { return s.db.Close() }

func get(db pebble.Reader, buf *[]byte, key string) ([]byte, error) {
	*buf = append((*buf)[:0], key...)
	v, closer, err := db.Get(*buf)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, stateError(err)
	}
	return append(make([]byte, 0, len(v)), v...), closer.Close()
}

func scan(db pebble.Reader, prefix, from string, visit func(string, []byte) bool) error {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte(max(prefix, from)), UpperBound: after1(prefix)})
	if err != nil {
		return stateError(err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		if !visit(string(it.Key()), bytes.Clone(it.Value())) {
			break
		}
	}
	return stateError(errors.Join(it.Error(), it.Close()))
}

// after1 returns the first key after all that have the prefix; nil is the end.
func after1(prefix string) []byte {
	b := []byte(prefix)
	for n := len(b); n > 0; n-- {
		if b[n-1] < 0xff {
			b[n-1]++
			return b[:n]
		}
	}
	return nil
}

// stateError says of a damaged state what can be done about it.
func stateError(err error) error {
	if err == nil || !pebble.IsCorruptionError(err) {
		return err
	}
	return damagedFile(stateDir, "%v; %s", err, rebuildHint)
}

const rebuildHint = "the blocks are the truth: stop the ledger, delete the folder " + stateDir +
	", and it is built from them again when the ledger is opened"
