package backsim

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// Authorise implements [mall.Payments].
func (s *System) Authorise(ctx context.Context, c mall.Charge) (mall.Answer, error) {
	return s.serve(ctx, "authorise", func(f *Fault) (mall.Answer, error) {
		was, ok := s.charges[c.Order]
		if ok && was.State != released && was.Fen != c.Fen {
			return mall.Answer{}, errOtherContent
		}
		if ok && was.State != pending {
			return was.answer(), nil
		}
		next := charge{Order: c.Order, Fen: c.Fen, State: authorised}
		switch {
		case f.is(Pending):
			next.State = pending
		case f.is(Decline) || c.Fen < 1:
			next.State = declined
		}
		return next.answer(), s.write(entry{Charge: &next})
	})
}

func (c *charge) answer() mall.Answer {
	switch c.State {
	case authorised, captured:
		return mall.Answer{Outcome: mall.Done, Reference: "PAY-" + c.Order.String()[24:]}
	case pending:
		return mall.Answer{Outcome: mall.Pending}
	}
	return mall.Answer{Outcome: mall.Declined, Code: "payment_declined"}
}

// Capture implements [mall.Payments].
func (s *System) Capture(ctx context.Context, c mall.Charge) (mall.Answer, error) {
	return s.serve(ctx, "capture", func(f *Fault) (mall.Answer, error) {
		was := s.charges[c.Order]
		switch {
		case was.State == captured:
			return was.answer(), nil
		case was.State != authorised || was.Fen != c.Fen || f.is(Decline):
			return mall.Answer{Outcome: mall.Declined, Code: "payment_declined"}, nil
		case f.is(Pending):
			return mall.Answer{Outcome: mall.Pending}, nil
		}
		was.State = captured
		return was.answer(), s.write(entry{Charge: &was})
	})
}

// Repay implements [mall.Payments].
func (s *System) Repay(ctx context.Context, r mall.Repayment) (mall.Answer, error) {
	return s.serve(ctx, "repay", func(f *Fault) (mall.Answer, error) {
		if _, ok := s.repayments[r.ID]; ok {
			return mall.Answer{Outcome: mall.Done}, nil
		}
		c := s.charges[r.Order]
		whole := r.ID == r.Order
		switch {
		case whole && c.State != captured:
			c.Order, c.State = r.Order, released
			return mall.Answer{Outcome: mall.Done}, s.write(entry{Charge: &c})
		case c.State != captured || c.Repaid+r.Fen > c.Fen || r.Fen < 1 || f.is(Decline):
			return mall.Answer{Outcome: mall.Declined}, nil
		}
		return mall.Answer{Outcome: mall.Done}, s.write(entry{Repayment: &repayment{ID: r.ID, Order: r.Order, Fen: r.Fen}})
	})
}

// PaymentStatus implements [mall.Payments].
func (s *System) PaymentStatus(ctx context.Context, order ledger.ID) (mall.Answer, error) {
	return s.serve(ctx, "payment_status", func(*Fault) (mall.Answer, error) {
		c, ok := s.charges[order]
		if !ok {
			return mall.Answer{Outcome: mall.NeverSeen}, nil
		}
		return c.answer(), nil
	})
}

// Books are the sums.
type Books struct {
	Bills   map[string]int64 `json:"bills"`   // fen by contract account
	Credits int64            `json:"credits"` // that stand
	Cash    int64            `json:"cash,string"`
	Held    int64            `json:"held,string"` // authorised, not captured
}

// Books returns the sums as they are now.
func (s *System) Books() Books {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := Books{Bills: map[string]int64{}}
	for _, c := range s.credits {
		if c.State == applied {
			b.Bills[c.Account] += c.Fen
			b.Credits++
		}
	}
	for _, c := range s.charges {
		switch c.State {
		case captured:
			b.Cash += c.Fen - c.Repaid
		case authorised:
			b.Held += c.Fen
		}
	}
	return b
}

// Credited returns what stands on a bill for an order, in fen.
func (s *System) Credited(order ledger.ID) (fen int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.credits[order]; c.State == applied {
		return c.Fen
	}
	return 0
}

// Kept returns what was taken for an order in cash and not given back, and what is
// only set aside.
func (s *System) Kept(order ledger.ID) (taken, aside int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c := s.charges[order]; c.State {
	case captured:
		return c.Fen - c.Repaid, 0
	case authorised:
		return 0, c.Fen
	}
	return 0, 0
}
