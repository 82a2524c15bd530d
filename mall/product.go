package mall

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// Kind is how a product is fulfilled.
type Kind string

const (
	// BillCredit is credited to a contract account by the billing system.
	BillCredit Kind = "bill_credit"
	// Goods are sent to an address from stock.
	Goods Kind = "goods"
	// Voucher is a code out of a pool.
	Voucher Kind = "voucher"
	// PartnerPoints go through the exchange, at its rate.
	PartnerPoints Kind = "partner_points"
	// Service is carried out by people, such as an energy audit.
	Service Kind = "service"
)

// Kinds returns all of them.
func Kinds() []Kind { return []Kind{BillCredit, Goods, Voucher, PartnerPoints, Service} }

// Stocked reports whether products of the kind are limited by stock. The stock of
// a voucher is its codes, that of a service its appointments.
func (k Kind) Stocked() bool { return k == Goods || k == Voucher || k == Service }

// waits reports whether people send the product off.
func (k Kind) waits() bool { return k == Goods || k == Service }

// house is the ledger's house account to which points for the kind go.
func (k Kind) house() string {
	return map[Kind]string{BillCredit: "mall-bill", Goods: "mall-goods", Voucher: "mall-voucher",
		PartnerPoints: "mall-points", Service: "mall-service"}[k]
}

// Product is something that can be ordered. Its ID is fixed for ever.
type Product struct {
	ID          string `json:"id"` // 2 to 40 of a-z, 0-9 and -
	Kind        Kind   `json:"kind"`
	Category    string `json:"category"`
	Name        Text   `json:"name"`
	Summary     Text   `json:"summary"`
	Description Text   `json:"description"`
	// Partner is the company whose product it is; empty for the utility's own, on
	// which what is spent stays with electricity.
	Partner string  `json:"partner,omitempty"`
	Prices  []Price `json:"prices"`
	// Bonus makes points count more for a product of the utility's own; see
	// [Product.Offers].
	Bonus Ratio `json:"bonus,omitzero"`
	// Shelf orders the mall, 0 to 1000, lowest first; 0 is the first shelf, for
	// electricity's own.
	Shelf int64 `json:"shelf,string"`
	// Tiers are those to which it is sold; empty is everybody.
	Tiers []string `json:"tiers,omitempty"`
	// Exclusive puts it on the shelf that only members with that privilege see and
	// buy from.
	Exclusive bool `json:"exclusive,omitempty"`
	// Picture names a drawing of package pictures or a [Picture]; empty is a neutral
	// one by kind.
	Picture string `json:"picture,omitempty"`
	// SaleFrom and SaleUntil bound the sale, milliseconds since 1970, the second
	// excluded; 0 is unbounded.
	SaleFrom  int64 `json:"sale_from,string,omitempty"`
	SaleUntil int64 `json:"sale_until,string,omitempty"`
	// QuantityMax is the most units of one order, 1 to 100.
	QuantityMax int64 `json:"quantity_max,string"`
	// BillFen is what one unit credits to a bill, for [BillCredit].
	BillFen int64 `json:"bill_fen,string,omitempty"`
	// Listed says that it is shown and sold.
	Listed    bool  `json:"listed"`
	Version   int64 `json:"version,string"` // from 1, each change one more
	UpdatedAt int64 `json:"updated_at,string"`
}

// Bounds of a product.
const (
	ShelfMax    = 1000
	QuantityMax = 100
	pricesMax   = 32
	tiersMax    = 8
)

// Own reports whether it is the utility's own.
func (p *Product) Own() bool { return p.Partner == "" }

// OnSale reports whether it is sold at a time, in milliseconds since 1970.
func (p *Product) OnSale(at int64) bool {
	return p.Listed && at >= p.SaleFrom && (p.SaleUntil == 0 || at < p.SaleUntil)
}

// For reports whether it is sold to somebody who stands so.
func (p *Product) For(s Standing) bool {
	return (len(p.Tiers) == 0 || slices.Contains(p.Tiers, s.Tier)) && (!p.Exclusive || s.Exclusive)
}

// Clone returns a copy that shares nothing with p.
func (p *Product) Clone() *Product {
	n := *p
	n.Prices, n.Tiers = slices.Clone(p.Prices), slices.Clone(p.Tiers)
	return &n
}

// Validate returns a [*Refusal] that says what is wrong with the product.
func (p *Product) Validate() error {
	for _, err := range []error{checkCode("id", p.ID), checkCode("category", p.Category),
		p.Name.validate("name", NameMax, true), p.Summary.validate("summary", SummaryMax, false),
		p.Description.validate("description", DescriptionMax, false), p.checkPrices(), p.checkKind()} {
		if err != nil {
			return err
		}
	}
	switch {
	case p.Partner != "" && !ledger.ValidPartner(p.Partner):
		return invalid("partner is not a partner's code")
	case p.Shelf < 0 || p.Shelf > ShelfMax:
		return invalid("shelf is %d, want 0 to %d", p.Shelf, ShelfMax)
	case p.Shelf == 0 && !p.Own():
		return invalid("the first shelf is for electricity's own products; want shelf 1 to %d", ShelfMax)
	case p.QuantityMax < 1 || p.QuantityMax > QuantityMax:
		return invalid("quantity_max is %d, want 1 to %d", p.QuantityMax, QuantityMax)
	case p.SaleFrom < 0 || p.SaleUntil < 0 || p.SaleUntil != 0 && p.SaleUntil <= p.SaleFrom:
		return invalid("the sale ends before it begins")
	case !p.Bonus.zero() && (!p.Own() || p.Bonus.Den < 1 || p.Bonus.Num < p.Bonus.Den || p.Bonus.Num > ratioMax):
		return invalid("a bonus is a ratio of 1 or more, of numbers up to %d, for a product of the utility's own", ratioMax)
	case p.Picture != "" && !validCode(p.Picture):
		return invalid("picture must be the name of a drawing, or the ID of a picture that was uploaded")
	case len(p.Tiers) > tiersMax || slices.ContainsFunc(p.Tiers, func(t string) bool { return !validCode(t) }):
		return invalid("tiers are at most %d codes", tiersMax)
	}
	return nil
}

func (p *Product) checkKind() error {
	switch p.Kind {
	case BillCredit:
		if p.BillFen < 1 || p.BillFen > FenMax || !p.Own() {
			return invalid("a bill credit is the utility's own and has bill_fen, 1 to %d", FenMax)
		}
		return nil
	case PartnerPoints:
		if p.Own() || !p.Bonus.zero() {
			return invalid("partner points are a partner's and have no bonus: the agreement has their rate")
		}
	case Goods, Voucher, Service:
	default:
		return invalid("kind must be one of %v", Kinds())
	}
	if p.BillFen != 0 {
		return invalid("bill_fen is for bill credits only")
	}
	return nil
}

// Category is a part of the catalogue.
type Category struct {
	ID      string `json:"id"`
	Name    Text   `json:"name"`
	Shelf   int64  `json:"shelf,string"` // orders categories, lowest first
	Version int64  `json:"version,string"`
}

// Validate returns a [*Refusal] that says what is wrong with the category.
func (c *Category) Validate() error {
	if c.Shelf < 0 || c.Shelf > ShelfMax {
		return invalid("shelf is %d, want 0 to %d", c.Shelf, ShelfMax)
	}
	if err := checkCode("id", c.ID); err != nil {
		return err
	}
	return c.Name.validate("name", NameMax, true)
}
