package backsim

import (
	"context"
	"errors"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// state is what became of a credit or a charge.
type state string

const (
	applied    state = "applied"
	withdrawn  state = "withdrawn" // a credit that must not be applied any more
	declined   state = "declined"
	pending    state = "pending"
	authorised state = "authorised"
	captured   state = "captured"
	released   state = "released" // a charge that must not be taken any more
)

// entry is a change of the books, as the journal has it.
type entry struct {
	Credit    *credit    `json:"credit,omitempty"`
	Charge    *charge    `json:"charge,omitempty"`
	Repayment *repayment `json:"repayment,omitempty"`
}

type credit struct {
	Order   ledger.ID `json:"order"`
	Account string    `json:"contract_account"`
	Fen     int64     `json:"fen,string"`
	State   state     `json:"state"`
}

type charge struct {
	Order  ledger.ID `json:"order"`
	Fen    int64     `json:"fen,string"`
	State  state     `json:"state"`
	Repaid int64     `json:"repaid,string"`
}

type repayment struct {
	ID    ledger.ID `json:"id"`
	Order ledger.ID `json:"order"`
	Fen   int64     `json:"fen,string"`
}

// System is the billing system and the payment provider. It may be used by many
// goroutines.
type System struct {
	owns    func(member, account string) bool
	journal *journal // nil keeps nothing

	mu         sync.Mutex
	credits    map[ledger.ID]credit
	charges    map[ledger.ID]charge
	repayments map[ledger.ID]repayment
	faults     []Fault
	hanging    chan struct{} // closed by Close
	once       sync.Once
}

var (
	_ mall.Billing  = (*System)(nil)
	_ mall.Payments = (*System)(nil)
)

// New returns a system without a journal, in which a contract account is a
// member's if owns says so.
func New(owns func(member, account string) bool) *System {
	return &System{owns: owns, credits: map[ledger.ID]credit{}, charges: map[ledger.ID]charge{}, repayments: map[ledger.ID]repayment{},
		hanging: make(chan struct{})}
}

// Close ends calls that hang and closes the journal.
func (s *System) Close() error {
	s.once.Do(func() { close(s.hanging) })
	if s.journal != nil {
		return s.journal.close()
	}
	return nil
}

// write changes the books, on disk first. The caller has the lock.
func (s *System) write(e entry) error {
	if s.journal != nil {
		if err := s.journal.append(e); err != nil {
			return err
		}
	}
	s.apply(e)
	return nil
}

func (s *System) apply(e entry) {
	switch {
	case e.Credit != nil:
		s.credits[e.Credit.Order] = *e.Credit
	case e.Repayment != nil:
		s.repayments[e.Repayment.ID] = *e.Repayment
		c := s.charges[e.Repayment.Order]
		c.Repaid += e.Repayment.Fen
		s.charges[e.Repayment.Order] = c
	case e.Charge != nil:
		s.charges[e.Charge.Order] = *e.Charge
	}
}

// Owns implements [mall.Billing].
func (s *System) Owns(ctx context.Context, member, account string) (owns bool, err error) {
	_, err = s.serve(ctx, "owns", func(*Fault) (mall.Answer, error) {
		owns = s.owns(member, account)
		return mall.Answer{Outcome: mall.Done}, nil
	})
	return owns && err == nil, err
}

var errOtherContent = errors.New("backsim: the identifier was used for something else")

// Apply implements [mall.Billing].
func (s *System) Apply(ctx context.Context, c mall.Credit) (mall.Answer, error) {
	return s.serve(ctx, "apply", func(f *Fault) (mall.Answer, error) {
		was, ok := s.credits[c.Order]
		if ok && was.State != withdrawn && (was.Fen != c.Fen || was.Account != c.ContractAccount) {
			return mall.Answer{}, errOtherContent
		}
		if ok && was.State != pending {
			return was.answer(), nil
		}
		next := credit{Order: c.Order, Account: c.ContractAccount, Fen: c.Fen, State: applied}
		switch {
		case f.is(Pending):
			next.State = pending
		case f.is(Decline) || !s.owns(c.Member, c.ContractAccount) || c.Fen < 1:
			next.State = declined
		}
		return next.answer(), s.write(entry{Credit: &next})
	})
}

func (c *credit) answer() mall.Answer {
	switch c.State {
	case applied:
		return mall.Answer{Outcome: mall.Done, Reference: "BILL-" + c.Order.String()[24:]}
	case pending:
		return mall.Answer{Outcome: mall.Pending}
	case withdrawn:
		return mall.Answer{Outcome: mall.Declined, Code: "withdrawn"}
	}
	return mall.Answer{Outcome: mall.Declined, Code: "not_creditable"}
}

// CreditStatus implements [mall.Billing].
func (s *System) CreditStatus(ctx context.Context, order ledger.ID) (mall.Answer, error) {
	return s.serve(ctx, "status", func(*Fault) (mall.Answer, error) {
		c, ok := s.credits[order]
		if !ok {
			return mall.Answer{Outcome: mall.NeverSeen}, nil
		}
		return c.answer(), nil
	})
}

// Withdraw implements [mall.Billing].
func (s *System) Withdraw(ctx context.Context, order ledger.ID) (mall.Answer, error) {
	return s.serve(ctx, "withdraw", func(f *Fault) (mall.Answer, error) {
		c := s.credits[order]
		switch {
		case f.is(Decline) && c.State == applied:
			return mall.Answer{Outcome: mall.Declined, Reference: c.answer().Reference}, nil
		case c.State == withdrawn:
			return mall.Answer{Outcome: mall.Done}, nil
		}
		c.Order, c.State = order, withdrawn
		return mall.Answer{Outcome: mall.Done}, s.write(entry{Credit: &c})
	})
}
