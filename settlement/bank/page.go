package bank

import (
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
)

// page is one account's statement or notification, with what must add up.
type page struct {
	account          camtAccount
	summary          camtSummary
	opening, closing *int64 // booked balances in cents, when both are told
	booked           int64  // sum of the booked entries, credits positive
	gross            int64  // sum of all, as amounts
	entries          int64
}

func (p *page) balance(b *camtBalance) error {
	cents, err := parseCents(b.Amount.Value)
	if err != nil {
		return bad("balance: %v", err)
	}
	if strings.TrimSpace(b.Sign) == "DBIT" {
		cents = -cents
	}
	switch strings.TrimSpace(b.Type) {
	case "OPBD", "PRCD":
		if p.opening == nil || strings.TrimSpace(b.Type) == "OPBD" {
			p.opening = &cents
		}
	case "CLBD":
		p.closing = &cents
	}
	return nil
}

func (p *page) add(e *camtEntry) error {
	cents, err := parseCents(e.Amount.Value)
	if err != nil {
		return bad("%v", err)
	}
	var ok1, ok2 bool
	p.entries++
	p.gross, ok1 = ledger.Add(p.gross, cents)
	ok2 = true
	if strings.TrimSpace(e.Status.Code+e.Status.Text) == "BOOK" {
		if strings.TrimSpace(e.Sign) == "DBIT" {
			cents = -cents
		}
		p.booked, ok2 = ledger.Add(p.booked, cents)
	}
	if !ok1 || !ok2 {
		return bad("sums are too large")
	}
	return nil
}

// end checks what the bank says of the whole against the entries.
func (p *page) end() error {
	if p == nil {
		return nil
	}
	if p.opening != nil && p.closing != nil {
		if made, ok := ledger.Add(*p.opening, p.booked); !ok || made != *p.closing {
			return bad("the opening balance and the entries make %s yuan, the closing balance is %s", yuan(made), yuan(*p.closing))
		}
	}
	s := p.summary.Entries
	if s == nil {
		return nil
	}
	if n := strings.TrimSpace(s.Count); n != "" && n != strconv.FormatInt(p.entries, 10) {
		return bad("%d entries, where the summary says %s", p.entries, clip(n))
	}
	if s.Sum == "" {
		return nil
	}
	if sum, err := parseCents(s.Sum); err != nil || sum != p.gross {
		return bad("entries of %s yuan, where the summary says %s", yuan(p.gross), clip(s.Sum))
	}
	return nil
}
