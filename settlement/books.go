package settlement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/paper"
)

// books gathers one window: the sums of all partners, and for each that is to be
// settled with the statement as it is written and the tree over its lines.
type books struct {
	window     ledger.Date
	partners   []ledger.Partner
	tally      *netting.Tally
	statements map[string]*statement
	trees      map[string]*ledger.Frontier
	liability  *paper.Liability
	record     wire.Encoder
}

func (n *Night) openBooks(ctx context.Context, w pending) (*books, error) {
	partners, err := n.ledger.Partners(ctx)
	if err != nil {
		return nil, err
	}
	agreements, err := n.ledger.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	alliance, err := n.ledger.Alliance(ctx)
	if err != nil {
		return nil, err
	}
	b := &books{window: w.date, partners: partners, tally: netting.NewTally(w.date, partners, agreements),
		statements: map[string]*statement{}, trees: map[string]*ledger.Frontier{},
		liability: paper.NewLiability()}
	for _, p := range w.partners {
		s, err := createStatement(n.dir, paper.Heading{Partner: p, Hub: alliance.Hub, Window: w.date, Zone: n.calendar.Location})
		if err != nil {
			b.discard()
			return nil, err
		}
		b.statements[p.Code], b.trees[p.Code] = s, &ledger.Frontier{}
	}
	return b, nil
}

// add books each leg of a transfer with its partner.
func (b *books) add(e ledger.Entry) error {
	t := &e.Transfer
	if err := b.tally.Add(t); err != nil {
		return fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	if err := b.liability.Add(t); err != nil {
		return err
	}
	var err error
	switch {
	case t.Kind == ledger.KindHold || t.Kind == ledger.KindVoid: // a hold's leg counts when it is posted
	case t.Kind == ledger.KindAcceptAdjustment:
		err = b.line(t.To, t, func(s *statement) error { return s.csv.Adjust(&e) })
	default:
		if t.Source != nil {
			err = b.line(t.Source.Partner, t, func(s *statement) error { return s.csv.Write(&e, t.Source, ledger.In) })
		}
		if t.Destination != nil {
			err = errors.Join(err, b.line(t.Destination.Partner, t, func(s *statement) error { return s.csv.Write(&e, t.Destination, ledger.Out) }))
		}
	}
	if err != nil {
		return fmt.Errorf("transfer %s: %w", t.ID, err)
	}
	return nil
}

// line adds a transfer to a partner's statement and to the tree over its lines,
// the leaves of which are the records on the ledger: whoever has the blocks can
// make the same tree.
func (b *books) line(partner string, t *ledger.Transfer, write func(*statement) error) error {
	s := b.statements[partner]
	if s == nil {
		return nil
	}
	b.record.Reset()
	t.Append(&b.record)
	b.trees[partner].Push(ledger.LeafHash(b.record.Bytes()))
	return write(s)
}

// compare holds the sums against the ledger's own positions.
func (b *books) compare(ctx context.Context, l Ledger) error {
	for _, p := range b.partners {
		kept, err := l.Position(ctx, p.Code, b.window)
		if errors.Is(err, ledger.ErrNotFound) { // nothing was converted
			kept, err = ledger.Position{Partner: p.Code, Window: b.window}, nil
		}
		if err != nil {
			return err
		}
		if got := b.tally.Position(p.Code); kept != got {
			return fmt.Errorf("%w: partner %s: transfers give %+v, the ledger kept %+v", ErrMismatch, p.Code, got, kept)
		}
	}
	return nil
}

// finish completes a partner's statement and returns the settlement, as far as
// the window's transfers tell.
func (b *books) finish(partner string, now time.Time) (*Settlement, error) {
	s, position := b.statements[partner], b.tally.Position(partner)
	if err := s.finish(&position); err != nil {
		return nil, err
	}
	return &Settlement{ID: ID(b.window, partner), Partner: partner, Window: b.window, State: Netted,
		Position: position, Lines: s.csv.Lines(), Digest: s.digest(), File: s.name, UpdatedAt: now.UnixMilli(),
		Figures: ledger.SettlementFigures{Lines: s.csv.Lines(), Root: b.trees[partner].Root(), Net: position.Net()}}, nil
}

// discard removes what was not finished.
func (b *books) discard() {
	for _, s := range b.statements {
		s.discard()
	}
}
