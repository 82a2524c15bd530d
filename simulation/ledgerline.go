package simulation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// ledgerLine is the ledger as one process sees it.
type ledgerLine struct {
	*chain
	p *process
}

var _ ledger.Ledger = ledgerLine{}

// Submit implements [ledger.Ledger]. What arrives after its caller has given up, or again,
// is executed only if nothing was in between: on Fabric an envelope that was endorsed on
// an older state is invalid, and a refusal is an answer like any other.
func (l ledgerLine) Submit(_ context.Context, who ledger.Identity, commands ...ledger.Command) (results []ledger.Result, err error) {
	if len(commands) == 0 {
		return nil, nil
	}
	commands = l.w.o.plant.spoilCommands(l.w, l.p, slices.Clone(commands))
	what := fmt.Sprintf("ledger submit %s %s", commands[0].Body.Kind(), commands[0].ID)
	height, until := l.stands(), l.w.wakes(l.p)+l.w.lines.ledger.timeout
	again := false
	err = l.w.over(l.w.lines.ledger, l.p, what, func(done func(error)) {
		if (again || l.w.elapsed() > until) && l.answers != height {
			l.w.note("%s %s: too late", l.p.name, what)
			return
		}
		again = true
		s := &submission{who: who, commands: commands, slot: l.p.slot, token: l.p.token}
		s.done = func(r []ledger.Result, err error) {
			if err == nil {
				results = r
			}
			done(err)
		}
		l.w.carry(what, s)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Check implements [ledger.Ledger].
func (l ledgerLine) Check(_ context.Context, who ledger.Identity, command ledger.Command) (result ledger.Result, err error) {
	var last ledger.Result // which a request may still write when the caller has given up
	err = l.w.over(l.w.lines.ledger, l.p, "ledger check "+command.ID.String(), instantly(func() (err error) {
		last, err = l.check(who, command)
		return err
	}))
	if err == nil {
		result = last
	}
	return result, err
}

// Find implements [ledger.Ledger].
func (l ledgerLine) Find(_ context.Context, id ledger.ID) (e ledger.Entry, err error) {
	var last ledger.Entry
	err = l.w.over(l.w.lines.ledger, l.p, "ledger find "+id.String(), instantly(func() (err error) {
		last, err = l.find(id)
		return err
	}))
	if err == nil {
		e = last
	}
	return e, err
}

// Transfers implements [ledger.Ledger].
func (l ledgerLine) Transfers(_ context.Context, window ledger.Date, visit func(ledger.Entry) error) error {
	var all []ledger.Entry
	err := l.w.over(l.w.lines.ledger, l.p, "ledger transfers "+window.String(), instantly(func() (err error) {
		if all, err = l.transfers(window); err == nil {
			all, err = l.w.o.plant.spoilWindow(l.chain, window, all)
		}
		return err
	}))
	if err != nil {
		return err
	}
	for _, e := range all {
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

// Position implements [ledger.Ledger].
func (l ledgerLine) Position(ctx context.Context, partner string, window ledger.Date) (ledger.Position, error) {
	if err := l.alive(); err != nil {
		return ledger.Position{}, err
	}
	if p, err, spoilt := l.w.o.plant.spoilPosition(ctx, l.chain, partner, window); spoilt {
		return p, err
	}
	return l.chain.Position(ctx, partner, window)
}

// Alliance implements [ledger.Ledger].
func (l ledgerLine) Alliance(ctx context.Context) (ledger.Alliance, error) {
	if err := l.alive(); err != nil {
		return ledger.Alliance{}, err
	}
	return l.chain.Alliance(ctx)
}

// Balances implements [ledger.Ledger].
func (l ledgerLine) Balances(_ context.Context, programme string, visit func(ledger.Balance) error) error {
	all, err := l.balances(programme)
	for i := 0; i < len(all) && err == nil; i++ {
		err = visit(all[i])
	}
	return err
}

// Receipt implements [ledger.Ledger]; there is no signer here.
func (ledgerLine) Receipt(context.Context, ledger.ID) (ledger.Receipt, error) {
	return ledger.Receipt{}, ledger.ErrNotFound
}

// Close implements [ledger.Ledger].
func (ledgerLine) Close() error { return nil }

// carry brings a call to the lane's owner, which gives it to the ledger under its epoch:
// at once, when it goes on, or, if it is dead, never.
func (w *world) carry(what string, s *submission) {
	p := w.owner()
	switch {
	case p == nil || p.dead:
		w.note("%s: the lane has no owner", what)
	case p.epoch == 0:
		s.done(nil, ledger.ErrBusy)
	case p.paused > w.elapsed():
		w.after(p.paused-w.elapsed()+w.dice(what+" is carried on").between(0, time.Millisecond), what+" is carried on", func() {
			if !p.dead {
				w.giveAs(p, s)
			}
		})
	default:
		w.giveAs(p, s)
	}
}

func (w *world) giveAs(p *process, s *submission) {
	s.epoch = p.epoch
	if w.o.plant == LeaseWithoutFence {
		s.epoch = max(s.epoch, w.chain.epoch())
	}
	w.chain.give(s)
}

// owner is the process that the database says owns the lane.
func (w *world) owner() *process {
	for _, p := range w.gateways {
		if p != nil && p.slot == w.slots.leader {
			return p
		}
	}
	return nil
}

// takeLane makes a process the owner of the lane in the ledger's eyes.
func (p *process) takeLane(epoch uint64) error {
	w := p.w
	var random [10]byte
	w.dice(p.name + " takes the lane").Read(random[:])
	command := ledger.Command{ID: ledger.NewID(p.now(), random).Root(), Body: &ledger.TakeLane{}}
	return w.over(w.lines.ledger, p, fmt.Sprintf("ledger take lane %d", epoch), func(done func(error)) {
		w.chain.give(&submission{who: utility, commands: []ledger.Command{command}, slot: p.slot, token: p.token, epoch: epoch,
			done: func(_ []ledger.Result, err error) {
				if err == nil {
					p.epoch = epoch
				}
				done(err)
			}})
	})
}

// stands is how many batches were answered so far.
func (c *chain) stands() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answers
}

func (l ledgerLine) alive() error {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if l.p.dead {
		return errDead
	}
	return nil
}
