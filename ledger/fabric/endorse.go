package fabric

import (
	"context"
	"errors"
	"slices"
	"time"

	pb "github.com/hyperledger/fabric-protos-go/peer"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/internal/message"
)

// endorsed is a transaction that peers have endorsed.
type endorsed struct {
	prepared *message.Prepared
	answers  []*answer // the home peer's first
	set      *message.Set
	results  []ledger.Result
	written  int // transfers
}

// endorsers returns a peer of each company that is to endorse, the home peer
// first. All have committed everything before.
func (l *Ledger) endorsers(ctx context.Context, b *batch) ([]*peer, error) {
	home, err := l.home().await(ctx, l.tail.Load(), l.opts.Patience.Order)
	if err != nil {
		return nil, err
	}
	peers := []*peer{home}
	for _, msp := range union(b.companies, l.others(b)) {
		if msp == home.company {
			continue
		}
		p, err := l.present(ctx, msp)
		if err != nil {
			return nil, err
		}
		peers = append(peers, p)
	}
	return peers, nil
}

// present returns a peer of a company. One that is down is not waited for: it
// would hold up the commands of others.
func (l *Ledger) present(ctx context.Context, msp string) (*peer, error) {
	c, err := l.company(ctx, msp)
	if err != nil {
		return nil, err
	}
	tail := l.tail.Load()
	if !c.there(tail) {
		return nil, &EndorseError{Company: msp, Err: c.lag(tail)}
	}
	p, err := c.await(ctx, tail, l.opts.Patience.Lag)
	if err != nil && ctx.Err() == nil {
		for _, p := range c.peers {
			l.distrust(p, err)
		}
	}
	return p, err
}

// others returns companies that endorse though the batch does not concern them:
// all that are there, or one, because the utility alone cannot change the
// ledger.
func (l *Ledger) others(b *batch) []string {
	home := l.opts.Profile.Home
	if !b.everybody && (l.opts.Profile.UtilityAlone || len(b.companies) > 1 || b.companies[0] != home) {
		return nil
	}
	l.choosing.Lock()
	defer l.choosing.Unlock()
	ready := slices.DeleteFunc(l.companies.ready(l.tail.Load()), func(msp string) bool {
		return msp == home || slices.Contains(b.excused, msp)
	})
	switch {
	case b.everybody && len(ready) > 0:
		return ready
	case slices.Contains(ready, l.witness):
	case len(ready) > 0:
		l.witness = ready[0]
	default:
		l.witness = l.anyPartner()
	}
	return []string{l.witness}
}

// anyPartner names a company beside the home, to wait for or to blame when none
// is there.
func (l *Ledger) anyPartner() string {
	for _, c := range l.companies.all() {
		if c.msp != l.opts.Profile.Home {
			return c.msp
		}
	}
	return ""
}

// endorse has the batch endorsed by all peers at the same time.
func (l *Ledger) endorse(ctx context.Context, b *batch, peers []*peer) (*endorsed, error) {
	prepared, signed, err := l.link.proposal(b.signer, b.function, b.request, l.now())
	if err != nil {
		return nil, err
	}
	answers, errs := l.collect(ctx, b.signer, signed, peers)
	agreed, err := l.compare(ctx, b, peers, answers, errs)
	if err != nil {
		return nil, err
	}
	return &endorsed{prepared: prepared, answers: agreed}, nil
}

// collect asks all peers at the same time. Without the home peer, the first,
// nothing goes, so it has as long as it takes; how long that is tells how busy
// everything is, and the patience with the others begins when it has answered.
func (l *Ledger) collect(ctx context.Context, s *signer, signed *pb.SignedProposal, peers []*peer) ([]*answer, []error) {
	answers, errs := make([]*answer, len(peers)), make([]error, len(peers))
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	patience := l.opts.Patience
	done := make(chan int, len(peers))
	for i, p := range peers {
		most := patience.Order
		if i > 0 {
			most += patience.Endorse
		}
		go func() {
			answers[i], errs[i] = p.propose(ctx, s, signed, most)
			done <- i
		}()
	}
	for range peers {
		switch i := <-done; {
		case i == 0 && errs[0] != nil:
			enough()
		case i == 0:
			defer time.AfterFunc(patience.Endorse, enough).Stop()
		}
	}
	return answers, errs
}

// compare returns the answers, if they agree. A company that the batch does not
// concern is not asked again.
func (l *Ledger) compare(ctx context.Context, b *batch, peers []*peer, answers []*answer, errs []error) ([]*answer, error) {
	for i, a := range answers {
		err := errs[i]
		if err == nil && i > 0 {
			err = a.agrees(answers[0])
		}
		if err == nil {
			continue
		}
		if i > 0 && !slices.Contains(b.companies, peers[i].company) {
			b.excused = append(b.excused, peers[i].company)
		}
		if e := (*EndorseError)(nil); errors.As(err, &e) && e.Code == 0 && ctx.Err() == nil {
			l.distrust(peers[i], err)
		}
		return nil, err
	}
	return answers, nil
}

// distrust asks a peer no more before it is heard again, on a new connection, and
// has what others have.
func (l *Ledger) distrust(p *peer, reason error) {
	l.opts.Logger.Warn("a peer is not asked until it is heard again and has caught up", "peer", p.node.Name, "reason", reason)
	p.follower.distrust()
	l.link.conns.drop(p.node.Address, nil)
}

// read takes results and write set out of what was endorsed.
func (tx *endorsed) read(channel string) error {
	home := tx.answers[0]
	fail := func(err error) error { return &EndorseError{Company: home.peer.company, Err: err} }
	r, err := message.ReadResponse(home.payload)
	if err != nil {
		return fail(err)
	}
	if tx.set, err = r.Set(); err != nil {
		return fail(err)
	}
	header, records, err := written(tx.set)
	if err != nil {
		return fail(err)
	}
	tx.written = len(records)
	if tx.results, err = codec.DecodeResults(r.Payload, channel, header, records); err != nil {
		return fail(err)
	}
	return nil
}
