package settlement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// books gathers one window: for each partner the position, added up from the
// transfers, and the statement as it is written.
type books struct {
	window     ledger.Date
	partners   []ledger.Partner
	tally      *netting.Tally
	statements map[string]*statement
}

func (n *Night) openBooks(ctx context.Context, w ledger.Date) (*books, error) {
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
	b := &books{window: w, partners: partners, tally: netting.NewTally(w, partners, agreements), statements: map[string]*statement{}}
	for _, p := range partners {
		s, err := createStatement(n.dir, w, p, alliance.Hub, n.calendar.Location)
		if err != nil {
			b.discard()
			return nil, err
		}
		b.statements[p.Code] = s
	}
	return b, nil
}

// add books each leg of a transfer with its partner.
func (b *books) add(e ledger.Entry) error {
	t := &e.Transfer
	if err := b.tally.Add(t); err != nil {
		return fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	if t.Kind == ledger.KindHold || t.Kind == ledger.KindVoid {
		return nil // a hold's leg counts when it is posted
	}
	if t.Source != nil {
		if err := b.statements[t.Source.Partner].write(e, t.Source, ledger.In); err != nil {
			return fmt.Errorf("transfer %s: %w", t.ID, err)
		}
	}
	if t.Destination != nil {
		if err := b.statements[t.Destination.Partner].write(e, t.Destination, ledger.Out); err != nil {
			return fmt.Errorf("transfer %s: %w", t.ID, err)
		}
	}
	return nil
}

// finish compares with the ledger's own positions, completes the files and
// returns the settlements, by partner.
func (b *books) finish(ctx context.Context, l Ledger, now time.Time) ([]Settlement, error) {
	for _, p := range b.partners {
		kept, err := l.Position(ctx, p.Code, b.window)
		if errors.Is(err, ledger.ErrNotFound) { // nothing was converted
			kept, err = ledger.Position{Partner: p.Code, Window: b.window}, nil
		}
		if err != nil {
			return nil, err
		}
		if got := b.tally.Position(p.Code); kept != got {
			return nil, fmt.Errorf("%w: partner %s: transfers give %+v, the ledger kept %+v", ErrMismatch, p.Code, got, kept)
		}
	}
	made := make([]Settlement, 0, len(b.partners))
	for _, p := range b.partners {
		s, position := b.statements[p.Code], b.tally.Position(p.Code)
		if err := s.finish(&position); err != nil {
			return nil, err
		}
		made = append(made, Settlement{ID: ID(b.window, p.Code), Partner: p.Code, Window: b.window, State: Netted,
			Position: position, Lines: s.lines, Digest: s.digest(), File: s.name, UpdatedAt: now.UnixMilli()})
	}
	return made, nil
}

// discard removes what was not finished.
func (b *books) discard() {
	for _, s := range b.statements {
		s.discard()
	}
}
