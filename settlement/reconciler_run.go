package settlement

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

// breaksMax is how many breaks of one run are taken for breaks. With more, what
// came is another day's statement, or another company's.
const breaksMax = 100_000

// comparison is one run for a settlement.
type comparison struct {
	r         *Reconciler
	s         *Settlement
	span      Span
	tolerance reconcile.Tolerance
	file      *statements.File
	before    keptRef // what was kept for it
	prices    *prices
	breaks    []reconcile.Break
}

// reconcile compares, tells the desk, the ledger and the store, and only then
// remembers that it did: whatever is interrupted is done again, with the same result.
func (r *Reconciler) reconcile(ctx context.Context, s *Settlement, st *statements.Statement, before keptRef) (*Outcome, error) {
	file, err := r.o.Statements.Open(ctx, st)
	if err != nil {
		return nil, fmt.Errorf("statement %s: %w", st.ID, err)
	}
	defer file.Close()
	prices, err := r.prices(ctx, s.Partner)
	if err != nil {
		return nil, err
	}
	c := &comparison{r: r, s: s, file: file, before: before, prices: prices, tolerance: r.o.Tolerance(s.Partner),
		span: Span{Window: s.Window, Start: r.o.Calendar.Start(s.Window).UnixMilli(), End: r.o.Calendar.Start(s.Window + 1).UnixMilli()}}
	report, kept, err := c.run(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.tell(ctx); err != nil {
		return nil, err
	}
	breaks, err := r.put(ctx, s)
	if err != nil {
		return nil, err
	}
	done := &Reconciliation{Partner: s.Partner, Window: s.Window, Statement: st.ID, Digest: st.Digest, KeptFrom: before.digest, Kept: kept,
		Report: report, At: r.o.Now().UnixMilli()}
	if err := r.remember(ctx, done); err != nil {
		return nil, err
	}
	r.o.Logger.InfoContext(ctx, "settlement reconciled", "settlement", s.ID, "matched", report.Matched, "breaks", breaks.Found, "open", breaks.Open)
	return &Outcome{Settlement: s.ID, Partner: s.Partner, Window: s.Window, Report: report, Breaks: breaks}, nil
}

// remember stores the run, and drops what the one in its place had kept.
func (r *Reconciler) remember(ctx context.Context, done *Reconciliation) error {
	last, err := r.o.Runs.Reconciliation(ctx, done.Partner, done.Window)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err := r.o.Runs.SaveReconciliation(ctx, done); err != nil {
		return err
	}
	if last != nil && last.Kept != done.Kept {
		r.dropKept(keptRef{last.Partner, last.Window, last.Kept})
	}
	return nil
}

// run gives the books to the engine.
func (c *comparison) run(ctx context.Context) (reconcile.Report, ledger.Hash, error) {
	kept, err := c.r.createKept(c.s)
	if err != nil {
		return reconcile.Report{}, ledger.Hash{}, err
	}
	defer kept.discard()
	o := reconcile.Options{Partner: c.s.Partner, Window: c.span.Window, Start: c.span.Start, End: c.span.End,
		Tolerance: c.tolerance, SpillDir: c.r.o.SpillDir}
	if c.r.o.Progress != nil {
		o.Progress = func(p reconcile.Progress) { c.r.o.Progress(c.s.ID, p) }
	}
	in := reconcile.Inputs{Ledger: c.ledger, Ours: c.ours, Partner: c.theirs, Kept: func(ctx context.Context, yield func(*reconcile.Record) error) error {
		return c.r.eachKept(ctx, c.before, yield)
	}}
	report, err := reconcile.Run(ctx, o, in, reconcile.Outputs{Break: c.found, Keep: kept.add})
	if err != nil {
		return reconcile.Report{}, ledger.Hash{}, err
	}
	digest, err := kept.finish()
	return report, digest, err
}

func (c *comparison) found(b reconcile.Break) error {
	if len(c.breaks) == breaksMax {
		return fmt.Errorf("%w: more than %d; is it this partner's statement of %s?", ErrTooManyBreaks, breaksMax, c.span.Window)
	}
	c.breaks = append(c.breaks, b)
	return nil
}

func (c *comparison) ledger(ctx context.Context, yield func(*reconcile.Record) error) error {
	return c.r.o.Ledger.Transfers(ctx, c.span.Window, func(e ledger.Entry) error {
		return reconcile.FromTransfer(c.s.Partner, &e.Transfer, e.Locator.Index, yield)
	})
}

// ours gives our records of the window, and how those stand by now that were
// pending when the window before was compared.
func (c *comparison) ours(ctx context.Context, yield func(*reconcile.Record) error) error {
	give := func(r *reconcile.Record) error {
		c.prices.points(r)
		return yield(r)
	}
	if err := c.r.o.Records.Records(ctx, c.s.Partner, c.span, give); err != nil {
		return err
	}
	return c.r.eachKept(ctx, c.before, func(r *reconcile.Record) error {
		if r.Side != reconcile.Ours || r.Status != reconcile.Pending {
			return nil
		}
		return c.r.o.Records.RecordsOf(ctx, c.s.Partner, c.span, r.Key, give)
	})
}

// theirs gives the statement, of whose memberships so many are looked up at once.
func (c *comparison) theirs(ctx context.Context, yield func(*reconcile.Record) error) error {
	const together = 128
	lines := make([]reconcile.Record, 0, together)
	members := make([]string, 0, together)
	flush := func() error {
		err := c.strangers(ctx, lines, members, yield)
		lines, members = lines[:0], members[:0]
		return err
	}
	err := c.file.Each(ctx, func(l *statementfile.Line) error {
		lines, members = append(lines, l.Record(c.span.Window)), append(members, l.Membership)
		if len(lines) < together {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

func (c *comparison) strangers(ctx context.Context, lines []reconcile.Record, members []string, yield func(*reconcile.Record) error) error {
	var asked []string
	for _, m := range members {
		if m != "" {
			asked = append(asked, m)
		}
	}
	var known map[string]bool
	if len(asked) > 0 {
		var err error
		if known, err = c.r.o.Links.Linked(ctx, c.s.Partner, asked); err != nil {
			return err
		}
	}
	for i := range lines {
		lines[i].Stranger = members[i] != "" && !known[members[i]]
		if err := yield(&lines[i]); err != nil {
			return err
		}
	}
	return nil
}
