package settlement

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
)

// machine sees all cases.
var machine = desk.Person{ID: "reconciliation"}

// tell gives the desk what was found, and ends the cases whose books agree.
func (c *comparison) tell(ctx context.Context) error {
	var findings []desk.Finding
	var from []*reconcile.Record // the partner's first record of each
	var cleared []string
	standing := map[string]bool{}
	for i := range c.breaks {
		b := &c.breaks[i]
		id := b.ID.String()
		if b.Event == reconcile.Cleared {
			cleared = append(cleared, id)
			continue
		}
		standing[id] = true
		findings, from = append(findings, c.finding(b)), append(from, b.Books[reconcile.Partner].First)
	}
	if err := c.texts(ctx, findings, from); err != nil {
		return err
	}
	if err := c.r.o.Desk.Report(ctx, c.span.Window, findings); err != nil {
		return err
	}
	gone, err := c.gone(ctx, standing)
	if err != nil {
		return err
	}
	return c.r.o.Desk.Clear(ctx, c.span.Window, append(cleared, gone...))
}

// gone are the cases that an earlier run found in this window and this one does not:
// the partner has corrected its statement. What the bank told stays.
func (c *comparison) gone(ctx context.Context, standing map[string]bool) (ids []string, err error) {
	err = c.r.eachCase(ctx, c.s.Partner, c.span.Window, func(one *desk.Case) {
		if !one.State.Ended() && !standing[one.ID] && reconcile.FindsType(one.Type) {
			ids = append(ids, one.ID)
		}
	})
	return ids, err
}

// eachCase visits the cases that were first seen in a window, by ID.
func (r *Reconciler) eachCase(ctx context.Context, partner string, window ledger.Date, visit func(*desk.Case)) error {
	const page = 500
	for after := (*desk.Place)(nil); ; {
		cases, err := r.o.Desk.Cases(ctx, machine, desk.Filter{Partner: partner, Window: window}, desk.ByWindow, after, page)
		if err != nil {
			return err
		}
		for _, one := range cases {
			visit(one)
		}
		if len(cases) < page {
			return nil
		}
		after = desk.ByWindow.After(cases[len(cases)-1])
	}
}

func (c *comparison) finding(b *reconcile.Break) desk.Finding {
	return desk.Finding{ID: b.ID.String(), Partner: b.Partner, Window: b.Since, Type: b.Type.String(), Movement: b.Movement.String(),
		Transfer: b.Key, Value: c.prices.value(b), Tolerated: c.tolerated(b), Differs: b.Differs.Names(),
		Ledger: book(&b.Books[reconcile.Ledger]), Ours: book(&b.Books[reconcile.Ours]), Theirs: book(&b.Books[reconcile.Partner])}
}

func book(b *reconcile.Book) *desk.Book {
	if b.First == nil {
		return nil
	}
	out := &desk.Book{Lines: int64(b.Lines), Amount: b.Amount, At: b.First.At, Status: b.First.Status.String(), Line: int64(b.First.Line)}
	if b.Lines <= 1 {
		out.Points = b.First.Points
	}
	if b.Lines == 0 {
		out.Amount = b.First.Amount
	}
	if b.First.Was == 0 { // otherwise it is that of the break
		out.Window = b.First.Window
	}
	return out
}

// tolerated says whether a break keeps nobody from signing: one that waits for the
// next window, or one about no more than the partner's tolerance.
func (c *comparison) tolerated(b *reconcile.Break) bool {
	switch b.Type {
	case reconcile.WrongWindow:
		return true
	case reconcile.MissingAtPartner, reconcile.MissingOnLedger, reconcile.WrongAmount, reconcile.Duplicate:
		d := b.Difference()
		return d != 0 && -c.tolerance.Amount <= d && d <= c.tolerance.Amount
	}
	return false
}

// texts adds what the engine has only fingerprints of: from the lines of the
// statement, from the ledger, and for what an earlier run found from its case.
func (c *comparison) texts(ctx context.Context, findings []desk.Finding, from []*reconcile.Record) error {
	byLine := map[int][]*desk.Finding{}
	for i := range findings {
		if theirs := from[i]; theirs != nil && theirs.Was == 0 && theirs.Line > 0 {
			byLine[int(theirs.Line)] = append(byLine[int(theirs.Line)], &findings[i])
		} else if err := c.remembered(ctx, &findings[i]); err != nil {
			return err
		}
	}
	if len(byLine) == 0 {
		return nil
	}
	return c.file.Each(ctx, func(l *statementfile.Line) error {
		for _, f := range byLine[l.Number] {
			f.Reference, f.Theirs.Membership = l.Reference, l.Membership
		}
		return nil
	})
}

// remembered takes over what the break's case says already, or the reference that
// the ledger has.
func (c *comparison) remembered(ctx context.Context, f *desk.Finding) error {
	known, err := c.r.o.Desk.Case(ctx, machine, f.ID)
	switch {
	case err == nil:
		f.Reference = known.Reference
		if f.Theirs != nil && known.Theirs != nil {
			f.Theirs.Membership = known.Theirs.Membership
		}
		return nil
	case !errors.Is(err, desk.ErrNotFound):
		return err
	case f.Ledger == nil || f.Transfer.IsZero():
		return nil
	}
	// A conversion is recorded under its own ID or, when its points were held before,
	// under the next.
	for n := range 2 {
		e, err := c.r.o.Ledger.Find(ctx, f.Transfer.Step(n))
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if f.Reference = e.Transfer.Reference; f.Reference != "" {
			return nil
		}
	}
	return nil
}
