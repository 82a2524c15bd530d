package simulation

import (
	"context"
	"slices"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
)

// storeLine is the database as one process sees it. What it does not override is read
// at once.
type storeLine struct {
	exchange.Store
	w *world
	p *process
}

// write does a transaction, which fails when the process was fenced.
func (s storeLine) write(what string, do func() error) error {
	return s.w.over(s.w.lines.store, s.p, "store "+what, instantly(func() error {
		if s.w.slots.stale(s.p) {
			s.w.note("database: refuses slot %d with token %d", s.p.slot, s.p.token)
			s.w.after(0, s.p.name+" is fenced", func() { s.w.crash(s.p, "fenced") })
			return errFenced
		}
		return do()
	}))
}

func (s storeLine) read(what string, do func() error) error {
	return s.w.over(s.w.lines.store, s.p, "store "+what, instantly(do))
}

// CreateConversions implements [exchange.Store].
func (s storeLine) CreateConversions(ctx context.Context, all []*exchange.Conversion) (made []exchange.Creation, err error) {
	err = s.write("create "+all[0].ID.String(), func() (err error) {
		made, err = s.Store.CreateConversions(ctx, all)
		return err
	})
	return made, err
}

// UpdateConversion implements [exchange.Store].
func (s storeLine) UpdateConversion(ctx context.Context, c *exchange.Conversion) error {
	c = s.w.o.plant.spoilRow(c)
	return s.write("update "+c.ID.String()+" "+string(c.Step), func() error { return s.Store.UpdateConversion(ctx, c) })
}

// UpdateConversions implements [exchange.Store].
func (s storeLine) UpdateConversions(ctx context.Context, all []*exchange.Conversion) error {
	all = slices.Clone(all)
	for i := range all {
		all[i] = s.w.o.plant.spoilRow(all[i])
	}
	return s.write("update all "+all[0].ID.String()+" "+string(all[0].Step), func() error { return s.Store.UpdateConversions(ctx, all) })
}

// CreateQuote implements [exchange.Store].
func (s storeLine) CreateQuote(ctx context.Context, q *exchange.Quote) error {
	return s.write("quote "+q.ID.String(), func() error { return s.Store.CreateQuote(ctx, q) })
}

// CreateReversal implements [exchange.Store].
func (s storeLine) CreateReversal(ctx context.Context, r *exchange.Reversal) (existing *exchange.Reversal, err error) {
	err = s.write("create reversal "+r.ID.String(), func() (err error) {
		existing, err = s.Store.CreateReversal(ctx, r)
		return err
	})
	return existing, err
}

// UpdateReversal implements [exchange.Store].
func (s storeLine) UpdateReversal(ctx context.Context, r *exchange.Reversal) error {
	return s.write("update reversal "+r.ID.String()+" "+string(r.Step), func() error { return s.Store.UpdateReversal(ctx, r) })
}

// Conversion implements [exchange.Store].
func (s storeLine) Conversion(ctx context.Context, id ledger.ID) (c *exchange.Conversion, err error) {
	err = s.read("conversion "+id.String(), func() (err error) {
		c, err = s.Store.Conversion(ctx, id)
		return err
	})
	return c, err
}

// Reversal implements [exchange.Store].
func (s storeLine) Reversal(ctx context.Context, id ledger.ID) (r *exchange.Reversal, err error) {
	err = s.read("reversal "+id.String(), func() (err error) {
		r, err = s.Store.Reversal(ctx, id)
		return err
	})
	return r, err
}

// UnfinishedConversions implements [exchange.Store].
func (s storeLine) UnfinishedConversions(ctx context.Context, after ledger.ID, limit int) (all []*exchange.Conversion, err error) {
	err = s.read("unfinished conversions", func() (err error) {
		all, err = s.Store.UnfinishedConversions(ctx, after, limit)
		return err
	})
	return all, err
}

// UnfinishedReversals implements [exchange.Store].
func (s storeLine) UnfinishedReversals(ctx context.Context, after ledger.ID, limit int) (all []*exchange.Reversal, err error) {
	err = s.read("unfinished reversals", func() (err error) {
		all, err = s.Store.UnfinishedReversals(ctx, after, limit)
		return err
	})
	return all, err
}

// settlementLine is the store of settlements as one process sees it.
type settlementLine struct {
	settlement.Store
	s storeLine
}

// SaveSettlements implements [settlement.Store].
func (l settlementLine) SaveSettlements(ctx context.Context, all []settlement.Settlement) error {
	return l.s.write("settlement "+all[0].ID, func() error { return l.Store.SaveSettlements(ctx, all) })
}
