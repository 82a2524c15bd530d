package chaincode

import (
	"cmp"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Bounds of one account, so that its value stays small.
const (
	lotsMax  = 128
	holdsMax = 64
)

// account is a member's account. Its open holds lie in it, so that a hold, its
// post and its void each write one key.
type account struct {
	frozen bool
	lots   []ledger.Lot // ascending expiry, one per month
	holds  []hold       // in the order in which they were made
	usage  []ledger.Usage
	debt   int64 // see [ledger.AccountState.Debt]
}

// hold is points set aside. Its lots are no longer among the account's.
type hold struct {
	ledger.OpenHold
	window ledger.Date // in which the limits were counted
}

func (a *account) encode(e *wire.Encoder) {
	e.Bool(a.frozen)
	ledger.AppendLots(e, a.lots)
	e.Uint(uint64(len(a.holds)))
	for i := range a.holds {
		a.holds[i].encode(e)
	}
	e.Uint(uint64(len(a.usage)))
	for i := range a.usage {
		u := &a.usage[i]
		e.String(u.Partner)
		e.Byte(byte(u.Direction))
		e.Int(int64(u.Day))
		e.Int(u.DayUsed)
		e.Int(u.YearUsed)
	}
	if a.debt != 0 { // without one an account is what it was before there were any
		e.Int(a.debt)
	}
}

func (a *account) decode(d *wire.Decoder) {
	a.frozen = d.Bool()
	a.lots = ledger.ReadLots(d)
	if n := d.Count(22); n > 0 {
		a.holds = make([]hold, n)
	}
	for i := range a.holds {
		a.holds[i].decode(d)
	}
	if n := d.Count(5); n > 0 {
		a.usage = make([]ledger.Usage, n)
	}
	for i := range a.usage {
		u := &a.usage[i]
		u.Partner, u.Direction, u.Day = d.String(), ledger.Direction(d.Byte()), ledger.Date(d.Int32())
		u.DayUsed, u.YearUsed = d.Int(), d.Int()
	}
	if d.Len() == 0 {
		return
	}
	if a.debt = d.Int(); a.debt == 0 {
		d.Fail("debt of nothing")
	}
}

func (h *hold) encode(e *wire.Encoder) {
	e.Raw(h.ID[:])
	e.Int(h.Amount)
	e.Int(int64(h.window))
	ledger.AppendLots(e, h.Lots)
	e.String(h.To)
	e.Bool(h.Leg != nil)
	if h.Leg != nil {
		h.Leg.Append(e)
	}
}

func (h *hold) decode(d *wire.Decoder) {
	copy(h.ID[:], d.Raw(len(h.ID)))
	h.Amount, h.window = d.Int(), ledger.Date(d.Int32())
	h.Lots = ledger.ReadLots(d)
	h.To = d.String()
	if d.Bool() {
		h.Leg = ledger.ReadLeg(d)
	}
}

func (a *account) hub() int64 {
	sum := total(a.lots)
	for i := range a.holds {
		sum += a.holds[i].Amount
	}
	return sum
}

func (a *account) fault() string {
	if f := lotsFault(a.lots); f != "" {
		return f
	}
	for i := range a.holds {
		h := &a.holds[i]
		if f := lotsFault(h.Lots); f != "" {
			return f
		}
		if h.Amount != total(h.Lots) {
			return "hold is not the sum of its lots"
		}
		if h.Leg == nil && !ledger.ValidHouse(h.To) || !soundLeg(h.Leg) {
			return "hold for nobody"
		}
	}
	for i := range a.usage {
		if a.usage[i].DayUsed < 0 || a.usage[i].YearUsed < a.usage[i].DayUsed {
			return "usage of a day below zero or above that of its year"
		}
	}
	if a.debt < 0 {
		return "debt below zero"
	}
	return ""
}

// room refuses points that would make the account's sum overflow.
func (a *account) room(amount int64) error {
	sum := a.hub()
	return add(&sum, amount)
}

// hold returns the place of an open hold.
func (a *account) hold(id ledger.ID) (int, bool) {
	i := slices.IndexFunc(a.holds, func(h hold) bool { return h.ID == id })
	return i, i >= 0
}

// release removes a hold from the list and returns it.
func (a *account) release(i int) hold {
	h := a.holds[i]
	a.holds = slices.Concat(a.holds[:i], a.holds[i+1:])
	return h
}

// used returns the member's usage of a card, to be changed, as it stands in a
// window: a later day starts from zero, and so does a later year. Usage of years
// gone by no longer matters and is dropped.
func (a *account) used(c card, window ledger.Date) *ledger.Usage {
	usage := make([]ledger.Usage, 0, len(a.usage)+1)
	for _, u := range a.usage {
		if u.Day == window || u.Day.Year() == window.Year() {
			usage = append(usage, u)
		}
	}
	i, found := slices.BinarySearchFunc(usage, c, func(u ledger.Usage, c card) int {
		return cmp.Or(cmp.Compare(u.Partner, c.partner), cmp.Compare(u.Direction, c.direction))
	})
	if !found {
		usage = slices.Insert(usage, i, ledger.Usage{Partner: c.partner, Direction: c.direction, Day: window})
	}
	a.usage = usage
	u := &usage[i]
	if u.Day != window {
		u.Day, u.DayUsed = window, 0
	}
	return u
}

// account returns a member's account, to be changed. One that has no value yet
// is empty.
func (w *work) account(id ledger.Account) (*account, error) {
	c, err := w.accounts.get(w, id)
	if err != nil {
		return nil, err
	}
	return c.edit(&w.journal), nil
}

// thawed is account for commands that a frozen account does not allow.
func (w *work) thawed(id ledger.Account) (*account, error) {
	a, err := w.account(id)
	if err == nil && a.frozen {
		return nil, refuse(ledger.CodeAccountFrozen, "the account is frozen; only posts, voids and reversals are allowed until it is freed")
	}
	return a, err
}
