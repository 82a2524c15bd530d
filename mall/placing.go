package mall

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// Request asks for an order.
type Request struct {
	Idempotency
	Client   string
	Member   string // the utility's number of the member
	Product  string
	Quantity int64
	// Points and Fen are the price of one unit that the member was shown, ShownAt
	// when, in milliseconds since 1970; 0 if that is not known.
	Points, Fen, ShownAt int64
	Channel              string // where the order was made, a code; may be empty
	ContractAccount      string // for a bill credit
	Address              *Address
}

const (
	contractMax = 40
	busyPause   = time.Second
	// clockSlack is how far a price may have been shown in the future.
	clockSlack = 5000 // milliseconds
)

func (r *Request) validate() error {
	switch {
	case r.Key == "" || r.Client == "":
		return invalid("an order needs a client and an idempotency key")
	case r.Member == "":
		return invalid("member is empty")
	case r.Channel != "" && !validCode(r.Channel):
		return invalid("channel must be a code of 2 to 40 of a-z, 0-9 and -")
	case r.Quantity < 1 || r.Quantity > QuantityMax:
		return refuse(CodeQuantity, "quantity is %d, want 1 to %d", r.Quantity, QuantityMax)
	}
	for _, err := range []error{checkText("member", r.Member, memberMax, false), checkText("contract_account", r.ContractAccount, contractMax, false)} {
		if err != nil {
			return err
		}
	}
	if r.Address != nil {
		return r.Address.validate()
	}
	return nil
}

// Place makes an order and waits until it has ended or rests, or for as long as
// wait; it goes on without the caller. What comes back is as it stands in the
// store, and not to be changed. Replayed says that the client's key was used before,
// and the order is that of then.
//
// It returns a [*Refusal] or a [*Busy] when nothing was done and nothing is
// remembered, and [ErrKeyReused].
func (m *Mall) Place(ctx context.Context, r Request, wait time.Duration) (o *Order, replayed bool, err error) {
	if err := r.validate(); err != nil {
		return nil, false, err
	}
	switch o, err = m.o.Store.MallOrderByKey(ctx, r.Client, r.Key); {
	case err == nil:
		return m.earlier(ctx, &r, o, wait)
	case !errors.Is(err, ErrNotFound):
		return nil, false, err
	}
	free, err := m.enter()
	if err != nil {
		return nil, false, err
	}
	o, err = m.draft(ctx, &r)
	if err != nil {
		free()
		return nil, false, err
	}
	return m.create(ctx, &r, o, wait, free)
}

// enter takes a place; free gives it back.
func (m *Mall) enter() (free func(), err error) {
	select {
	case m.room <- struct{}{}:
		return func() { <-m.room }, nil
	default:
		return nil, &Busy{RetryAfter: busyPause}
	}
}

// create stores a draft and begins the work on it.
func (m *Mall) create(ctx context.Context, r *Request, o *Order, wait time.Duration, free func()) (*Order, bool, error) {
	j, mine := m.orders.take(o.ID, free)
	if !mine {
		free()
		return nil, false, &Busy{RetryAfter: busyPause}
	}
	// Not the caller's context: a row must not depend on who hangs up when.
	existing, err := m.o.Store.CreateMallOrder(context.WithoutCancel(ctx), o)
	switch {
	case err != nil || existing != nil:
		m.orders.drop(j)
	default:
		m.orders.begin(j, o)
		return m.awaited(ctx, j, wait), false, nil
	}
	switch {
	case errors.Is(err, ErrSoldOut):
		m.o.Observe(Observation{What: "order", Kind: o.Kind, Ending: EndingSoldOut})
		return nil, false, refuse(CodeSoldOut, "fewer than %d are left", o.Quantity)
	case errors.Is(err, ErrChanged):
		return nil, false, m.changedPrice(ctx, o)
	case err != nil:
		return nil, false, err
	}
	return m.earlier(ctx, r, existing, wait)
}

func (m *Mall) awaited(ctx context.Context, j *job[Order], wait time.Duration) *Order {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	j.await(ctx)
	return j.row.Load()
}

// earlier answers a repeat.
func (m *Mall) earlier(ctx context.Context, r *Request, o *Order, wait time.Duration) (*Order, bool, error) {
	if o.Request.Hash != r.Hash {
		return nil, false, ErrKeyReused
	}
	if j := m.orders.at(o.ID); j != nil {
		waiting, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		j.await(waiting)
	}
	o, err := m.o.Store.MallOrder(ctx, o.ID)
	return o, err == nil, err
}

// draft is the order as it would be stored.
func (m *Mall) draft(ctx context.Context, r *Request) (*Order, error) {
	p, err := m.o.Store.Product(ctx, r.Product)
	if errors.Is(err, ErrNotFound) {
		return nil, refuse(CodeProductUnknown, "there is no such product")
	} else if err != nil {
		return nil, err
	}
	standing, err := m.Standing(ctx, r.Member)
	if err != nil {
		return nil, err
	}
	if err := m.sells(p, standing, r); err != nil {
		return nil, err
	}
	id, err := m.newID()
	if err != nil {
		return nil, err
	}
	account, err := m.account(ctx, r.Member)
	if err != nil {
		return nil, err
	}
	now := m.now()
	o := &Order{ID: id, Client: r.Client, Request: r.Idempotency, Member: r.Member, Account: account,
		Product: p.ID, Version: p.Version, Kind: p.Kind, Category: p.Category, Partner: p.Partner, Name: p.Name, Picture: p.Picture, Tier: standing.Tier, Fast: standing.Fast && p.Kind.waits(), Channel: r.Channel,
		Quantity: r.Quantity, Points: r.Points, Fen: r.Fen, BillFen: p.BillFen * r.Quantity, ContractAccount: r.ContractAccount, Address: r.Address,
		Status: Ordered, Step: firstStep(p.Kind), CreatedAt: now, Deadline: now + m.o.Deadline.Milliseconds(), Revision: 1}
	if p.Kind.Stocked() {
		o.Stock = Reserved
	}
	return o, m.examine(ctx, o)
}

// account returns the member's account; somebody new is taken in.
func (m *Mall) account(ctx context.Context, member string) (ledger.Account, error) {
	account, err := m.o.Members.Account(ctx, member)
	switch {
	case errors.Is(err, members.ErrErasing):
		return account, refuse(CodeMemberErased, "the member is being erased, and can order nothing any more")
	case errors.Is(err, members.ErrNumber):
		return account, invalid("member is not the number of a member")
	case err != nil:
		return account, fmt.Errorf("mall: account: %w", err)
	}
	return account, nil
}

// sells refuses what the catalogue does not allow.
func (m *Mall) sells(p *Product, standing Standing, r *Request) error {
	now := m.now()
	offers := p.Offers(standing.Tier, r.Channel)
	switch {
	case !p.OnSale(now):
		return refuse(CodeNotOnSale, "the product is not on sale now")
	case !p.For(standing):
		return refuse(CodeTierExcluded, "the product is for other tiers")
	case r.Quantity > p.QuantityMax:
		return refuse(CodeQuantity, "at most %d can be ordered at once", p.QuantityMax)
	case !offered(offers, r.Points, r.Fen):
		return &Refusal{Code: CodePriceChanged, Detail: "the product has another price now; show it and ask again", Offers: offers}
	case r.ShownAt != 0 && (r.ShownAt < now-m.o.OfferTTL.Milliseconds() || r.ShownAt > now+clockSlack):
		return &Refusal{Code: CodeOfferExpired, Detail: "the price was shown too long ago; show it again", Offers: offers}
	case p.Kind == BillCredit && r.ContractAccount == "":
		return refuse(CodeContractNeeded, "a bill credit needs a contract account")
	case p.Kind == Goods && r.Address == nil:
		return refuse(CodeAddressNeeded, "goods need an address")
	case p.Kind != BillCredit && r.ContractAccount != "", !p.Kind.waits() && r.Address != nil:
		return invalid("a contract account is for bill credits, an address for goods and services")
	case r.Fen > 0 && m.o.Payments == nil:
		return refuse(CodePaymentsDown, "cash cannot be taken now; choose a price in points")
	case p.Kind == PartnerPoints && m.o.Exchange == nil:
		return refuse(CodeExchangeDeclined, "partner points cannot be bought now")
	}
	return nil
}

func offered(offers []Offer, points, fen int64) bool {
	for _, o := range offers {
		if o.Points == points && o.Fen == fen {
			return true
		}
	}
	return false
}

// changedPrice is the refusal of an order whose product changed while it was made.
func (m *Mall) changedPrice(ctx context.Context, o *Order) error {
	p, err := m.o.Store.Product(ctx, o.Product)
	if err != nil {
		return err
	}
	return &Refusal{Code: CodePriceChanged, Detail: "the product was changed at this moment; show it and ask again", Offers: p.Offers(o.Tier, o.Channel)}
}

// examine asks those who would refuse the order, before it takes any stock.
func (m *Mall) examine(ctx context.Context, o *Order) error {
	if o.Kind == BillCredit {
		if m.o.Billing == nil {
			return refuse(CodeBillingDown, "bills cannot be credited now")
		}
		owns, err := m.o.Billing.Owns(ctx, o.Member, o.ContractAccount)
		switch {
		case err != nil:
			m.o.Logger.Warn("the billing system did not answer", "error", err)
			return refuse(CodeBillingDown, "the billing system does not answer now; try again later")
		case !owns:
			return refuse(CodeForeignContract, "the contract account is not the member's, or is not there")
		}
	}
	if o.Kind == PartnerPoints {
		return nil // the exchange asks by itself
	}
	result, err := m.o.Ledger.Check(ctx, m.o.Identity, o.hold())
	switch {
	case errors.Is(err, ledger.ErrBusy):
		return &Busy{RetryAfter: busyPause}
	case err != nil:
		return fmt.Errorf("mall: check: %w", err)
	case result.Code != ledger.CodeOK:
		return refuse(string(result.Code), "%s", result.Message)
	}
	return nil
}

// Check reports, as a [*Refusal], why [Mall.Place] would refuse a request now. It does
// nothing and keeps nothing.
func (m *Mall) Check(ctx context.Context, r Request) error {
	if err := r.validate(); err != nil {
		return err
	}
	o, err := m.draft(ctx, &r)
	if err != nil || o.Stock != Reserved {
		return err
	}
	s, err := m.o.Store.Stock(ctx, o.Product)
	if err == nil && s.Available < o.Quantity {
		return refuse(CodeSoldOut, "fewer than %d are left", o.Quantity)
	}
	return err
}
