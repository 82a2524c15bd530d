package mall

import (
	"strings"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/page"
)

// party is as whom the pages ask the exchange: a program of the utility's.
var party = exchange.Party{Client: "mall"}

// currency is a programme as a member is told of it.
type currency struct {
	exchange.Programme
	Title string // of its points
	One   string // of one of them
	By    string // the company; empty is the utility
}

// Text is an amount with what it counts.
func (c currency) Text(n int64) string { return c.words(page.Amount(n, c.Scale)) }

func (c currency) words(amount string) string {
	if amount == "1" {
		return amount + " " + c.One
	}
	return amount + " " + c.Title
}

// Initial stands for the company where there is no picture.
func (c currency) Initial() string {
	for _, r := range c.By {
		return strings.ToUpper(string(r))
	}
	return ""
}

// Gives and Takes report whether members can convert from and to it here. What a
// partner moves before it tells us begins in its own pages.
func (c currency) Gives() bool { return c.Partner == "" || c.In == partners.Callback && !c.Suspended }

// Takes is about the other way.
func (c currency) Takes() bool {
	return c.Partner == "" || c.Out == partners.Callback && !c.Suspended
}

// currencies are all programmes, electricity points first.
func (m *Mall) currencies(v *visit) ([]currency, error) {
	if v.known != nil {
		return v.known, nil
	}
	found, err := m.o.Exchange.Programmes(v.r.Context())
	if err != nil {
		return nil, err
	}
	all := make([]currency, len(found))
	for i, p := range found {
		c := currency{Programme: p, Title: m.say(v, "mall.currency.own"), One: m.say(v, "mall.currency.own_one")}
		if p.Partner != "" {
			c.By = p.Name
			if v.lang == page.Chinese && p.NameZH != "" {
				c.By = p.NameZH
			}
			c.Title, c.One = m.say(v, "mall.currency.of", "name", c.By), m.say(v, "mall.currency.of_one", "name", c.By)
		}
		all[i] = c
	}
	v.known = all
	return all, nil
}

// agreements are all that were ever offered.
func (m *Mall) agreements(v *visit) (_ []ledger.Agreement, err error) {
	if v.signed == nil {
		v.signed, err = m.o.Exchange.Agreements(v.r.Context(), party)
	}
	return v.signed, err
}

// currencyOf finds a programme by its code; one that is gone is called by it.
func currencyOf(all []currency, code string) currency {
	for _, c := range all {
		if c.Code == code {
			return c
		}
	}
	return currency{Programme: exchange.Programme{Code: code}, Title: code, One: code, By: code}
}

// partnerOf finds a programme by its company.
func partnerOf(all []currency, partner string) (currency, bool) {
	for _, c := range all {
		if c.Partner == partner && partner != "" {
			return c, true
		}
	}
	return currency{Programme: exchange.Programme{Code: partner, Partner: partner}, Title: partner, One: partner, By: partner}, false
}

// parseAmount reads an amount as people type it, with at most the programme's decimal
// places; commas and spaces between digits don't count.
func parseAmount(text string, scale uint8) (n int64, ok bool) {
	whole, fraction, point := strings.Cut(strings.NewReplacer(",", "", " ", "", "，", "").Replace(text), ".")
	if whole == "" || point && fraction == "" || len(fraction) > int(scale) {
		return 0, false
	}
	for _, digit := range []byte(whole + fraction + strings.Repeat("0", int(scale)-len(fraction))) {
		if digit < '0' || digit > '9' || n > (ledger.AmountMax-9)/10 {
			return 0, false
		}
		n = 10*n + int64(digit-'0')
	}
	return n, n > 0
}

// plainAmount is what parseAmount reads, for a field.
func plainAmount(n int64, scale uint8) string {
	return strings.ReplaceAll(page.Amount(n, scale), ",", "")
}
