package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// books are the house accounts that belong to one partner, and what it owes.
type books struct {
	// In electricity points. With the members' and the utility's own accounts
	// they add up to zero.
	fee      int64 // fees that members paid
	clearing int64 // what went to (or, negative, came from) the partner
	residue  int64 // whole points that rounding left over on the way in
	// In the partner's programme. They add up to zero.
	members    int64 // what the partner's members got by conversions
	clearingTo int64 // the other side of it
	residueTo  int64 // whole units that rounding left over on the way out

	owed     int64 // see [ledger.Partner.Owed]
	reserved int64 // value of the conversions out that are on hold

	// window is that of the last position that the pair has; 0 before the first.
	window ledger.Date

	// Of books of which other lanes keep some, too. What a conversion in one lane adds,
	// its reversal may take away in another, if the number of lanes has risen: then
	// only sums over the lanes are never below zero.
	shared bool
	rooms  [2]room // by direction
	// rests are the agreements' residues in a lane above 0, ascending by agreement.
	rests []rest
}

// rest is the residue of an agreement in one lane.
type rest struct {
	agreement ledger.ID
	residue
}

func (b *books) numbers() [8]*int64 {
	return [8]*int64{&b.fee, &b.clearing, &b.residue, &b.members, &b.clearingTo, &b.residueTo, &b.owed, &b.reserved}
}

func (b *books) encode(e *wire.Encoder) {
	for _, n := range b.numbers() {
		e.Int(*n)
	}
	e.Int(int64(b.window))
	if !b.shared { // alone, books are what they were before there were lanes
		return
	}
	for i := range b.rooms {
		b.rooms[i].encode(e)
	}
	e.Uint(uint64(len(b.rests)))
	for i := range b.rests {
		e.Raw(b.rests[i].agreement[:])
		b.rests[i].encode(e)
	}
}

func (b *books) decode(d *wire.Decoder) {
	for _, n := range b.numbers() {
		*n = d.Int()
	}
	b.window = ledger.Date(d.Int32())
	if b.shared = d.Len() > 0; !b.shared {
		return
	}
	for i := range b.rooms {
		b.rooms[i].decode(d)
	}
	b.rests = make([]rest, d.Count(17))
	for i := range b.rests {
		copy(b.rests[i].agreement[:], d.Raw(len(b.rests[i].agreement)))
		b.rests[i].decode(d)
	}
}

func (b *books) hub() int64 { return b.fee + b.clearing + b.residue }

func (b *books) fault() string {
	switch {
	case !b.shared && (b.fee < 0 || b.residue < 0 || b.residueTo < 0):
		return "fee or residue below zero"
	case !b.shared && b.reserved < 0:
		return "value on hold below zero"
	case b.members+b.clearingTo+b.residueTo != 0:
		return "accounts of the partner's programme do not add up to zero"
	}
	return ""
}

// house is a house account of the utility.
type house struct {
	amount int64
}

func (h *house) encode(e *wire.Encoder) { e.Int(h.amount) }
func (h *house) decode(d *wire.Decoder) { h.amount = d.Int() }
func (h *house) hub() int64             { return h.amount }
func (h *house) fault() string          { return "" }

// House accounts of the utility, besides those of [ledger.ValidHouse].
const (
	houseIssued  = "issued"  // below zero: what members were given
	houseExpired = "expired" // what members lost
	houseDebts   = "debts"   // below zero: what members have spent and must earn again
)

// move adds to a house account of the utility.
func (w *work) move(name string, amount int64) error {
	h, err := w.houses.get(w, name)
	if err != nil {
		return err
	}
	return add(&h.edit(&w.journal).amount, amount)
}

// residue is what rounding left over under one agreement and is not yet a whole
// unit of the destination: a numerator over the denominator of the agreement's
// rate, from zero to below the denominator.
type residue struct {
	numerator int64
}

func (r *residue) encode(e *wire.Encoder) { e.Int(r.numerator) }
func (r *residue) decode(d *wire.Decoder) { r.numerator = d.Int() }
func (r *residue) hub() int64             { return 0 }

func (r *residue) fault() string {
	if r.numerator < 0 {
		return "residue below zero"
	}
	return ""
}

// carry adds a change, smaller than the denominator, and returns the whole units
// that came of it: one, none, or one that is taken back. What the agreement
// carried over all its conversions is never below zero, because every one leaves
// a residue of zero or more, and a reversal takes back no more than it left.
func (r *residue) carry(change, denominator int64) (units int64) {
	r.numerator += change - denominator
	for units = 1; r.numerator < 0; units-- {
		r.numerator += denominator
	}
	return units
}

// position is what a partner owes for a window.
type position struct {
	plain
	ledger.Position
	previous ledger.Date // window of the pair's position before this one, 0 for none
}

func (p *position) flows() [4]*ledger.Flow {
	return [4]*ledger.Flow{&p.In, &p.Out, &p.ReversedIn, &p.ReversedOut}
}

func (p *position) encode(e *wire.Encoder) {
	e.String(p.Partner)
	e.Int(int64(p.Window))
	for _, f := range p.flows() {
		for _, n := range numbers(f) {
			e.Int(*n)
		}
	}
	e.Int(int64(p.previous))
	e.Int(p.Adjusted.Count)
	e.Int(p.Adjusted.Value)
}

func (p *position) decode(d *wire.Decoder) {
	p.Partner, p.Window = d.String(), ledger.Date(d.Int32())
	for _, f := range p.flows() {
		for _, n := range numbers(f) {
			*n = d.Int()
		}
	}
	p.previous = ledger.Date(d.Int32())
	p.Adjusted.Count, p.Adjusted.Value = d.Int(), d.Int()
}

func numbers(f *ledger.Flow) [6]*int64 {
	return [6]*int64{&f.Count, &f.From, &f.To, &f.EPT, &f.Fee, &f.Value}
}

// count adds one conversion, or one reversal, to a flow.
func count(f *ledger.Flow, a *ledger.Amounts) error {
	n := [6]int64{1, a.From, a.To, a.EPT, a.Fee, a.Value}
	for i, sum := range numbers(f) {
		if err := add(sum, n[i]); err != nil {
			return err
		}
	}
	return nil
}

// position returns the partner's position for the open window, to be changed.
// It is a key of both companies. The books say for which window they made the
// last: one of a later window was made by somebody else.
func (w *work) position(code string) (*position, error) {
	b, err := w.booksOf(code)
	if err != nil {
		return nil, err
	}
	c, err := w.positions.get(w, code)
	if err != nil {
		return nil, err
	}
	switch open := w.window(); {
	case b.now.window > open:
		return nil, damaged("window %s is open and partner %s has a position for %s", open, code, b.now.window)
	case b.now.window < open:
		return w.firstPosition(code, b, c)
	case !c.present:
		return nil, damaged("the position of partner %s for %s is not there", code, open)
	}
	return c.edit(&w.journal), nil
}

// firstPosition makes the position of a pair for the open window.
func (w *work) firstPosition(code string, b *cell[books, *books], c *cell[position, *position]) (*position, error) {
	p, err := w.partner(code)
	if err != nil {
		return nil, err
	}
	pos := c.create(&w.journal, w.both(p))
	pos.Partner, pos.Window, pos.previous = code, w.window(), b.now.window
	b.edit(&w.journal).window = w.window()
	return pos, nil
}

// both are the two companies of a pair.
func (w *work) both(p *partner) []string { return []string{w.alliance.now.msp, p.msp} }
