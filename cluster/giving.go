package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// giving is commands on their way to whoever owns their lane.
type giving struct {
	m *Member
	order
	sent bool // an owner had them who gave no answer
}

func (g *giving) run(ctx context.Context) ([]ledger.Result, error) {
	patience := time.NewTimer(g.m.o.Patience)
	defer patience.Stop()
	for {
		who, changed := g.m.ownerOf(g.lane)
		results, err := g.give(ctx, who, changed, patience.C)
		switch {
		case err == nil:
			return results, nil
		case !g.again(err):
			return nil, g.ended(err)
		}
		if !who.none {
			g.m.soon() // somebody was found wanting
		}
		if err := g.wait(ctx, who, changed, patience.C, err); err != nil {
			return nil, g.ended(err)
		}
	}
}

// retryPause is how long one waits before an owner that was found wanting is tried
// again, when nobody else becomes it meanwhile.
const retryPause = 50 * time.Millisecond

// wait returns nil when there is another owner to try, or the same again. That all
// look at the others because one was found wanting is no reason to try: they would
// drive each other in circles.
func (g *giving) wait(ctx context.Context, who owner, changed <-chan struct{}, patience <-chan time.Time, last error) error {
	pause := time.NewTimer(retryPause)
	defer pause.Stop()
	for {
		select {
		case <-changed:
			var now owner
			if now, changed = g.m.ownerOf(g.lane); now != who {
				return nil
			}
		case <-pause.C:
			return nil
		case <-patience:
			return fmt.Errorf("%w: lane %d had no owner that answered within %s: %v", ledger.ErrBusy, g.lane, g.m.o.Patience, last)
		case <-g.m.lost:
			return ledger.ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// errNobody: no gateway serves the lane, as far as is known.
var errNobody = errors.New("cluster: nobody serves the lane")

// errMoved: the lane has another owner than the one who was given the commands.
var errMoved = fmt.Errorf("%w: the lane's owner changed before it answered", ledger.ErrOutcomeUnknown)

// give gives the commands to an owner once.
func (g *giving) give(ctx context.Context, who owner, changed <-chan struct{}, patience <-chan time.Time) ([]ledger.Result, error) {
	g.epoch = who.epoch
	switch {
	case who.none:
		return nil, errNobody
	case who.Slot == g.m.slot:
		return g.m.carryOut(ctx, &g.order)
	}
	begun := g.m.o.Now()
	results, err := g.call(ctx, who, changed, patience)
	g.m.o.Observe(Call{Lane: g.lane, Commands: len(g.commands), Took: g.m.o.Now().Sub(begun), Err: err})
	return results, err
}

// call asks another gateway, and waits for as long as it stays the owner.
func (g *giving) call(ctx context.Context, who owner, changed <-chan struct{}, patience <-chan time.Time) ([]ledger.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := g.m.peers.get(who.Gateway)
	if err != nil {
		return nil, err
	}
	r := p.ask(func(e *wire.Encoder, number uint64) {
		o := g.order
		o.number = number
		o.append(e)
	})
	for {
		select {
		case <-r.done:
			if r.err == nil && len(r.results) != len(g.commands) {
				return nil, fmt.Errorf("%w: the lane's owner answered %d commands with %d results", ledger.ErrOutcomeUnknown, len(g.commands), len(r.results))
			}
			return r.results, r.err
		case <-changed:
			var now owner
			if now, changed = g.m.ownerOf(g.lane); now != who {
				return nil, errMoved
			}
		case <-patience:
			return nil, fmt.Errorf("%w: the lane's owner did not answer within %s", ledger.ErrOutcomeUnknown, g.m.o.Patience)
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %v while the lane's owner had the commands", ledger.ErrOutcomeUnknown, ctx.Err())
		}
	}
}

// again reports whether the commands are to be given to the next owner, and notes
// whether an owner may have carried them out.
func (g *giving) again(err error) bool {
	var refused bool
	for _, one := range [...]error{errNobody, errNothingSent, errMoved, errBroken, ErrLost, ledger.ErrNotOwner, ledger.ErrFenced} {
		refused = refused || errors.Is(err, one)
	}
	// A ledger that is closed here is so for good; elsewhere it is a gateway that ends.
	var elsewhere *remoteError
	refused = refused || errors.Is(err, ledger.ErrClosed) && errors.As(err, &elsewhere)
	g.sent = g.sent || errors.Is(err, ledger.ErrOutcomeUnknown)
	return refused
}

// ended is the error with which the giving ends: what may have been carried out is
// not denied.
func (g *giving) ended(err error) error {
	if !g.sent || errors.Is(err, ledger.ErrOutcomeUnknown) {
		return err
	}
	return fmt.Errorf("%w: an owner of the lane had the commands and did not answer; then: %v", ledger.ErrOutcomeUnknown, err)
}

// owner is who serves a lane.
type owner struct {
	Gateway
	epoch uint64
	none  bool
}

// ownerOf returns who serves a lane, as far as is known here, and what is closed
// when that may have changed.
func (m *Member) ownerOf(lane uint32) (owner, <-chan struct{}) {
	epoch, here := m.serves(lane)
	m.mu.Lock()
	defer m.mu.Unlock()
	if here {
		return owner{Gateway: Gateway{Slot: m.slot}, epoch: epoch}, m.changed
	}
	g, d, ok := m.view.Holder(LaneDuty(lane))
	if !ok || g.Slot == m.slot {
		return owner{none: true}, m.changed
	}
	return owner{Gateway: g, epoch: d.Epoch}, m.changed
}
