package mall

import (
	"context"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// ProposalState says how far a proposal has come.
type ProposalState string

// The states of a proposal.
const (
	Proposed ProposalState = "proposed"
	Approved ProposalState = "approved"
	Rejected ProposalState = "rejected"
)

// Proposal is a product as somebody wants it to be. Once somebody else agrees that
// is what it is. Of a product there is one open proposal at a time.
type Proposal struct {
	ID ledger.ID `json:"id"`
	// Product has the version after that from which it was made; 1 is a new product.
	Product *Product      `json:"product"`
	Maker   string        `json:"maker"` // client or person, as all names here
	Note    string        `json:"note,omitempty"`
	At      int64         `json:"at,string"` // milliseconds since 1970
	State   ProposalState `json:"-"`
	Checker string        `json:"checker,omitempty"`
	Reason  string        `json:"reason,omitempty"` // of a rejection
	// DecidedAt is when it was approved or rejected; 0 before.
	DecidedAt int64 `json:"decided_at,string,omitempty"`
}

// Clone returns a copy that shares nothing with p.
func (p *Proposal) Clone() *Proposal {
	n := *p
	n.Product = p.Product.Clone()
	return &n
}

// personMax bounds the name of a maker or checker, in bytes.
const personMax = 128

// Propose stores what a product is to be. It returns a [*Refusal], [ErrNotFound],
// or [ErrChanged] when the version is not the next one.
func (m *Mall) Propose(ctx context.Context, by string, p *Product, note string) (*Proposal, error) {
	if by == "" || len(by) > personMax {
		return nil, invalid("a proposal needs somebody who makes it, with a name of up to %d bytes", personMax)
	}
	if err := checkText("note", note, reasonMax, false); err != nil {
		return nil, err
	}
	before, err := m.before(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case before != nil && before.Version+1 != p.Version:
		return nil, ErrChanged
	}
	id, err := m.newID()
	if err != nil {
		return nil, err
	}
	x := &Proposal{ID: id, Product: p, Maker: by, Note: note, At: m.now(), State: Proposed}
	return x, m.o.Store.CreateProposal(ctx, x)
}

// before checks a product and returns it as it stands, nil for a new one.
func (m *Mall) before(ctx context.Context, p *Product) (*Product, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := m.hasPicture(ctx, p.Picture); err != nil || p.Version == 1 {
		return nil, err
	}
	before, err := m.o.Store.Product(ctx, p.ID)
	if err == nil && (before.Kind != p.Kind || before.Partner != p.Partner) {
		return nil, invalid("kind and partner of a product are fixed; make another")
	}
	return before, err
}

// Approve makes a product what was proposed. It returns a [*Refusal] when the
// caller made the proposal, or it was decided already, [ErrNotFound], and
// [ErrChanged] when the product was changed since: it is to be proposed anew.
func (m *Mall) Approve(ctx context.Context, by string, id ledger.ID) (*Proposal, error) {
	return m.decide(ctx, by, id, func(x *Proposal) error {
		if by == x.Maker {
			return refuse(CodeSamePerson, "who proposed it cannot approve it; somebody else must")
		}
		x.State = Approved
		x.Product.UpdatedAt = x.DecidedAt
		e, err := m.entry(x.Maker+" / "+by, x.Product.ID, ChangedProduct, x.Product.Version, x.Product)
		if err != nil {
			return err
		}
		return m.o.Store.ApproveProposal(ctx, x, e)
	})
}

// Reject ends a proposal; its maker may do that too. It returns a [*Refusal] or
// [ErrNotFound].
func (m *Mall) Reject(ctx context.Context, by string, id ledger.ID, reason string) (*Proposal, error) {
	if err := checkText("reason", reason, reasonMax, false); err != nil {
		return nil, err
	}
	return m.decide(ctx, by, id, func(x *Proposal) error {
		x.State, x.Reason = Rejected, reason
		return m.o.Store.RejectProposal(ctx, x)
	})
}

func (m *Mall) decide(ctx context.Context, by string, id ledger.ID, decision func(*Proposal) error) (*Proposal, error) {
	if by == "" || len(by) > personMax {
		return nil, invalid("a decision needs somebody who takes it, with a name of up to %d bytes", personMax)
	}
	x, err := m.o.Store.Proposal(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case x.State != Proposed:
		return nil, refuse(CodeDecided, "the proposal is %s already", x.State)
	}
	x.Checker, x.DecidedAt = by, m.now()
	if err := decision(x); err != nil {
		return nil, err
	}
	return x, nil
}

// Proposal returns one, or [ErrNotFound].
func (m *Mall) Proposal(ctx context.Context, id ledger.ID) (*Proposal, error) {
	return m.o.Store.Proposal(ctx, id)
}

// Proposals returns those in a state, "" for all, newest first, from below an ID,
// zero for the first page.
func (m *Mall) Proposals(ctx context.Context, state ProposalState, before ledger.ID, limit int) ([]*Proposal, error) {
	return m.o.Store.Proposals(ctx, state, before, limit)
}

// costsOtherwise reports whether a change of a product changes what somebody pays
// or gets. Before nil is a new product.
func costsOtherwise(before, after *Product) bool {
	return before == nil || !slices.Equal(before.Prices, after.Prices) || before.Bonus != after.Bonus || before.BillFen != after.BillFen
}
