package ledgertest

import (
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// model is the ledger as one would write it without a thought for speed, size or
// storage: nothing is kept that can be worked out again from what happened.
type model struct {
	hub, utility string
	window       ledger.Date
	partners     map[string]ledger.Partner // without what is owed
	agreements   map[ledger.ID]ledger.Agreement
	accounts     map[ledger.Account]modelAccount
	done         map[ledger.ID]ledger.Digest
	conversions  map[ledger.ID]modelConversion
	house        map[string]int64 // of the utility
	flows        []modelFlow
	closed       []ledger.Date
}

type modelAccount struct {
	frozen bool
	lots   map[ledger.Month]int64
	holds  map[ledger.ID]modelHold
	spent  []modelSpent
	debt   int64
}

type modelHold struct {
	amount int64
	lots   []ledger.Lot
	leg    *ledger.LegTerms
	to     string
}

// modelSpent is one use of a member's allowance.
type modelSpent struct {
	by      ledger.ID
	partner string
	dir     ledger.Direction
	window  ledger.Date
	amount  int64
}

// modelConversion is a conversion, or another transfer of the member, that a
// reversal may name.
type modelConversion struct {
	account             ledger.Account
	from, remains       int64
	source, destination ledger.ID // agreements
	to                  string    // the house account, of a post to one
	lots                []ledger.Lot
	reversible          bool
	issued              int64 // by an issue, less what was taken back of it
	issue               bool
}

// modelFlow is one leg that was booked, or taken back.
type modelFlow struct {
	partner  string
	dir      ledger.Direction
	reversed bool
	window   ledger.Date
	amounts  ledger.Amounts
}

func newModel(hub, utility string, window ledger.Date) *model {
	return &model{
		hub: hub, utility: utility, window: window,
		partners: map[string]ledger.Partner{}, agreements: map[ledger.ID]ledger.Agreement{},
		accounts: map[ledger.Account]modelAccount{}, done: map[ledger.ID]ledger.Digest{},
		conversions: map[ledger.ID]modelConversion{}, house: map[string]int64{},
	}
}

func (m *model) clone() *model {
	c := *m
	c.partners, c.agreements = maps.Clone(m.partners), maps.Clone(m.agreements)
	c.done, c.conversions, c.house = maps.Clone(m.done), maps.Clone(m.conversions), maps.Clone(m.house)
	c.flows, c.closed = slices.Clone(m.flows), slices.Clone(m.closed)
	c.accounts = map[ledger.Account]modelAccount{}
	for id, a := range m.accounts {
		a.lots, a.holds, a.spent = maps.Clone(a.lots), maps.Clone(a.holds), slices.Clone(a.spent)
		c.accounts[id] = a
	}
	return &c
}

// account returns a member's account, made when it is named first.
func (m *model) account(id ledger.Account) modelAccount {
	a, ok := m.accounts[id]
	if !ok {
		a = modelAccount{lots: map[ledger.Month]int64{}, holds: map[ledger.ID]modelHold{}}
	}
	return a
}

// months are those of which the account has lots, ascending.
func (a *modelAccount) months() []ledger.Month { return slices.Sorted(maps.Keys(a.lots)) }

// take removes points of the months given, in that order, and returns the lots.
func (a *modelAccount) take(amount int64, months []ledger.Month) (taken []ledger.Lot) {
	for _, m := range months {
		if n := min(amount, a.lots[m]); n > 0 {
			taken = append(taken, ledger.Lot{Expiry: m, Amount: n})
			a.lots[m] -= n
			amount -= n
		}
	}
	if amount > 0 {
		refuseModel(ledger.CodeInsufficientPoints)
	}
	maps.DeleteFunc(a.lots, func(_ ledger.Month, n int64) bool { return n == 0 })
	return taken
}

// usable are the months of lots that have not expired, ascending.
func (m *model) usable(a *modelAccount) []ledger.Month {
	return slices.DeleteFunc(a.months(), func(e ledger.Month) bool { return e < m.window.Month() })
}

// balance is everything that is the member's, held or not.
func (a *modelAccount) balance() (sum int64) {
	for _, n := range a.lots {
		sum += n
	}
	for _, h := range a.holds {
		sum += h.amount
	}
	return sum
}

// spending adds up what was used of an allowance in the windows that match.
func (a *modelAccount) spending(partner string, dir ledger.Direction, match func(ledger.Date) bool) (sum int64) {
	for _, s := range a.spent {
		if s.partner == partner && s.dir == dir && match(s.window) {
			sum += s.amount
		}
	}
	return sum
}

// refuseModel ends a command of the model.
func refuseModel(code ledger.Code) { panic(code) }

// require refuses with a code unless a condition holds.
func require(holds bool, code ledger.Code) {
	if !holds {
		refuseModel(code)
	}
}
