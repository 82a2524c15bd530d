package mall_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

func TestTheMostParticularPriceCounts(t *testing.T) {
	p := malltest.Product("lamp", mall.Goods)
	p.Prices = []mall.Price{{Points: 100}, {Points: 60, Fen: 500}, {Channel: "app", Points: 90}, {Tier: "gold", Points: 80}, {Tier: "gold", Channel: "app", Points: 70}}
	for _, c := range []struct {
		tier, channel string
		want          []int64
	}{
		{"", "", []int64{60, 100}}, {"silver", "web", []int64{60, 100}}, {"", "app", []int64{90}}, {"gold", "", []int64{80}}, {"gold", "web", []int64{80}},
		{"gold", "app", []int64{70}},
	} {
		var got []int64
		for _, o := range p.Offers(c.tier, c.channel) {
			got = append(got, o.Points)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("tier %q, channel %q: %v, want %v", c.tier, c.channel, got, c.want)
		}
	}
}

func TestABonusIsExactAndRoundsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := malltest.Product("bill", mall.BillCredit)
		den := rapid.Int64Range(1, 1_000_000).Draw(t, "den")
		p.Bonus = mall.Ratio{Num: rapid.Int64Range(den, 1_000_000).Draw(t, "num"), Den: den}
		p.Prices[0].Points = rapid.Int64Range(1, mall.PriceMax).Draw(t, "points")
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		got, list := p.Offers("", "")[0].Points, p.Prices[0].Points
		// The fewest points that, times the bonus, are worth the price.
		if got < 1 || got*p.Bonus.Num < list*p.Bonus.Den || got > 1 && (got-1)*p.Bonus.Num >= list*p.Bonus.Den {
			t.Errorf("%d points with a bonus of %+v cost %d", list, p.Bonus, got)
		}
	})
}

func TestProductsThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(*mall.Product){
		"an ID with a slash":             func(p *mall.Product) { p.ID = "a/b" },
		"one language":                   func(p *mall.Product) { p.Name.EN = " " },
		"a long name":                    func(p *mall.Product) { p.Name.ZH = strings.Repeat("长", 41) },
		"a name with a bell":             func(p *mall.Product) { p.Name.EN = "a\a" },
		"a name that turns the text":     func(p *mall.Product) { p.Name.EN = "a\u202eb" },
		"no price":                       func(p *mall.Product) { p.Prices = nil },
		"a price of nothing":             func(p *mall.Product) { p.Prices[0].Points = 0 },
		"a price below zero":             func(p *mall.Product) { p.Prices[0].Fen = -1 },
		"no price for everybody":         func(p *mall.Product) { p.Prices[0].Tier = "gold" },
		"a price twice":                  func(p *mall.Product) { p.Prices = append(p.Prices, p.Prices[0]) },
		"a bonus of less than one":       func(p *mall.Product) { p.Bonus = mall.Ratio{Num: 1, Den: 2} },
		"a bonus for a partner's":        func(p *mall.Product) { p.Partner, p.Bonus = "sky", mall.Ratio{Num: 2, Den: 1} },
		"a partner's on the first shelf": func(p *mall.Product) { p.Partner, p.Shelf = "sky", 0 },
		"a sale that ends first":         func(p *mall.Product) { p.SaleFrom, p.SaleUntil = 5, 5 },
		"an unknown kind":                func(p *mall.Product) { p.Kind = "dream" },
		"a credit of nothing":            func(p *mall.Product) { p.Kind = mall.BillCredit },
		"partner points of nobody":       func(p *mall.Product) { p.Kind = mall.PartnerPoints },
		"too many at once":               func(p *mall.Product) { p.QuantityMax = 101 },
	} {
		p := malltest.Product("lamp", mall.Goods)
		change(p)
		refusal(t, p.Validate(), mall.CodeInvalid)
		if p.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func FuzzSearch(f *testing.F) {
	f.Add("空气净化器 Air purifier", "air 净化")
	f.Add("0\xfe0", "")
	f.Add("\xff\xfe%'\"", "\u202e")
	f.Fuzz(func(t *testing.T, name, query string) {
		p := mall.Product{ID: "p1", Name: mall.Text{ZH: name}}
		terms := p.Terms()
		if !slices.IsSorted(terms) || len(slices.Compact(slices.Clone(terms))) != len(terms) {
			t.Errorf("terms of %q are %q", name, terms)
		}
		for _, w := range mall.Wanted(query) {
			if w == "" || len(w) > 64 {
				t.Errorf("%q wants %q", query, w)
			}
		}
		if len(name) > 60 {
			return
		}
		for _, w := range mall.Wanted(name) {
			if !slices.ContainsFunc(terms, func(s string) bool { return strings.HasPrefix(s, w) }) {
				t.Errorf("%q is not found by itself: it wants %q and has %q", name, w, terms)
			}
		}
	})
}
