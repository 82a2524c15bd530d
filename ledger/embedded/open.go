package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
	"github.com/pointgrid/pointgrid/ledger/reads"
)

// Open opens the ledger in a folder, or makes a new one. It reads all blocks
// and executes those again that the state lacks. It returns [ledger.ErrInUse]
// when another process has the ledger, and [ledger.ErrDamaged], as a
// *[DamageError], when stored bytes are not what was written.
func Open(opts Options) (*Ledger, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	opts.fill()
	f, err := openFolder(opts.Dir, opts.disk)
	if err != nil {
		return nil, err
	}
	l := &Ledger{opts: opts, folder: f}
	l.Reads = reads.Of(func(ctx context.Context, use func(chaincode.Reader) error) error {
		return l.view(ctx, func(s *snapshot) error { return use(s) })
	})
	if err := l.start(); err != nil {
		return nil, errors.Join(err, l.release(false))
	}
	return l, nil
}

func (l *Ledger) start() error {
	tip, err := l.folder.readTip()
	if err != nil {
		return err
	}
	if l.chain, err = openChain(l.folder, l.opts.disk, l.opts.segmentSize, tip, l.opts.Logger); err != nil {
		return err
	}
	if l.sums, err = l.folder.readSums(); err != nil {
		return err
	}
	if err := l.openState(); err != nil {
		return err
	}
	l.at.Store(l.chain.at)
	if err := l.folder.forget(tipFile, l.opts.disk); err != nil {
		return err
	}
	return l.begin()
}

// openState opens the state and brings it up to the blocks.
func (l *Ledger) openState() error {
	if err := errors.Join(l.checkState(), checkManifest(l.folder.file(stateDir))); err != nil {
		return err
	}
	if err := l.folder.forget(sumsFile, l.opts.disk); err != nil {
		return err
	}
	s, err := openStore(l.folder.file(stateDir), storeOptions{
		cacheBytes: l.opts.CacheBytes, memTable: l.opts.memTable, timer: l.opts.Timer, logger: l.opts.Logger, failed: func(err error) { l.fail(err) },
	})
	if err != nil {
		return openError(err)
	}
	l.store = s
	if l.machine, err = newMachine(s); err != nil {
		return err
	}
	return l.catchUp()
}

// openError tells a damaged state from a system that refuses to open it.
func openError(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) && errno != syscall.ENOENT {
		return fmt.Errorf("embedded: opening the folder %s: %w", stateDir, err)
	}
	return damagedFile(stateDir, "cannot be opened: %v; %s", err, rebuildHint)
}

// checkState compares the small files of a state that was closed in order with
// their sums: Pebble, which must expect half-written ones, might take a damaged
// one for the end of an older state. Tables carry checksums of their own.
func (l *Ledger) checkState() error {
	if _, err := os.Stat(l.folder.file(stateDir)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, name := range l.sums.names() {
		if !strings.HasPrefix(name, stateDir+"/") || strings.HasSuffix(name, ".sst") {
			continue
		}
		fault, err := l.folder.check(name, l.sums[name])
		if err != nil {
			return err
		}
		if fault != "" {
			return damagedFile(name, "%s; %s", fault, rebuildHint)
		}
	}
	return nil
}

// catchUp executes the blocks that the state lacks.
func (l *Ledger) catchUp() error {
	at := l.machine.at
	if at.height > l.chain.end.height {
		return damagedBlock(segmentName(max(l.chain.segment, 1)), l.chain.end.height, l.chain.size,
			fmt.Sprintf("blocks end after %d, but the state includes %d: blocks that were written are missing", l.chain.end.height, at.height))
	}
	if missing := l.chain.end.height - at.height; missing > 0 {
		l.opts.Logger.Info("executing blocks that the state lacks", "from", at.height, "blocks", missing)
	}
	err := l.chain.read(at.height, func(h header) error {
		if h.Previous != l.machine.at.hash {
			return damagedFile(stateDir, "was derived from other blocks: %s; %s", l.machine.at.hash, rebuildHint)
		}
		_, err := l.machine.repeat(&h)
		if bad := disagreement(""); errors.As(err, &bad) {
			return damagedFile(stateDir, "block %d: %s; %s", h.Number, bad, rebuildHint)
		}
		return err
	})
	if err == nil && l.machine.at.hash != l.chain.end.hash {
		return damagedFile(stateDir, "was derived from other blocks: %s; %s", l.machine.at.hash, rebuildHint)
	}
	return err
}

// begin starts to take commands.
func (l *Ledger) begin() error {
	l.lanes = lane.NewOwned(lane.OwnedOptions{Execute: l.execute, QueueMax: l.opts.QueueMax, BatchMax: l.opts.BatchMax})
	if err := l.adopt(); err != nil {
		return err
	}
	l.startCheckpoints()
	return nil
}

// forget removes a file that says how a stopped ledger was.
func (f *folder) forget(name string, d disk) error {
	err := os.Remove(f.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, d.syncDir(f.path))
}

var _ ledger.Laned = (*Ledger)(nil)
