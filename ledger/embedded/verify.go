package embedded

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
)

// Verify proves a stopped ledger from its first block: the sum of every file,
// if it was closed in order; every frame, hash and link of the chain; every
// block by executing it again, on a state built in a temporary folder; every
// checkpoint's signature by the keys given, by key ID; the stored state, key by
// key; and that the accounts of each programme sum to zero. It changes nothing
// in the folder and needs no right to write there.
//
// What is wrong is in the report. An error says that the verification itself
// could not be done: [ledger.ErrInUse] while the ledger is open, the context's,
// or that of a system that cannot read or has no room. Progress, which may be
// nil, is called now and then.
func Verify(ctx context.Context, dir string, keys map[string]ed25519.PublicKey, progress func(Progress)) (Report, error) {
	return Replay(ctx, dir, keys, progress, nil)
}

// Replay is [Verify], and gives visit each batch as executing its block again
// wrote it, in order and up to the first damage. The batches are worth no more
// than the report. The error of visit ends it.
func Replay(ctx context.Context, dir string, keys map[string]ed25519.PublicKey, progress func(Progress), visit func(*ledger.Batch) error) (Report, error) {
	f, err := lockFolder(dir, true)
	if err != nil {
		var report Report
		return report, report.absorb(err)
	}
	defer f.close()
	scratch, err := os.MkdirTemp("", "pointgrid-verify-")
	if err != nil {
		return Report{}, err
	}
	defer os.RemoveAll(scratch)
	v := &verification{ctx: ctx, folder: f, keys: keys, progress: progress, visit: visit}
	err = v.run(scratch)
	return v.report, err
}

type verification struct {
	ctx      context.Context
	folder   *folder
	keys     map[string]ed25519.PublicKey
	progress func(Progress)
	visit    func(*ledger.Batch) error
	report   Report

	tip     *position
	stored  *store   // nil when it cannot be read
	at      position // of the stored state
	rebuilt *machine
	end     position // of the blocks so far
	broken  bool     // a block is damaged: what follows cannot be executed
	done    Progress
}

func (v *verification) run(scratch string) (err error) {
	if v.tip, err = v.folder.readTip(); err != nil {
		if err := v.report.absorb(err); err != nil {
			return err
		}
	}
	v.report.Stopped = v.tip != nil
	if err := v.files(); err != nil {
		return err
	}
	if err := v.openStored(); err != nil {
		return err
	}
	s, err := openStore(scratch, storeOptions{cacheBytes: CacheDefault, memTable: memTableSize, logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("temporary state: %w", err)
	}
	if v.rebuilt, err = newMachine(s); err == nil {
		err = v.prove()
	}
	if v.stored != nil {
		err = errors.Join(err, v.stored.close(false))
	}
	return errors.Join(err, s.close(false))
}

// prove goes through the blocks and compares what comes out.
func (v *verification) prove() error {
	if err := v.compareAt(); err != nil {
		return err
	}
	if err := v.blocks(); err != nil {
		return err
	}
	if v.broken {
		return nil
	}
	v.report.Hash = v.end.hash
	if v.at.height > v.end.height {
		v.report.file(stateDir, "includes %d blocks, but there are only %d: blocks that were written are missing", v.at.height, v.end.height)
	}
	return v.conservation()
}

// files compares every file with its sum.
func (v *verification) files() error {
	sums, err := v.folder.readSums()
	if err != nil || sums == nil {
		return v.report.absorb(err)
	}
	for _, name := range sums.names() {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		fault, err := v.folder.check(name, sums[name])
		if err != nil {
			return err
		}
		if fault != "" {
			v.report.file(name, "%s", fault)
		}
	}
	names, err := v.folder.files()
	for _, name := range names {
		if _, ok := sums[name]; !ok {
			v.report.file(name, "was not there when the ledger was stopped")
		}
	}
	return err
}

// blocks reads all segments.
func (v *verification) blocks() error {
	n, err := v.folder.segments()
	if err != nil {
		v.broken = true
		if err := v.report.absorb(err); err != nil {
			return err
		}
	}
	for i := 1; i <= n; i++ {
		info, err := os.Stat(v.folder.file(segmentName(i)))
		if err != nil {
			return err
		}
		v.done.Total += info.Size()
	}
	for i := 1; i <= n; i++ {
		if err := v.segment(i, i == n); err != nil {
			return err
		}
	}
	v.show()
	if v.tip != nil && !v.broken && *v.tip != v.end {
		v.report.file(blocksDir, "blocks end after %d with hash %s, but the ledger was stopped after %d with hash %s",
			v.end.height, v.end.hash, v.tip.height, v.tip.hash)
	}
	return nil
}

// segment reads one segment. A damaged block is passed over where that is
// possible, so that a second one is found too.
func (v *verification) segment(n int, last bool) error {
	name := segmentName(n)
	file, err := os.Open(v.folder.file(name))
	if err != nil {
		return err
	}
	defer file.Close()
	for frames := newFrames(file, 0); ; {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		offset := frames.offset
		bytes, hash, err := frames.next()
		v.done.Done += frames.offset - offset
		bad := (*frameError)(nil)
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &bad):
			if more, err := v.unreadable(name, last, bad); err != nil || !more {
				return err
			}
		case err != nil:
			return err
		default:
			if err := v.block(name, offset, bytes, hash); err != nil {
				return err
			}
		}
	}
}

// unreadable notes a frame that is not whole: a finding, unless a crash cut it
// off. It reports whether the next frame can be read.
func (v *verification) unreadable(name string, last bool, bad *frameError) (more bool, err error) {
	if v.tip == nil && last {
		if torn, ok, err := isLast(v.folder.file(name), bad); ok || err != nil {
			v.report.Torn = torn
			return false, err
		}
	}
	v.spoilt(name, bad.offset, bad.what)
	return bad.end > 0 && !bad.short, nil
}

// spoilt notes a block that cannot be read, and counts it.
func (v *verification) spoilt(name string, offset int64, what string) {
	v.report.block(name, v.end.height, offset, what)
	v.end.height++
	v.broken = true
}

func (v *verification) block(name string, offset int64, bytes []byte, hash ledger.Hash) error {
	h, err := annals.Read(bytes, hash)
	if err != nil {
		v.spoilt(name, offset, err.Error())
		return nil
	}
	if err := h.Follows(v.end.height, v.end.hash); err != nil && !v.broken {
		v.report.block(name, v.end.height, offset, err.Error())
		v.broken = true
	}
	v.end = position{height: h.Number + 1, hash: h.Hash}
	v.report.Blocks++
	if v.report.Blocks%1000 == 0 {
		v.show()
	}
	if v.broken {
		return nil
	}
	if err := v.execute(name, offset, &h); err != nil {
		return err
	}
	return v.compareAt()
}

// execute executes a block again.
func (v *verification) execute(name string, offset int64, h *header) error {
	record, err := v.rebuilt.repeat(h)
	bad := disagreement("")
	switch {
	case errors.As(err, &bad), errors.Is(err, ledger.ErrDamaged):
		v.report.block(name, h.Number, offset, err.Error())
		v.broken = true
	case err != nil:
		return fmt.Errorf("executing block %d: %w", h.Number, err)
	case record == nil:
		v.report.Transfers += uint64(len(h.Commands))
		return v.last(h.Lane)
	default:
		v.report.Checkpoints++
		if fault := checkSignature(record, h.Signature, v.keys); fault != "" {
			v.report.block(name, h.Number, offset, fault)
		}
	}
	return nil
}

// last visits the batch that was executed last.
func (v *verification) last(lane uint32) error {
	if v.visit == nil {
		return nil
	}
	return chaincode.Batches(v.rebuilt.store, lane, v.rebuilt.at.batches-1, func(b ledger.Batch) (bool, error) {
		return false, v.visit(&b)
	})
}

// checkSignature returns what is wrong with a checkpoint's signature, or nothing.
func checkSignature(c *ledger.CheckpointRecord, s *ledger.Signature, keys map[string]ed25519.PublicKey) string {
	key, ok := keys[s.KeyID]
	switch {
	case !ok:
		return fmt.Sprintf("checkpoint %d is signed with key %q, which is not among the keys given", c.Number, s.KeyID)
	case len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, c.Statement(), s.Value):
		return fmt.Sprintf("signature of checkpoint %d is not that of key %q", c.Number, s.KeyID)
	}
	return ""
}

func (v *verification) show() {
	if v.done.Blocks = v.report.Blocks; v.progress != nil {
		v.progress(v.done)
	}
}
