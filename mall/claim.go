package mall

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// ClaimState says how far a claim has come.
type ClaimState string

// The states of a claim.
const (
	ClaimOpen     ClaimState = "open"
	ClaimGranted  ClaimState = "granted"
	ClaimDeclined ClaimState = "declined"
)

// Claim is a member's wish to return part or all of an order. Staff grant it, usually
// once they have the goods back, which makes the [Return]; or decline it. Of an order
// there is one open claim at a time.
type Claim struct {
	ID       ledger.ID  `json:"id"`
	Order    ledger.ID  `json:"order"`
	Quantity int64      `json:"quantity,string"`
	Reason   string     `json:"reason,omitempty"` // in the member's words
	At       int64      `json:"at,string"`        // milliseconds since 1970
	State    ClaimState `json:"-"`
	// Checker decided, and may have told the member why.
	Checker   string `json:"checker,omitempty"`
	Answer    string `json:"answer,omitempty"`
	DecidedAt int64  `json:"decided_at,string,omitempty"`
}

// ClaimFilter picks claims.
type ClaimFilter struct {
	Order  ledger.ID  // zero is any
	State  ClaimState // empty is any
	Before ledger.ID  // of the last one of the page before; zero is the first page
	Limit  int        // 1 to 200
}

// Picks reports whether the filter picks a claim.
func (f *ClaimFilter) Picks(c *Claim) bool {
	return (f.Order.IsZero() || c.Order == f.Order) && (f.State == "" || c.State == f.State)
}

// claimant is as whom claims that were granted make returns.
const claimant = "claims"

// AskReturn makes a claim of a member, or returns the one that is open already. It
// returns a [*Refusal], or [ErrNotFound] for an order that is not the member's.
func (m *Mall) AskReturn(ctx context.Context, member string, order ledger.ID, quantity int64, reason string) (*Claim, error) {
	o, err := m.o.Store.MallOrder(ctx, order)
	if err != nil {
		return nil, err
	}
	if member == "" || o.Member != member {
		return nil, ErrNotFound
	}
	if err := returnable(o, &ReturnRequest{Idempotency: Idempotency{Key: claimant}, Client: claimant, Quantity: quantity, Reason: reason}); err != nil {
		return nil, err
	}
	id, err := m.newID()
	if err != nil {
		return nil, err
	}
	c := &Claim{ID: id, Order: order, Quantity: quantity, Reason: reason, At: m.now(), State: ClaimOpen}
	existing, err := m.o.Store.CreateClaim(ctx, c)
	if existing != nil {
		return existing, err
	}
	return c, err
}

// Grant gives back what a claim is about, and waits for that for as long as wait.
// With restock it can be sold again. It returns a [*Refusal], [ErrNotFound], and what
// [Mall.GiveBack] returns. Granting twice gives back once.
func (m *Mall) Grant(ctx context.Context, by string, id ledger.ID, restock bool, wait time.Duration) (*Claim, error) {
	c, err := m.openClaim(ctx, by, id)
	if err != nil {
		return nil, err
	}
	// The return stands under the claim's ID, so it is found again whatever dies here.
	_, _, err = m.GiveBack(ctx, ReturnRequest{Idempotency: Idempotency{Key: id.String(), Hash: sha256.Sum256(id[:])}, Client: claimant, Order: c.Order,
		Quantity: c.Quantity, Reason: c.Reason, Restock: restock}, wait)
	if err != nil {
		return nil, err
	}
	c.State, c.Checker, c.DecidedAt = ClaimGranted, by, m.now()
	return c, m.o.Store.DecideClaim(ctx, c)
}

// Decline ends a claim with an answer for the member. It returns a [*Refusal] or
// [ErrNotFound].
func (m *Mall) Decline(ctx context.Context, by string, id ledger.ID, answer string) (*Claim, error) {
	if err := checkText("answer", answer, reasonMax, false); err != nil {
		return nil, err
	}
	c, err := m.openClaim(ctx, by, id)
	if err != nil {
		return nil, err
	}
	c.State, c.Checker, c.Answer, c.DecidedAt = ClaimDeclined, by, answer, m.now()
	return c, m.o.Store.DecideClaim(ctx, c)
}

func (m *Mall) openClaim(ctx context.Context, by string, id ledger.ID) (*Claim, error) {
	if by == "" || len(by) > personMax {
		return nil, invalid("a decision needs somebody who takes it, with a name of up to %d bytes", personMax)
	}
	c, err := m.o.Store.Claim(ctx, id)
	if err == nil && c.State != ClaimOpen {
		return nil, refuse(CodeDecided, "the claim is %s already", c.State)
	}
	return c, err
}

// Claims returns claims, newest first.
func (m *Mall) Claims(ctx context.Context, f ClaimFilter) ([]*Claim, error) {
	return m.o.Store.Claims(ctx, f)
}
