package mall

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// Store keeps the mall. Every method that writes returns after the write is
// durable, and either does all it says or nothing. What is not there is
// [ErrNotFound].
type Store interface {
	// SaveCategory stores a category and the entry about it. Its version must be one
	// more than the stored one, 1 for a new one; otherwise it returns [ErrChanged].
	SaveCategory(ctx context.Context, c *Category, e *Change) error
	// Categories returns all by shelf and ID.
	Categories(ctx context.Context) ([]*Category, error)

	// SaveProduct stores a product with its terms, and the entry about it; versions
	// as with SaveCategory. A new one has an empty stock.
	SaveProduct(ctx context.Context, p *Product, e *Change) error
	Product(ctx context.Context, id string) (*Product, error)
	// Products returns those that a filter picks by shelf and ID.
	Products(ctx context.Context, f ProductFilter) ([]*Product, error)
	// MallChanges returns the entries about a product or category, oldest first.
	MallChanges(ctx context.Context, subject string) ([]*Change, error)

	// CreateProposal stores a new proposal, or returns [ErrProposed] while another for
	// the product is open.
	CreateProposal(ctx context.Context, x *Proposal) error
	// ApproveProposal stores the decision, the product as with SaveProduct, and the
	// entry about it. It returns [ErrChanged] when the proposal is not open, or the
	// product's version is not the one before.
	ApproveProposal(ctx context.Context, x *Proposal, e *Change) error
	// RejectProposal stores the decision, or returns [ErrChanged] for one that is not
	// open.
	RejectProposal(ctx context.Context, x *Proposal) error
	Proposal(ctx context.Context, id ledger.ID) (*Proposal, error)
	// Proposals returns those in a state, "" for all, with an ID below before unless
	// that is zero, newest first, at most limit.
	Proposals(ctx context.Context, state ProposalState, before ledger.ID, limit int) ([]*Proposal, error)

	// AddPicture stores a picture, unless one of its ID is there.
	AddPicture(ctx context.Context, p *Picture) error
	Picture(ctx context.Context, id string) (*Picture, error)

	Stock(ctx context.Context, product string) (*Stock, error)
	// Stocks returns those of some products, in any order.
	Stocks(ctx context.Context, products []string) ([]*Stock, error)
	// AddStock adds to what is available, or takes from it. The entry's number must be
	// one more than the stock's version; otherwise, or when less than that is
	// available, it returns [ErrChanged].
	AddStock(ctx context.Context, delta int64, e *Change) error
	// AddCodes adds codes, and as many to what is available, and returns how many
	// were new. Numbers are as with AddStock.
	AddCodes(ctx context.Context, codes []SealedCode, e *Change) (added int64, err error)
	// GiveCodes gives an order that many of a product's codes, those that came first
	// first, unless it has some. It returns [ErrSoldOut] when there are fewer.
	GiveCodes(ctx context.Context, order ledger.ID, product string, n int64) error
	// Codes returns the sealed codes of an order.
	Codes(ctx context.Context, order ledger.ID) ([]SealedCode, error)

	// CreateMallOrder stores a new order, whose Stock is Reserved or NoStock, and takes
	// what it reserves from what is available. It returns the one of that time if the
	// client has used the idempotency key before, [ErrSoldOut] when less is available,
	// and [ErrChanged] when the product's version is another.
	CreateMallOrder(ctx context.Context, o *Order) (existing *Order, err error)
	// UpdateMallOrder stores what can change. The revision must be one more than the
	// stored one; otherwise it returns [ErrChanged]. Stock that is reserved moves to
	// where the order says, once.
	UpdateMallOrder(ctx context.Context, o *Order) error
	MallOrder(ctx context.Context, id ledger.ID) (*Order, error)
	MallOrderByKey(ctx context.Context, client, key string) (*Order, error)
	// MallOrders returns those that a filter picks, newest first; with Waiting in the
	// order in which they are to be sent off: those of the fast channel first, then
	// oldest first.
	MallOrders(ctx context.Context, f OrderFilter) ([]*Order, error)
	// UnfinishedMallOrders returns those not at StepDone that are to be looked at by a
	// time, with an ID above after, ascending, at most limit.
	UnfinishedMallOrders(ctx context.Context, at int64, after ledger.ID, limit int) ([]*Order, error)

	// CreateReturn stores a new return, or returns the one of that time for a key that
	// the client has used. It returns [ErrReturnUnderWay] while another of the order
	// is not at StepDone, and when Before is not the order's Returned.
	CreateReturn(ctx context.Context, r *Return) (existing *Return, err error)
	// UpdateReturn stores what can change; revisions as with UpdateMallOrder. When it is
	// completed it adds to the order's Returned, makes it Refunded when nothing is
	// left, and with Restock makes the stock available again, all once.
	UpdateReturn(ctx context.Context, r *Return) error
	Return(ctx context.Context, id ledger.ID) (*Return, error)
	// Returns returns those of an order, oldest first.
	Returns(ctx context.Context, order ledger.ID) ([]*Return, error)
	// UnfinishedReturns is as UnfinishedMallOrders.
	UnfinishedReturns(ctx context.Context, after ledger.ID, limit int) ([]*Return, error)

	// CreateClaim stores a new claim, or returns the open one of its order.
	CreateClaim(ctx context.Context, c *Claim) (existing *Claim, err error)
	// DecideClaim stores the decision, or returns [ErrChanged] for one that is not open.
	DecideClaim(ctx context.Context, c *Claim) error
	Claim(ctx context.Context, id ledger.ID) (*Claim, error)
	// Claims returns those that a filter picks, newest first.
	Claims(ctx context.Context, f ClaimFilter) ([]*Claim, error)

	// Sales calls visit for every sum of fulfilled orders of the months, both
	// included, by month and product, and stops at the first error.
	Sales(ctx context.Context, from, until ledger.Month, visit func(*Sale) error) error
}

// ProductFilter picks products.
type ProductFilter struct {
	Category string   // empty is any
	Kind     Kind     // empty is any
	Wanted   []string // see [Wanted]
	OnSaleAt int64    // milliseconds since 1970; 0 picks what is not on sale too
	Access   Access
	// AfterShelf and AfterID are those of the last of the page before; AfterID "" is
	// the first page.
	AfterShelf int64
	AfterID    string
	Limit      int // 1 to 200
}

// Access picks products by who may see them.
type Access string

// The open shelves, the exclusive one, or all of them.
const (
	AnyAccess     Access = ""
	OpenOnly      Access = "open"
	ExclusiveOnly Access = "exclusive"
)

// Picks reports whether the filter picks a product, wherever it stands.
func (f *ProductFilter) Picks(p *Product) bool {
	return (f.Category == "" || p.Category == f.Category) && (f.Kind == "" || p.Kind == f.Kind) &&
		(f.OnSaleAt == 0 || p.OnSale(f.OnSaleAt)) && (f.Access == AnyAccess || p.Exclusive == (f.Access == ExclusiveOnly))
}

// OrderFilter picks orders.
type OrderFilter struct {
	Member string // empty is any
	Status Status // empty is any
	// Waiting picks those that wait for dispatch, Escalated those on the operator's
	// list.
	Waiting, Escalated bool
	// Before is the last one of the page before, After that of a page of Waiting, and
	// AfterFast whether that one was of the fast channel. Zero is the first page.
	Before, After ledger.ID
	AfterFast     bool
	Limit         int // 1 to 200
}

// Picks reports whether the filter picks an order.
func (f *OrderFilter) Picks(o *Order) bool {
	return (f.Member == "" || o.Member == f.Member) && (f.Status == "" || o.Status == f.Status) &&
		(!f.Waiting || o.Step == StepDispatch) && (!f.Escalated || o.EscalatedAt != 0)
}

// Sale is what was spent on a product in a month. What was returned is counted in
// the month of the order.
type Sale struct {
	Month          ledger.Month `json:"month"`
	Product        string       `json:"product"`
	Category       string       `json:"category"`
	Kind           Kind         `json:"kind"`
	Partner        string       `json:"partner,omitempty"` // empty: electricity's own
	Orders         int64        `json:"orders,string"`
	Quantity       int64        `json:"quantity,string"`
	Points         int64        `json:"points,string"`
	Fen            int64        `json:"fen,string"`
	ReturnedPoints int64        `json:"returned_points,string"`
	ReturnedFen    int64        `json:"returned_fen,string"`
}
