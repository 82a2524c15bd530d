package fabric

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hyperledger/fabric-protos-go/common"
	pb "github.com/hyperledger/fabric-protos-go/peer"

	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// Reconnecting begins at once and soon waits a little longer each time.
const (
	backoffMin = 50 * time.Millisecond
	backoffMax = time.Second
)

// follower hears from one peer which transactions it has committed. A stream
// that is cut is taken up again at the block heard last, so that nothing is
// missed.
type follower struct {
	peer *peer
	open func(ctx context.Context, from message.Position) (stream, error)
	log  *slog.Logger
	// heard is called for every block.
	heard func()

	mu      sync.Mutex
	height  uint64 // blocks the peer is known to have, 0 before any was heard of
	up      bool   // the stream under way has brought a block
	late    bool   // was waited for in vain; nobody waits again until it is current
	waiting map[string]chan outcome
	changed chan struct{} // closed and replaced when height or up change
	cut     func()        // ends the stream under way
}

// stream brings blocks as they are committed.
type stream interface {
	// next waits for a block.
	next() (*pb.FilteredBlock, error)
	close()
}

// outcome is what a peer says of a transaction.
type outcome struct {
	block uint64
	code  Validation
}

func newFollower(p *peer, log *slog.Logger, open func(context.Context, message.Position) (stream, error)) *follower {
	return &follower{peer: p, open: open, log: log.With("peer", p.node.Name),
		heard: func() {}, waiting: map[string]chan outcome{}, changed: make(chan struct{}), cut: func() {}}
}

// run follows the peer until the context ends.
func (f *follower) run(ctx context.Context) {
	defer f.down() // wakes who waits
	wait := backoffMin
	for ctx.Err() == nil {
		heard, err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if heard {
			f.log.Warn("the peer's events ended; connecting again", "error", err)
			wait = backoffMin
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(2*wait, backoffMax)
	}
}

// follow opens a stream and hears it to its end. It tells whether it brought
// anything.
func (f *follower) follow(ctx context.Context) (heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from := f.begin(cancel)
	s, err := f.open(ctx, from)
	if err != nil {
		return false, err
	}
	defer s.close()
	defer f.down()
	for {
		b, err := s.next()
		if err != nil {
			return heard, err
		}
		f.block(b)
		f.heard()
		heard = true
	}
}

// begin notes how to cut the stream that is about to open, and says where it
// starts: at the last block known, which a peer that has it sends at once. One
// that does not, because it lags behind, stays silent until it has.
func (f *follower) begin(cut func()) message.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = cut
	if f.height == 0 {
		return message.Newest()
	}
	return message.At(f.height - 1)
}

// block takes note of a block.
func (f *follower) block(b *pb.FilteredBlock) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, tx := range b.GetFilteredTransactions() {
		if c, ok := f.waiting[tx.GetTxid()]; ok {
			// The first block with a transaction decides; later ones hold copies,
			// which are marked as such.
			c <- outcome{b.GetNumber(), Validation(tx.GetTxValidationCode())}
			delete(f.waiting, tx.GetTxid())
		}
	}
	if !f.up {
		f.log.Info("the peer's events are heard", "height", b.GetNumber()+1)
	}
	f.up, f.height = true, max(f.height, b.GetNumber()+1)
	f.tell()
}

func (f *follower) down() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up = false
	f.tell()
}

// tell wakes who waits for a change.
func (f *follower) tell() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// distrust ends the stream under way: the peer did not answer elsewhere, or was
// waited for in vain. A peer that is only slow is heard again at once, one that
// hangs is not.
func (f *follower) distrust() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up, f.late = false, true
	f.cut()
	f.tell()
}

// expect tells, once, what becomes of a transaction that is not submitted yet.
func (f *follower) expect(tx string) <-chan outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan outcome, 1)
	f.waiting[tx] = c
	return c
}

func (f *follower) forget(tx string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, tx)
}

// current reports whether the peer is up and has a number of blocks, and how to
// hear of a change.
func (f *follower) current(height uint64) (ok bool, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ok = f.up && f.height >= height; ok {
		f.late = false
	}
	return ok, f.changed
}

// listening reports whether the peer is up, and how to hear of a change.
func (f *follower) listening() (up bool, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.up, f.changed
}

// state returns what is known of the peer.
func (f *follower) state() (up bool, height uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.up, f.height
}

// awaited reports whether the peer is up and worth waiting for.
func (f *follower) awaited() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.up && !f.late
}

// errSilent: the peer ended the stream without saying why.
var errSilent = errors.New("fabric: stream of events ended")

// failed is the error for a status in place of a block.
func failed(s common.Status) error { return fmt.Errorf("%w: status %s", errSilent, s) }
