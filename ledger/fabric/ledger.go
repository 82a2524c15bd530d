package fabric

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
	"github.com/pointgrid/pointgrid/ledger/lane"
	"github.com/pointgrid/pointgrid/ledger/reads"
)

// Ledger is a ledger on a network. It implements [ledger.Laned].
type Ledger struct {
	reads.Reads

	opts      Options
	link      *link
	companies *companies
	orderers  *orderers
	deliver   chain
	lanes     *lane.Owned
	routes    *routes
	proofs    *proofs

	// writing is held for reading by whoever executes a transaction, and for writing
	// by whoever must be the only one of this process; turns has a lock for each
	// lane, which is taken first.
	writing  sync.RWMutex
	turns    turns
	adopting sync.Mutex   // held while lanes are found that nobody takes
	at       atomic.Int64 // time of the last transaction
	choosing sync.Mutex   // guards what follows
	witness  string       // company that endorsed last where only the utility is concerned

	tail            atomic.Uint64 // blocks that a peer must have before it is asked to endorse
	pending         atomic.Bool   // something was written since the last checkpoint
	stopCheckpoints func()
	stop            context.CancelFunc // of followers and reads
	done            <-chan struct{}
	followers       sync.WaitGroup
	follow          func(*peer) // begins to, until the ledger is closed
	joining         sync.Mutex  // guards what follows
	reread          time.Time   // when the profile was read last
	closed          atomic.Bool
	closing         sync.Once
}

var _ ledger.Laned = (*Ledger)(nil)

// Open connects to a network and waits until the home peer is there. Peers of
// other companies may be down.
func Open(ctx context.Context, opts Options) (*Ledger, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	opts.fill()
	l := &Ledger{opts: opts, proofs: newProofs(), stopCheckpoints: func() {}, stop: func() {}}
	l.Reads = reads.Of(func(ctx context.Context, use func(chaincode.Reader) error) error {
		return use(&remote{ctx: ctx, ledger: l})
	})
	if err := opts.connect(l); err != nil {
		return nil, errors.Join(err, l.release())
	}
	if err := l.begin(ctx); err != nil {
		return nil, errors.Join(err, l.release())
	}
	return l, nil
}

// toNetwork connects a ledger to the network that its profile describes.
func toNetwork(l *Ledger) (err error) {
	if l.link, err = openLink(l.opts.Profile, l.opts.Identities, l.opts.Random, l.opts.Logger); err != nil {
		return err
	}
	if l.companies, err = l.link.newCompanies(); err != nil {
		return err
	}
	if l.orderers, err = l.link.newOrderers(); err != nil {
		return err
	}
	l.deliver = &deliverer{channel: l.opts.Profile.Channel, signer: l.reader(), now: l.opts.Timer}
	return nil
}

// reader signs what nobody in particular asked for.
func (l *Ledger) reader() *signer { return l.link.signers[l.opts.Identities[0]] }

func (l *Ledger) begin(ctx context.Context) (err error) {
	life, stop := context.WithCancel(context.Background())
	l.stop, l.done = stop, life.Done()
	l.follow = func(p *peer) { l.followers.Go(func() { p.follower.run(life) }) }
	for _, c := range l.companies.all() {
		l.listen(c)
	}
	if _, err := l.home().await(ctx, 0, l.opts.Patience.Connect); err != nil {
		return err
	}
	l.greet(ctx)
	l.routes = newRoutes(l.opts.Profile.Home, l)
	if err := l.answered(ctx, l.routes.refresh); err != nil {
		return err
	}
	l.lanes = lane.NewOwned(lane.OwnedOptions{Execute: l.execute, QueueMax: l.opts.QueueMax, BatchMax: l.opts.BatchMax, Group: groupOf})
	if err := l.answered(ctx, l.adoptAll); err != nil {
		return err
	}
	l.startCheckpoints()
	return nil
}

// answerPause is how long a contract that did not answer is left alone.
const answerPause = 200 * time.Millisecond

// answered asks the contract, again for as long as the home peer may take to be heard
// when it does not have it: a chaincode that is a program of its own starts when it
// starts.
func (l *Ledger) answered(ctx context.Context, ask func(context.Context) error) error {
	late := time.NewTimer(l.opts.Patience.Connect)
	defer late.Stop()
	for tried := false; ; tried = true {
		err := ask(ctx)
		if !errors.Is(err, ledger.ErrBusy) {
			return err
		}
		if !tried {
			l.opts.Logger.Warn("fabric: the contract does not answer yet", "patience", l.opts.Patience.Connect, "error", err)
		}
		select {
		case <-time.After(answerPause):
		case <-late.C:
			return err
		case <-ctx.Done():
			return err
		}
	}
}

// listen follows a company's peers.
func (l *Ledger) listen(c *company) {
	for _, p := range c.peers {
		p.follower = newFollower(p, l.opts.Logger, func(ctx context.Context, from message.Position) (stream, error) {
			return l.deliver.events(ctx, p, from)
		})
		if p.company == l.opts.Profile.Home {
			// Whoever wrote it, the next checkpoint gathers it.
			p.follower.heard = func() { l.pending.Store(true) }
		}
		l.follow(p)
	}
}

// greet gives the other companies' peers a moment to be heard of, so that the
// first commands find them.
func (l *Ledger) greet(ctx context.Context) {
	var all sync.WaitGroup
	for _, c := range l.companies.all() {
		all.Go(func() {
			if _, err := c.await(ctx, 0, l.opts.Patience.Lag); err != nil {
				l.opts.Logger.Warn("a company is not there; what concerns it has to wait", "error", err)
			}
		})
	}
	all.Wait()
}

// home is the company on whose peers this process relies.
func (l *Ledger) home() *company { return l.companies.get(l.opts.Profile.Home) }

// Queued returns the number of commands that wait.
func (l *Ledger) Queued() int { return l.lanes.Queued() }

// closeTimeout bounds what Close waits for: a network that is gone would hold it
// up for ever.
const closeTimeout = 30 * time.Second

// Close implements [ledger.Ledger]. It executes what waits and takes a last
// checkpoint, for which it waits half a minute each at most.
func (l *Ledger) Close() (err error) {
	l.closing.Do(func() { err = l.close() })
	return err
}

func (l *Ledger) close() error {
	l.joining.Lock() // nobody is followed any more who is not yet
	l.closed.Store(true)
	l.joining.Unlock()
	l.stopCheckpoints()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := l.lanes.Close(ctx)
	if err == nil && l.opts.CheckpointEvery > 0 {
		if e := l.checkpoint(ctx); e != nil {
			err = fmt.Errorf("last checkpoint: %w", e)
		}
	}
	return errors.Join(err, l.release())
}

func (l *Ledger) release() error {
	l.stop()
	l.followers.Wait()
	if l.link != nil {
		l.link.close()
	}
	return nil
}

// now is the time for the next transaction.
func (l *Ledger) now() time.Time {
	for {
		last := l.at.Load()
		if at := max(last, l.opts.Clock().UnixMilli()); l.at.CompareAndSwap(last, at) {
			return time.UnixMilli(at)
		}
	}
}
