package mall

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// Shown is a product as one member sees it.
type Shown struct {
	Product *Product
	Offers  []Offer
	// ForYou says that the product is sold to a member who stands so.
	ForYou bool
	// List is what it costs in points in members' eyes who have no tier, cheapest
	// first; for who looks has a better price.
	List []Offer
	// Available is what can be ordered, -1 where that is not limited.
	Available int64
}

// Viewer is who looks at the catalogue. Both may be empty: without a member it is
// staff, who see the exclusive shelf too.
type Viewer struct{ Member, Channel string }

// Show returns a product, on sale or not. It returns [ErrNotFound], also for what
// stands on the exclusive shelf when that is closed to the viewer.
func (m *Mall) Show(ctx context.Context, v Viewer, id string) (*Shown, error) {
	s, err := m.Standing(ctx, v.Member)
	if err != nil {
		return nil, err
	}
	p, err := m.o.Store.Product(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.Exclusive && v.Member != "" && !s.Exclusive {
		return nil, ErrNotFound
	}
	all, err := m.shown(ctx, s, v.Channel, []*Product{p})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Browse returns products by shelf, of the exclusive one only if it is open to the
// viewer. Query is what the member searches for.
func (m *Mall) Browse(ctx context.Context, v Viewer, f ProductFilter, query string) ([]*Shown, error) {
	s, err := m.Standing(ctx, v.Member)
	if err != nil {
		return nil, err
	}
	if v.Member != "" && !s.Exclusive {
		if f.Access == ExclusiveOnly {
			return nil, nil
		}
		f.Access = OpenOnly
	}
	f.Wanted = Wanted(query)
	all, err := m.o.Store.Products(ctx, f)
	if err != nil {
		return nil, err
	}
	return m.shown(ctx, s, v.Channel, all)
}

// Standing returns how a member stands; nobody has no tier.
func (m *Mall) Standing(ctx context.Context, member string) (Standing, error) {
	if m.o.Tiers == nil || member == "" {
		return Standing{}, nil
	}
	s, err := m.o.Tiers.StandingOf(ctx, member)
	if err != nil {
		return Standing{}, fmt.Errorf("mall: tier: %w", err)
	}
	return s, nil
}

func (m *Mall) shown(ctx context.Context, standing Standing, channel string, all []*Product) ([]*Shown, error) {
	var limited []string
	for _, p := range all {
		if p.Kind.Stocked() {
			limited = append(limited, p.ID)
		}
	}
	left := map[string]int64{}
	if len(limited) > 0 {
		stocks, err := m.o.Store.Stocks(ctx, limited)
		if err != nil {
			return nil, err
		}
		for _, s := range stocks {
			left[s.Product] = s.Available
		}
	}
	out := make([]*Shown, len(all))
	for i, p := range all {
		out[i] = &Shown{Product: p, Offers: p.Offers(standing.Tier, channel), List: p.Offers("", ""), ForYou: p.For(standing), Available: -1}
		if p.Kind.Stocked() {
			out[i].Available = left[p.ID]
		}
	}
	return out, nil
}

// Now is the mall's time, in milliseconds since 1970.
func (m *Mall) Now() int64 { return m.now() }

// Categories returns all by shelf.
func (m *Mall) Categories(ctx context.Context) ([]*Category, error) { return m.o.Store.Categories(ctx) }

// SaveCategory makes a category, of version 1, or changes one to the next version.
// It returns a [*Refusal] or [ErrChanged].
func (m *Mall) SaveCategory(ctx context.Context, by string, c *Category) error {
	if err := c.Validate(); err != nil {
		return err
	}
	e, err := m.entry(by, c.ID, ChangedCategory, c.Version, c)
	if err != nil {
		return err
	}
	return m.o.Store.SaveCategory(ctx, c, e)
}

// SaveProduct makes a product, of version 1, or changes one to the next version.
// The kind, and whose product it is, never change. Under four eyes a new product,
// and a change of what members pay or get, are refused: see [Mall.Propose]. It
// returns a [*Refusal], [ErrNotFound] or [ErrChanged].
func (m *Mall) SaveProduct(ctx context.Context, by string, p *Product) error {
	before, err := m.before(ctx, p)
	if err != nil {
		return err
	}
	if m.o.FourEyes && costsOtherwise(before, p) {
		return refuse(CodeApprovalNeeded, "a new product, or another price, is proposed by one and approved by another")
	}
	p.UpdatedAt = m.now()
	e, err := m.entry(by, p.ID, ChangedProduct, p.Version, p)
	if err != nil {
		return err
	}
	return m.o.Store.SaveProduct(ctx, p, e)
}

func (m *Mall) entry(by, subject, what string, number int64, detail any) (*Change, error) {
	if by == "" {
		return nil, invalid("a change needs somebody who makes it")
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return nil, fmt.Errorf("mall: change of %s: %w", subject, err)
	}
	return &Change{Subject: subject, What: what, Number: number, By: by, At: m.now(), Detail: string(text)}, nil
}

// Changes returns who changed a product or category and its stock, oldest first.
func (m *Mall) Changes(ctx context.Context, subject string) ([]*Change, error) {
	return m.o.Store.MallChanges(ctx, subject)
}

// Stock returns what there is of a product.
func (m *Mall) Stock(ctx context.Context, product string) (*Stock, error) {
	return m.o.Store.Stock(ctx, product)
}

// AddStock adds to a product's stock, or takes from it. Version is that of the
// stock as the caller saw it. It returns a [*Refusal], [ErrNotFound], or [ErrChanged]
// when somebody else changed it meanwhile.
func (m *Mall) AddStock(ctx context.Context, by, product string, delta, version int64, reason string) (*Stock, error) {
	if delta == 0 || delta > StockMax || delta < -StockMax {
		return nil, invalid("the change is %d, want -%d to %d and not 0", delta, StockMax, StockMax)
	}
	if err := checkText("reason", reason, reasonMax, false); err != nil {
		return nil, err
	}
	p, s, err := m.stocked(ctx, product)
	switch {
	case err != nil:
		return nil, err
	case p.Kind == Voucher:
		return nil, invalid("the stock of a voucher is its codes; add codes")
	case s.Available+delta < 0:
		return nil, refuse(CodeStockBelowZero, "%d are available; less than that cannot be taken out", s.Available)
	case s.Available+s.Reserved+s.Consumed+delta > StockMax:
		return nil, invalid("a product's stock is at most %d", StockMax)
	}
	e, err := m.entry(by, product, ChangedStock, version+1, struct {
		Delta  int64  `json:"delta,string"`
		Reason string `json:"reason,omitempty"`
	}{delta, reason})
	if err != nil {
		return nil, err
	}
	if err := m.o.Store.AddStock(ctx, delta, e); err != nil {
		return nil, err
	}
	return m.o.Store.Stock(ctx, product)
}

func (m *Mall) stocked(ctx context.Context, product string) (*Product, *Stock, error) {
	p, err := m.o.Store.Product(ctx, product)
	if err != nil {
		return nil, nil, err
	}
	if !p.Kind.Stocked() {
		return nil, nil, invalid("a %s has no stock", p.Kind)
	}
	s, err := m.o.Store.Stock(ctx, product)
	return p, s, err
}

// CodesMax is the most codes of one call.
const CodesMax = 1000

// AddCodes adds codes to a voucher's pool and returns how many were new. The codes
// are sealed before they are stored, and are in no log.
func (m *Mall) AddCodes(ctx context.Context, by, product string, version int64, codes []string) (added int64, err error) {
	if len(codes) == 0 || len(codes) > CodesMax {
		return 0, invalid("codes are %d, want 1 to %d", len(codes), CodesMax)
	}
	p, _, err := m.stocked(ctx, product)
	if err != nil {
		return 0, err
	}
	if p.Kind != Voucher {
		return 0, invalid("only vouchers have codes")
	}
	sealed := make([]SealedCode, len(codes))
	for i, code := range codes {
		if strings.TrimSpace(code) != code || code == "" {
			return 0, invalid("code %d is empty or has spaces around it", i+1)
		}
		if err := checkText(fmt.Sprintf("code %d", i+1), code, codeMax, false); err != nil {
			return 0, err
		}
		if sealed[i], err = m.vault.seal(product, code); err != nil {
			return 0, err
		}
	}
	e, err := m.entry(by, product, ChangedCodes, version+1, struct {
		Given int `json:"given"`
	}{len(codes)})
	if err != nil {
		return 0, err
	}
	return m.o.Store.AddCodes(ctx, sealed, e)
}

// Order returns an order, or [ErrNotFound].
func (m *Mall) Order(ctx context.Context, id ledger.ID) (*Order, error) {
	return m.o.Store.MallOrder(ctx, id)
}

// Orders returns orders, newest first.
func (m *Mall) Orders(ctx context.Context, f OrderFilter) ([]*Order, error) {
	return m.o.Store.MallOrders(ctx, f)
}

// Returns returns what was given back of an order, oldest first.
func (m *Mall) Returns(ctx context.Context, order ledger.ID) ([]*Return, error) {
	return m.o.Store.Returns(ctx, order)
}

// Codes returns the codes of a fulfilled order of vouchers, none for any other.
// They are for the member's eyes: nobody logs or stores them.
func (m *Mall) Codes(ctx context.Context, o *Order) ([]string, error) {
	if o.Kind != Voucher || o.Status != Fulfilled {
		return nil, nil
	}
	sealed, err := m.o.Store.Codes(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	codes := make([]string, len(sealed))
	for i, c := range sealed {
		if codes[i], err = m.vault.open(o.Product, c.Sealed); err != nil {
			return nil, err
		}
	}
	return codes, nil
}
