package payment

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// Simulation says what each partner would owe after an order is released, when
// what the utility pays is paid and what partners pay is not yet. Values are in
// millionths of a yuan, positive when the partner owes.
type Simulation struct {
	Open ledger.Date // the open window
	Rows []Exposure  // by partner
}

// Exposure is one partner's row.
type Exposure struct {
	Partner string
	// Owed is what the partner owes now, on the ledger, over all its agreements and
	// windows. Of that Unsettled is to be paid for windows that are netted, and Open
	// is of the open one; the rest is carried, or not netted yet.
	Owed, Unsettled, Open int64
	// Transit is what the utility has released before and is not settled, less what
	// the partner has paid of it.
	Transit int64
	Release int64 // what the utility pays by this order
	After   int64 // Owed + Transit + Release
	// Cap is the least exposure cap of the partner's agreements in force, or of the
	// last ones when none is, and Headroom what After leaves of it, negative when it
	// is exceeded.
	Cap, Headroom int64
	// Above says that this order pays the partner and leaves it above its cap. One
	// that pays nothing to the partner does not make it owe more.
	Above bool
}

// OK reports whether the order may be released.
func (s *Simulation) OK() bool {
	for i := range s.Rows {
		if s.Rows[i].Above {
			return false
		}
	}
	return true
}

// ExposureError refuses a release, with the table that says why.
type ExposureError struct{ Simulation *Simulation }

// Error names the partners that would be above their caps.
func (e *ExposureError) Error() string {
	text := "payment: the release would leave partners above their exposure caps:"
	for _, r := range e.Simulation.Rows {
		if r.Above {
			text += fmt.Sprintf(" %s would owe %d millionths of a yuan, at most %d;", r.Partner, r.After, r.Cap)
		}
	}
	return text
}

// Simulate says what releasing the payments of settlements would do to exposure,
// whether they are in an order that is not released or in none. By the utility.
func (s *Service) Simulate(ctx context.Context, by desk.Person, settlements []string) (*Simulation, error) {
	if err := utility(by); err != nil {
		return nil, err
	}
	var all []Payment
	for _, id := range settlements {
		one, err := s.o.Settlements.Settlement(ctx, id)
		if err != nil {
			return nil, err
		}
		due, err := s.due(ctx, one)
		if errors.Is(err, ErrTaken) {
			due, err = s.waiting(ctx, id)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, due...)
	}
	return s.simulate(ctx, all)
}

// waiting are the payments of a settlement that are in an order.
func (s *Service) waiting(ctx context.Context, id string) (all []Payment, err error) {
	payments, err := s.o.Store.PaymentsOf(ctx, id)
	for _, p := range payments {
		if p.State == Waiting {
			all = append(all, *p)
		}
	}
	return all, err
}

// simulate adds up what payments, not released yet, would do.
func (s *Service) simulate(ctx context.Context, payments []Payment) (*Simulation, error) {
	alliance, err := s.o.Ledger.Alliance(ctx)
	if err != nil {
		return nil, err
	}
	partners, err := s.o.Ledger.Partners(ctx)
	if err != nil {
		return nil, err
	}
	agreements, err := s.o.Ledger.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	out, rows := &Simulation{Open: alliance.Window, Rows: make([]Exposure, len(partners))}, map[string]*Exposure{}
	for i, p := range partners {
		r := &out.Rows[i]
		*r = Exposure{Partner: p.Code, Owed: p.Owed, Cap: capOf(agreements, p.Code, s.o.Now().UnixMilli())}
		rows[p.Code] = r
		position, err := s.o.Ledger.Position(ctx, p.Code, alliance.Window)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return nil, err
		}
		r.Open = position.Net()
	}
	for i := range payments {
		if p := &payments[i]; p.Payee != "" {
			rows[p.Partner].Release += p.Cents * ledger.FenMillionths // fits: a settlement's figures do
		}
	}
	return out, s.after(ctx, out, rows)
}

// after adds what is under way, and draws the line.
func (s *Service) after(ctx context.Context, out *Simulation, rows map[string]*Exposure) error {
	unsettled, err := s.o.Settlements.Unsettled(ctx, unsettledMax)
	if err != nil {
		return err
	}
	for _, one := range unsettled {
		r := rows[one.Partner]
		if r == nil {
			return fmt.Errorf("payment: settlement %s is of a partner that the ledger does not know", one.ID)
		}
		r.Unsettled += (one.Figures.Pay - one.Figures.Receive) * ledger.FenMillionths
		transit, err := s.transit(ctx, one)
		if err != nil {
			return err
		}
		r.Transit += transit
	}
	for i := range out.Rows {
		r := &out.Rows[i]
		var fits [2]bool
		r.After, fits[0] = ledger.Add(r.Owed, r.Transit)
		r.After, fits[1] = ledger.Add(r.After, r.Release)
		if !fits[0] || !fits[1] {
			return fmt.Errorf("payment: the exposure of %s does not fit", r.Partner)
		}
		r.Headroom = r.Cap - r.After
		r.Above = r.Release > 0 && r.Headroom < 0
	}
	return nil
}

// transit is what was released for a settlement, and is still on the ledger as
// owed: our payments, less what the bank confirmed of the partner's.
func (s *Service) transit(ctx context.Context, one *settlement.Settlement) (sum int64, err error) {
	if one.State != settlement.Signed && one.State != settlement.Paid {
		return 0, nil
	}
	payments, err := s.o.Store.PaymentsOf(ctx, one.ID)
	for _, p := range payments {
		switch {
		case p.Payer == "" && (p.State == Ordered || p.State == Confirmed):
			sum += p.Cents * ledger.FenMillionths
		case p.Payer != "" && p.State == Confirmed:
			sum -= p.Cents * ledger.FenMillionths
		}
	}
	return sum, err
}

// capOf is the least exposure cap of a partner's agreements in force. Where none
// is in force any more, that of the last ones counts.
func capOf(all []ledger.Agreement, partner string, at int64) (least int64) {
	take := func(a *ledger.Agreement) {
		if least == 0 || a.Terms.ExposureCap < least {
			least = a.Terms.ExposureCap
		}
	}
	for _, d := range []ledger.Direction{ledger.In, ledger.Out} {
		if a, ok := ledger.InForce(all, partner, d, at); ok {
			take(&a)
		}
	}
	if least != 0 {
		return least
	}
	last := map[ledger.Direction]*ledger.Agreement{}
	for i := range all {
		a := &all[i]
		if a.Terms.Partner == partner && a.Status == ledger.AgreementAccepted && (last[a.Terms.Direction] == nil || last[a.Terms.Direction].Terms.Version < a.Terms.Version) {
			last[a.Terms.Direction] = a
		}
	}
	for _, a := range last {
		take(a)
	}
	return least
}
