package settlement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// books gathers one window: for each partner the position, added up from the
// transfers, and the statement as it is written.
type books struct {
	window     ledger.Date
	partners   []ledger.Partner
	positions  map[string]*ledger.Position
	statements map[string]*statement
}

func (n *Night) openBooks(ctx context.Context, w ledger.Date) (*books, error) {
	partners, err := n.ledger.Partners(ctx)
	if err != nil {
		return nil, err
	}
	alliance, err := n.ledger.Alliance(ctx)
	if err != nil {
		return nil, err
	}
	b := &books{window: w, partners: partners,
		positions: map[string]*ledger.Position{}, statements: map[string]*statement{}}
	for _, p := range partners {
		s, err := createStatement(n.dir, w, p, alliance.Hub, n.calendar.Location)
		if err != nil {
			b.discard()
			return nil, err
		}
		b.statements[p.Code] = s
		b.positions[p.Code] = &ledger.Position{Partner: p.Code, Window: w}
	}
	return b, nil
}

// add books each leg of a transfer with its partner.
func (b *books) add(e ledger.Entry) error {
	t := &e.Transfer
	if t.Kind == ledger.KindHold || t.Kind == ledger.KindVoid {
		return nil // a hold's leg counts when it is posted
	}
	for _, l := range [2]struct {
		leg       *ledger.Leg
		direction ledger.Direction
	}{{t.Source, ledger.In}, {t.Destination, ledger.Out}} {
		if l.leg == nil {
			continue
		}
		if err := b.addLeg(e, l.leg, l.direction); err != nil {
			return fmt.Errorf("transfer %s: %w", t.ID, err)
		}
	}
	return nil
}

func (b *books) addLeg(e ledger.Entry, leg *ledger.Leg, d ledger.Direction) error {
	position, ok := b.positions[leg.Partner]
	if !ok {
		return fmt.Errorf("%w: partner %q is not registered", ErrMismatch, leg.Partner)
	}
	flow := flowOf(position, d, e.Transfer.Kind == ledger.KindReverse)
	if !addFlow(flow, leg) {
		return fmt.Errorf("%w: a sum does not fit", ErrMismatch)
	}
	return b.statements[leg.Partner].write(e, leg, d)
}

func flowOf(p *ledger.Position, d ledger.Direction, reversal bool) *ledger.Flow {
	switch {
	case d == ledger.In && !reversal:
		return &p.In
	case d == ledger.In:
		return &p.ReversedIn
	case !reversal:
		return &p.Out
	}
	return &p.ReversedOut
}

func addFlow(f *ledger.Flow, l *ledger.Leg) bool {
	for _, s := range [6]struct {
		sum *int64
		v   int64
	}{{&f.Count, 1}, {&f.From, l.From}, {&f.To, l.To}, {&f.EPT, l.EPT}, {&f.Fee, l.Fee}, {&f.Value, l.Value}} {
		var ok bool
		if *s.sum, ok = ledger.Add(*s.sum, s.v); !ok {
			return false
		}
	}
	return true
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
		if kept != *b.positions[p.Code] {
			return nil, fmt.Errorf("%w: partner %s: transfers give %+v, the ledger kept %+v",
				ErrMismatch, p.Code, *b.positions[p.Code], kept)
		}
	}
	made := make([]Settlement, 0, len(b.partners))
	for _, p := range b.partners {
		s := b.statements[p.Code]
		if err := s.finish(b.positions[p.Code]); err != nil {
			return nil, err
		}
		made = append(made, Settlement{ID: ID(b.window, p.Code), Partner: p.Code, Window: b.window, State: Netted,
			Position: *b.positions[p.Code], Lines: s.lines, Digest: s.digest(), File: s.name, UpdatedAt: now.UnixMilli()})
	}
	return made, nil
}

// discard removes what was not finished.
func (b *books) discard() {
	for _, s := range b.statements {
		s.discard()
	}
}
