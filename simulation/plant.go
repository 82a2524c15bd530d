package simulation

import (
	"context"
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// Bug is a mistake that is made on purpose, to see whether it is found. Only this
// package's tests can plant one.
type Bug uint8

// The bugs.
const (
	NoBug Bug = iota
	// LostCompensation: a conversion that fails after the partner's debit ends without
	// the debit being given back.
	LostCompensation
	// DoublePost: a conversion whose outcome at the ledger is not known is given again
	// under another ID.
	DoublePost
	// WindowOffByOne: the night counts the last transfer before the cut-off in the next
	// window.
	WindowOffByOne
	// ResidueDropped: what rounding left is not kept.
	ResidueDropped
	// LeaseWithoutFence: neither database nor ledger look at who still has his lease.
	LeaseWithoutFence
)

// spoilRow is the row that is stored.
func (b Bug) spoilRow(c *exchange.Conversion) *exchange.Conversion {
	if b != LostCompensation || c.Step != exchange.StepRefund || c.Out != nil {
		return c
	}
	c = c.Clone()
	c.Step, c.Status, c.Outcome, c.FinishedAt, c.EscalatedAt = exchange.StepDone, exchange.Failed, exchange.Failed, c.TurnedAt, 0
	return c
}

// spoilCommands are the commands that are given.
func (b Bug) spoilCommands(w *world, p *process, commands []ledger.Command) []ledger.Command {
	if b != DoublePost {
		return commands
	}
	for i := range commands {
		c := &commands[i]
		switch c.Body.Kind() {
		case ledger.KindConvertIn, ledger.KindConvertOut, ledger.KindCrossConvert:
			if n := w.model.given(p.name, c.ID); n > 0 {
				c.ID = c.ID.Step(7 + n%8)
			}
		}
	}
	return commands
}

// spoilWrites are the writes of a batch.
func (b Bug) spoilWrites(t *ledgertest.Transaction) {
	if b != ResidueDropped {
		return
	}
	t.Writes = slices.DeleteFunc(t.Writes, func(w ledgertest.Write) bool {
		if !strings.HasPrefix(w.Key, "r/") {
			return false
		}
		was, err := t.Store.Get(w.Key) // the first is that of the agreement's acceptance
		return err == nil && was[0] != nil
	})
}

// spoilWindow are the transfers of a window as the night reads them.
func (b Bug) spoilWindow(c *chain, window ledger.Date, all []ledger.Entry) ([]ledger.Entry, error) {
	if b != WindowOffByOne || len(all) == 0 {
		return all, nil
	}
	before, err := c.transfers(window - 1)
	if len(before) > 0 {
		moved := before[len(before)-1]
		moved.Transfer.Window = window
		all = append([]ledger.Entry{moved}, all...)
	}
	return all[:len(all)-1], err
}

// spoilPosition is the position that belongs to such a window.
func (b Bug) spoilPosition(ctx context.Context, c *chain, partner string, window ledger.Date) (ledger.Position, error, bool) {
	if b != WindowOffByOne {
		return ledger.Position{}, nil, false
	}
	all, err := c.transfers(window)
	if err == nil {
		all, err = b.spoilWindow(c, window, all)
	}
	if err != nil {
		return ledger.Position{}, err, true
	}
	companies, err := c.Partners(ctx)
	if err != nil {
		return ledger.Position{}, err, true
	}
	agreements, err := c.Agreements(ctx)
	if err != nil {
		return ledger.Position{}, err, true
	}
	tally := netting.NewTally(window, companies, agreements)
	for i := range all {
		if err := tally.Add(&all[i].Transfer); err != nil {
			return ledger.Position{}, err, true
		}
	}
	return tally.Position(partner), nil, true
}
