package simulation

import (
	"context"
	"fmt"
	"slices"

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
		l.give(s)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Check implements [ledger.Ledger].
func (l ledgerLine) Check(_ context.Context, who ledger.Identity, command ledger.Command) (result ledger.Result, err error) {
	err = l.w.over(l.w.lines.ledger, l.p, "ledger check "+command.ID.String(), instantly(func() (err error) {
		result, err = l.check(who, command)
		return err
	}))
	return result, err
}

// Find implements [ledger.Ledger].
func (l ledgerLine) Find(_ context.Context, id ledger.ID) (e ledger.Entry, err error) {
	err = l.w.over(l.w.lines.ledger, l.p, "ledger find "+id.String(), instantly(func() (err error) {
		e, err = l.find(id)
		return err
	}))
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
	for i := 0; i < len(all) && err == nil; i++ {
		err = visit(all[i])
	}
	return err
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
