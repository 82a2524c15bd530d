package bank

import "strings"

// Verdict says what became of a payment, or of a confirmation; values are stable.
type Verdict string

const (
	Confirmed Verdict = "confirmed"
	// Awaited: the bank has not told of the payment, or not finally.
	Awaited Verdict = "awaited"
	// UnknownReference: a confirmation that belongs to no payment.
	UnknownReference Verdict = "unknown_reference"
	WrongAmount      Verdict = "amount"
	WrongCurrency    Verdict = "currency"
	// WrongPayer and WrongPayee: another account or name, or none was told.
	WrongPayer Verdict = "payer"
	WrongPayee Verdict = "payee"
	// SentBack: the money was returned, or went the wrong way.
	SentBack Verdict = "returned"
	// Repeated: a second confirmation for the same account.
	Repeated Verdict = "repeated"
)

// Outcome is a payment with its confirmation, or one of the two alone.
type Outcome struct {
	Verdict      Verdict
	Payment      *Payment
	Confirmation *Confirmation
}

// Match holds confirmations against payments. There is an outcome for every
// payment, in order, which is the worst that its confirmations show; then one for
// each confirmation that is itself wrong or belongs nowhere. Only [Confirmed] may
// settle anything. Payers and payees may each get a confirmation from their own
// bank; one is enough.
func Match(payments []Payment, confirmations []Confirmation) []Outcome {
	byReference := make(map[string]int, len(payments))
	all := make([]Outcome, len(payments))
	for i := range payments {
		byReference[payments[i].Reference] = i
		all[i] = Outcome{Verdict: Awaited, Payment: &payments[i]}
	}
	seen := map[[2]string]bool{}
	for i := range confirmations {
		c := &confirmations[i]
		at, known := byReference[c.Reference]
		if !known || c.Reference == "" {
			all = append(all, Outcome{Verdict: UnknownReference, Confirmation: c})
			continue
		}
		verdict := judge(&payments[at], c)
		if key := [2]string{c.Reference, plain(c.Account)}; verdict == Confirmed {
			if seen[key] {
				all = append(all, Outcome{Verdict: Repeated, Payment: &payments[at], Confirmation: c})
				continue
			}
			seen[key] = true
		}
		all[at].take(verdict, c)
	}
	return all
}

// take lets what is wrong stand before what is right, and that before nothing.
func (o *Outcome) take(v Verdict, c *Confirmation) {
	rank := func(v Verdict) int {
		switch v {
		case Awaited:
			return 0
		case Confirmed:
			return 1
		}
		return 2
	}
	if rank(v) > rank(o.Verdict) || o.Confirmation == nil {
		o.Verdict, o.Confirmation = v, c
	}
}

func judge(p *Payment, c *Confirmation) Verdict {
	fromPayer, fromPayee := plain(c.Account) == plain(p.Payer.Account), plain(c.Account) == plain(p.Payee.Account)
	switch {
	case c.Currency != Currency:
		return WrongCurrency
	case c.Cents != p.Cents:
		return WrongAmount
	case c.Returned, fromPayer && !c.Debit, fromPayee && c.Debit:
		return SentBack // the payer got it, or the payee lost it
	case !fromPayer && !same(&c.Payer, &p.Payer):
		return WrongPayer
	case !fromPayee && !same(&c.Payee, &p.Payee):
		return WrongPayee
	case !fromPayer && !fromPayee:
		return WrongPayer // an account of neither
	case !c.Booked:
		return Awaited
	}
	return Confirmed
}

// same compares what the bank tells of a party with what we know: the account,
// or, when it tells none, the name.
func same(told, known *Party) bool {
	if told.Account != "" {
		return plain(told.Account) == plain(known.Account)
	}
	return told.Name != "" && plain(told.Name) == plain(known.Name)
}

// plain leaves out what banks add to and drop from names and numbers.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		if r == ' ' || r == '-' || r == '\u3000' {
			return -1
		}
		return r
	}, strings.ToUpper(s))
}
