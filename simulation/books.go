package simulation

import (
	"fmt"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// books are those of a partner's loyalty system, by the rules of the Connector API as
// partners/partnersim keeps them: a repeat gets the first answer, a reversal of what was
// never seen leaves a tombstone, and what is declined stays declined.
type books struct {
	w         *world
	code      string
	programme string
	balances  map[string]int64
	transfers map[connector.ID]*booked
	reversals map[connector.ID]*undone
	order     int
}

type booked struct {
	kind       connector.Kind
	membership string
	amount     int64
	reversed   int64
	reference  string
	declined   connector.DeclineCode
	tombstone  bool
}

type undone struct {
	transfer connector.ID
	amount   int64
	reversed int64
	// moved: points went back; otherwise there was nothing to go back.
	moved     bool
	reference string
	declined  connector.DeclineCode
}

func newBooks(w *world, code, programme string) *books {
	return &books{w: w, code: code, programme: programme, balances: map[string]int64{},
		transfers: map[connector.ID]*booked{}, reversals: map[connector.ID]*undone{}}
}

func (b *books) reference(letter byte) string {
	b.order++
	return fmt.Sprintf("%s-%c%d", b.code, letter, b.order)
}

func (e *booked) answer() connector.Answer {
	if e.declined != "" {
		return connector.Answer{Outcome: connector.Declined, Reference: e.reference, DeclineCode: e.declined}
	}
	return connector.Answer{Outcome: connector.Done, Reference: e.reference}
}

func (u *undone) answer() connector.Answer {
	a := connector.Answer{Outcome: connector.Done, Reference: u.reference, ReversedAmount: u.reversed}
	if u.declined != "" {
		a.Outcome, a.DeclineCode = connector.Declined, u.declined
	}
	return a
}

// transfer books a debit or credit, or answers a repeat. Refuse declines new work.
func (b *books) transfer(kind connector.Kind, t connector.Transfer, refuse connector.DeclineCode) (connector.Answer, error) {
	if err := t.Validate(); err != nil {
		b.w.violate("partner %s is sent what breaks the contract: %v", b.code, err)
	}
	e, found := b.transfers[t.ID]
	switch {
	case found && e.kind == "": // it arrives after its reversal
		e.kind, e.membership, e.amount = kind, t.Membership, t.Amount
		e.declined, e.reference = connector.DeclineReversedBeforeExecution, b.reference('D')
		return e.answer(), nil
	case found && (e.kind != kind || e.membership != t.Membership || e.amount != t.Amount):
		b.w.violate("partner %s is sent transfer %s with other content", b.code, t.ID)
		return connector.Answer{}, &connector.Error{Class: connector.ErrUnknown, Partner: b.code, Code: connector.TransferConflict}
	case found:
		return e.answer(), nil
	}
	e = &booked{kind: kind, membership: t.Membership, amount: t.Amount, reference: b.reference('D'), declined: refuse}
	b.transfers[t.ID] = e
	if refuse == "" {
		e.declined = b.move(kind == connector.Credit, t.Membership, t.Amount)
	}
	return e.answer(), nil
}

// move changes a balance, or says why not.
func (b *books) move(in bool, membership string, amount int64) connector.DeclineCode {
	balance, found := b.balances[membership]
	switch {
	case !found:
		return connector.DeclineMembershipUnknown
	case in:
		b.balances[membership] = balance + amount
	case balance < amount:
		return connector.DeclineInsufficientPoints
	default:
		b.balances[membership] = balance - amount
	}
	return ""
}

// reverse books a reversal, or answers a repeat.
func (b *books) reverse(r connector.Reversal, refuse connector.DeclineCode) (connector.Answer, error) {
	if err := r.Validate(); err != nil {
		b.w.violate("partner %s is sent what breaks the contract: %v", b.code, err)
	}
	if u, found := b.reversals[r.ID]; found {
		if u.transfer != r.TransferID || u.amount != r.Amount {
			b.w.violate("partner %s is sent reversal %s with other content", b.code, r.ID)
			return connector.Answer{}, &connector.Error{Class: connector.ErrUnknown, Partner: b.code, Code: connector.ReversalConflict}
		}
		return u.answer(), nil
	}
	u := &undone{transfer: r.TransferID, amount: r.Amount, declined: refuse}
	b.reversals[r.ID] = u
	b.undo(u)
	u.reference = b.reference('R')
	return u.answer(), nil
}

func (b *books) undo(u *undone) {
	e, found := b.transfers[u.transfer]
	if found {
		u.reversed = e.reversed
	}
	switch {
	case !found:
		u.declined = ""
		b.transfers[u.transfer] = &booked{tombstone: true}
	case e.tombstone || e.declined != "":
		u.declined = ""
	case u.declined != "":
	case u.amount > e.amount-e.reversed:
		u.declined = connector.DeclineAboveOriginal
	default:
		if u.declined = b.move(e.kind == connector.Debit, e.membership, u.amount); u.declined == "" {
			e.reversed += u.amount
			u.reversed, u.moved = e.reversed, true
		}
	}
}

func (b *books) status(id connector.ID) connector.TransferStatus {
	e, found := b.transfers[id]
	if !found {
		return connector.TransferStatus{Answer: connector.Answer{Outcome: connector.NeverSeen}}
	}
	s := connector.TransferStatus{Answer: e.answer(), Kind: e.kind, Amount: e.amount}
	s.ReversedAmount = e.reversed
	if e.tombstone {
		s.Outcome = connector.Cancelled
	}
	return s
}
