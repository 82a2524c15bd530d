package netting

import (
	"cmp"
	"slices"
)

// payments says who pays whom so that every line's payable is paid.
func payments(lines []Line) []Payment {
	var all []Payment
	var pot []stake
	for _, l := range lines {
		switch {
		case l.Channel == Clearing:
			pot = append(pot, stake{l.Partner, l.Payable})
		case l.Payable > 0:
			all = append(all, Payment{Payer: l.Partner, Channel: l.Channel, Cents: l.Payable})
		case l.Payable < 0:
			all = append(all, Payment{Payee: l.Partner, Channel: l.Channel, Cents: -l.Payable})
		}
	}
	return append(all, clearPot(pot)...)
}

// stake is what a company pays into the clearing; negative is what it gets.
type stake struct {
	company string
	cents   int64
}

// clearPot lets the largest debtor pay the largest creditor until nobody owes
// anything. Each payment settles at least one company, so among n there are fewer
// than n payments. The utility takes the spread between what sources owe and
// destinations are owed.
func clearPot(pot []stake) []Payment {
	utility := stake{}
	for _, s := range pot {
		utility.cents -= s.cents // fits: cents are millionths over 10,000, and partners are fewer
	}
	pot = append(pot, utility)
	var all []Payment
	for {
		slices.SortFunc(pot, func(a, b stake) int {
			return cmp.Or(cmp.Compare(b.cents, a.cents), cmp.Compare(a.company, b.company))
		})
		debtor, creditor := &pot[0], &pot[len(pot)-1]
		cents := min(debtor.cents, -creditor.cents)
		if cents <= 0 {
			return all
		}
		all = append(all, Payment{Payer: debtor.company, Payee: creditor.company, Channel: Clearing, Cents: cents})
		debtor.cents -= cents
		creditor.cents += cents
	}
}
