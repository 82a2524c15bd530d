package mall

import (
	"cmp"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// Price is what one unit costs. Points are electricity points, at least 1; Fen is
// cash beside them in hundredths of a yuan, 0 for points only.
type Price struct {
	// Tier and Channel are for whom and where; empty is everybody and everywhere.
	Tier    string `json:"tier,omitempty"`
	Channel string `json:"channel,omitempty"`
	Points  int64  `json:"points,string"`
	Fen     int64  `json:"fen,string"`
}

// FenMax bounds a price in cash: a million yuan.
const FenMax int64 = 100_000_000

// PriceMax bounds a price in points.
const PriceMax int64 = 1_000_000_000

// Ratio is an exact fraction; the zero value is 1.
type Ratio struct {
	Num int64 `json:"num,string"`
	Den int64 `json:"den,string"`
}

const ratioMax = 1_000_000

func (r Ratio) zero() bool { return r == Ratio{} }

// Offer is a price as one member sees it. List is what it costs in points without
// the bonus.
type Offer struct {
	Points int64 `json:"points,string"`
	Fen    int64 `json:"fen,string"`
	List   int64 `json:"list_points,string"`
}

// Offers returns what one unit costs a member of a tier in a channel, cheapest in
// points first: of all prices the most particular that fit, by tier and channel,
// then by tier, then by channel. The bonus of a product of the utility's own makes
// each point count so many times; what is left is rounded up to a whole point.
func (p *Product) Offers(tier, channel string) []Offer {
	best, offers := 0, []Offer(nil)
	for _, price := range p.Prices {
		rank := 1
		if price.Tier != "" {
			rank += 2
		}
		if price.Channel != "" {
			rank++
		}
		if price.Tier != "" && price.Tier != tier || price.Channel != "" && price.Channel != channel || rank < best {
			continue
		}
		if rank > best {
			best, offers = rank, nil
		}
		offers = append(offers, Offer{Points: p.favoured(price.Points), Fen: price.Fen, List: price.Points})
	}
	slices.SortFunc(offers, func(a, b Offer) int { return cmp.Or(cmp.Compare(a.Points, b.Points), cmp.Compare(a.Fen, b.Fen)) })
	return offers
}

// favoured is a price in points after the bonus. The product is valid, so nothing
// overflows.
func (p *Product) favoured(points int64) int64 {
	if p.Bonus.zero() {
		return points
	}
	quotient, rest, _ := ledger.MulDiv(points, p.Bonus.Den, p.Bonus.Num)
	if rest > 0 {
		quotient++
	}
	return max(quotient, 1)
}

func (p *Product) checkPrices() error {
	if len(p.Prices) == 0 || len(p.Prices) > pricesMax {
		return invalid("prices are %d, want 1 to %d", len(p.Prices), pricesMax)
	}
	general := false
	for i, price := range p.Prices {
		switch {
		case price.Points < 1 || price.Points > PriceMax:
			return invalid("a price has %d points, want 1 to %d", price.Points, PriceMax)
		case price.Fen < 0 || price.Fen > FenMax:
			return invalid("a price has %d fen, want 0 to %d", price.Fen, FenMax)
		case price.Tier != "" && !validCode(price.Tier), price.Channel != "" && !validCode(price.Channel):
			return invalid("tier and channel of a price are codes of 2 to 40 of a-z, 0-9 and -")
		case slices.Contains(p.Prices[:i], price):
			return invalid("a price is there twice")
		case p.Kind == PartnerPoints && price.Fen != 0:
			return invalid("partner points are bought with points only")
		}
		general = general || price.Tier == "" && price.Channel == ""
	}
	if !general {
		return invalid("one price must be for every tier and channel")
	}
	return nil
}
