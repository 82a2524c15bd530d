package exchange

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

// Conversion returns a conversion in which a programme of the party is source
// or destination, or [ErrNotFound].
func (s *Service) Conversion(ctx context.Context, p Party, id ledger.ID) (*Conversion, error) {
	c, err := s.o.Store.Conversion(ctx, id)
	if err != nil {
		return nil, err
	}
	if !p.Utility() && (c.In == nil || c.In.Partner != p.Partner) && (c.Out == nil || c.Out.Partner != p.Partner) {
		return nil, ErrNotFound
	}
	return c, nil
}

// Conversions returns the party's conversions that the filter selects, newest
// first. A Limit out of range is brought into it.
func (s *Service) Conversions(ctx context.Context, p Party, f Filter) ([]*Conversion, error) {
	f.Limit = min(max(f.Limit, 1), pageMax)
	if !p.Utility() {
		company, err := s.company(p)
		if err != nil {
			return nil, err
		}
		if f.Programme != "" && f.Programme != company.Programme {
			return nil, refuse(CodeNotYours, "a client sees the conversions of its own programme, %s, only", company.Programme)
		}
		f.Programme = company.Programme
	}
	return s.o.Store.Conversions(ctx, f)
}

// Reversals returns the reversals of a conversion of the party, oldest first,
// or [ErrNotFound].
func (s *Service) Reversals(ctx context.Context, p Party, conversion ledger.ID) ([]*Reversal, error) {
	if _, err := s.Conversion(ctx, p, conversion); err != nil {
		return nil, err
	}
	return s.o.Store.Reversals(ctx, conversion)
}

// Receipt returns the proof of the transfer that completed a conversion of the
// party, provisional until a checkpoint covers it. It returns [ErrNotFound]
// also while, or because, there is none.
func (s *Service) Receipt(ctx context.Context, p Party, id ledger.ID) (ledger.Receipt, error) {
	c, err := s.Conversion(ctx, p, id)
	if err != nil {
		return ledger.Receipt{}, err
	}
	receipt, err := s.o.Ledger.Receipt(ctx, c.recordID())
	if errors.Is(err, ledger.ErrNotFound) {
		return receipt, ErrNotFound
	}
	return receipt, err
}

// Programme is a loyalty currency that can be converted.
type Programme struct {
	Code  string
	Scale uint8 // decimal places
	// The rest is of the partner that runs it, and empty for electricity points.
	Partner      string
	Name, NameZH string
	In, Out      partners.Mode
	Suspended    bool
}

// Programmes returns electricity points and then the partners' programmes, in
// ascending order of partner. One that is not on the ledger is left out.
func (s *Service) Programmes(ctx context.Context) ([]Programme, error) {
	cards, err := s.rates.get(ctx)
	if err != nil {
		return nil, err
	}
	all := []Programme{{Code: s.o.Hub}}
	for _, p := range s.o.Registry.All() {
		if on, ok := cards.partners[p.Code]; ok {
			all = append(all, Programme{Code: on.Programme, Scale: on.Scale, Partner: p.Code, Name: p.Name, NameZH: p.NameZH,
				In: p.In, Out: p.Out, Suspended: on.Suspended})
		}
	}
	return all, nil
}

// Positions returns what the party, or for the utility every partner, owes for
// a window, nil being the open one. A partner that did nothing in it is left
// out.
func (s *Service) Positions(ctx context.Context, p Party, window *ledger.Date) ([]ledger.Position, error) {
	if window == nil {
		alliance, err := s.o.Ledger.Alliance(ctx)
		if err != nil {
			return nil, err
		}
		window = &alliance.Window
	}
	var all []ledger.Position
	for _, partner := range s.o.Registry.All() {
		if !p.Utility() && partner.Code != p.Partner {
			continue
		}
		position, err := s.o.Ledger.Position(ctx, partner.Code, *window)
		if errors.Is(err, ledger.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, position)
	}
	return all, nil
}

// Escalated returns the operator's list: what could not be brought to its end
// by its deadline, and is still being tried. At most 200 of each, conversions
// newest first, reversals oldest first.
func (s *Service) Escalated(ctx context.Context) ([]*Conversion, []*Reversal, error) {
	conversions, err := s.o.Store.Conversions(ctx, Filter{Escalated: true, Limit: pageMax})
	if err != nil {
		return nil, nil, err
	}
	var reversals []*Reversal
	for after := (ledger.ID{}); len(reversals) < pageMax; {
		page, err := s.o.Store.UnfinishedReversals(ctx, after, pageMax)
		if err != nil {
			return nil, nil, err
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			if after = r.ID; r.EscalatedAt != 0 && len(reversals) < pageMax {
				reversals = append(reversals, r)
			}
		}
	}
	return conversions, reversals, nil
}
