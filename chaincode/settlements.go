package chaincode

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// settlement is how far a partner's settlement of a window has come.
type settlement struct {
	plain
	ledger.Settlement
}

func (s *settlement) encode(e *wire.Encoder) {
	e.String(s.Partner)
	e.Int(int64(s.Window))
	e.Byte(byte(s.Step))
	s.Figures.Append(e)
	s.Breaks.Append(e)
	e.Uint(uint64(len(s.Marks)))
	for i := range s.Marks {
		m := &s.Marks[i]
		e.Byte(byte(m.Step))
		m.By.Append(e)
		e.Int(m.At)
		e.String(m.Text)
	}
}

func (s *settlement) decode(d *wire.Decoder) {
	s.Partner, s.Window, s.Step = d.String(), ledger.Date(d.Int32()), ledger.SettlementStep(d.Byte())
	s.Figures.Read(d)
	s.Breaks.Read(d)
	s.Marks = make([]ledger.SettlementMark, d.Count(5))
	for i := range s.Marks {
		s.Marks[i] = ledger.SettlementMark{Step: ledger.SettlementStep(d.Byte()), By: ledger.ReadIdentity(d), At: d.Int(), Text: d.String()}
	}
}

// fault keeps a settlement from paying what it does not owe.
func (s *settlement) fault() string {
	if !s.Figures.Balanced() {
		return "settlement whose figures do not balance"
	}
	return ""
}

// due is what a partner's next settlement builds on, and the adjustments that
// are offered. It is written when the partner is registered, so that no window is
// left out, and so that a settlement or an adjustment that only one of the two
// companies has put on the ledger is none.
type due struct {
	plain
	window  ledger.Date
	brought int64
	offers  []correction
}

// correction is an adjustment that was proposed.
type correction struct {
	id    ledger.ID
	value int64
	by    string // MSP ID
}

func (u *due) encode(e *wire.Encoder) {
	e.Int(int64(u.window))
	e.Int(u.brought)
	e.Uint(uint64(len(u.offers)))
	for i := range u.offers {
		e.Raw(u.offers[i].id[:])
		e.Int(u.offers[i].value)
		e.String(u.offers[i].by)
	}
}

func (u *due) decode(d *wire.Decoder) {
	u.window, u.brought = ledger.Date(d.Int32()), d.Int()
	u.offers = make([]correction, d.Count(18))
	for i := range u.offers {
		copy(u.offers[i].id[:], d.Raw(len(u.offers[i].id)))
		u.offers[i].value, u.offers[i].by = d.Int(), d.String()
	}
}

// openDue begins a partner's settlements with the open window.
func (w *work) openDue(code string, both []string) error {
	c, err := w.due.get(w, code)
	if err != nil {
		return err
	}
	c.create(&w.journal, both).window = w.window()
	return nil
}

// dueOf returns what a registered partner's next settlement builds on.
func (w *work) dueOf(code string) (*cell[due, *due], error) {
	c, err := w.due.get(w, code)
	if err == nil && !c.present {
		err = damaged("partner %s is registered and has no settlement that is due", code)
	}
	return c, err
}

// advanceSettlement takes one step. Who may take it, and from where, is the
// step's own rule.
func (w *work) advanceSettlement(c *ledger.AdvanceSettlement, t *ledger.Transfer) error {
	p, err := w.partner(c.Partner)
	if err != nil {
		return err
	}
	if err := w.mayAdvance(c, p); err != nil {
		return err
	}
	cell, err := w.settlements.get(w, night{c.Partner, c.Window})
	if err != nil {
		return err
	}
	t.Reason = c.Text
	next, err := w.dueOf(c.Partner)
	if err != nil {
		return err
	}
	netted := c.Window < next.now.window && cell.present
	switch {
	case c.Step == ledger.SettlementNetted && netted:
		return follows(&cell.now, c)
	case c.Step == ledger.SettlementNetted:
		return w.net(c, p, cell, next)
	case !netted:
		return refuse(ledger.CodeSettlementStep, "the settlement of %s for %s is not netted yet; %s comes after", c.Partner, c.Window, c.Step)
	}
	s := cell.edit(&w.journal)
	switch c.Step {
	case ledger.SettlementReconciled:
		return w.reconciled(c, s)
	case ledger.SettlementProposed:
		return w.proposed(c, s)
	case ledger.SettlementSigned:
		return w.signed(c, p, s)
	case ledger.SettlementDisputed:
		return w.disputed(c, s)
	case ledger.SettlementPaid:
		return w.paid(c, s)
	}
	return w.settled(c, s)
}

// mayAdvance refuses the companies that have no part in a step.
func (w *work) mayAdvance(c *ledger.AdvanceSettlement, p *partner) error {
	m, utility := w.tx.Caller.MSP, w.alliance.now.msp
	switch {
	case c.Step == ledger.SettlementSigned && (m == utility || m == p.msp):
	case c.Step == ledger.SettlementDisputed && m == p.msp:
	case c.Step != ledger.SettlementSigned && c.Step != ledger.SettlementDisputed && m == utility:
	default:
		return refuse(ledger.CodeNotPermitted, "the step %s of a settlement between %q and %q is not taken by %q", c.Step, utility, p.msp, m)
	}
	return nil
}

// net fixes the figures of a closed window.
func (w *work) net(c *ledger.AdvanceSettlement, p *partner, cell *cell[settlement, *settlement], next *cell[due, *due]) error {
	if next.now.window != c.Window {
		return refuse(ledger.CodeWindowOrder, "the settlement of %s for %s comes next, not that for %s", c.Partner, next.now.window, c.Window)
	}
	closed, err := w.windows.get(w, c.Window)
	if err != nil {
		return err
	}
	if !closed.present || closed.now.ClosedAt == 0 {
		return refuse(ledger.CodeWindowOrder, "the window %s is not closed; close it first", c.Window)
	}
	if err := w.figuresStand(c, next.now.brought); err != nil {
		return err
	}
	s := cell.create(&w.journal, w.both(p))
	s.Partner, s.Window, s.Figures = c.Partner, c.Window, *c.Figures
	w.mark(s, c)
	now := next.edit(&w.journal)
	now.window, now.brought = closed.now.Next, c.Figures.Carried
	return nil
}

// figuresStand compares the figures with what the contract itself has kept.
func (w *work) figuresStand(c *ledger.AdvanceSettlement, brought int64) error {
	pos, err := w.positionOf(c.Partner, c.Window)
	if err != nil {
		return err
	}
	f := c.Figures
	if f.Net != pos.Net() || f.Lines != pos.Lines() || f.Brought != brought {
		return refuse(ledger.CodeSettlementFigures,
			"the position has %d lines and a net of %d millionths, and %d are brought forward; the command says %d, %d and %d",
			pos.Lines(), pos.Net(), brought, f.Lines, f.Net, f.Brought)
	}
	return nil
}

// positionOf returns a pair's position for a closed window, all zero when nothing
// happened in it: the sum of those that the lanes keep.
func (w *work) positionOf(code string, date ledger.Date) (*ledger.Position, error) {
	n, err := w.keepers(code)
	if err != nil {
		return nil, err
	}
	sum := &ledger.Position{Partner: code, Window: date}
	for lane := range n {
		p, err := w.positionIn(shard{code, lane}, date)
		if err != nil {
			return nil, err
		}
		if err := addPosition(sum, p); err != nil {
			return nil, err
		}
	}
	return sum, nil
}

// positionIn is positionOf in one lane. It goes back from the last one that the
// books know of, so that one which somebody else made counts for nothing.
func (w *work) positionIn(code shard, date ledger.Date) (*ledger.Position, error) {
	b, err := w.books.get(w, code)
	if err != nil {
		return nil, err
	}
	for at := b.now.window; at >= date && at > 0; {
		p, err := w.past.get(w, shift{code, at})
		if at == w.window() && code.lane == w.tx.Lane { // it may have begun in this batch
			p, err = w.positions.get(w, code.name)
		}
		if err != nil {
			return nil, err
		}
		switch {
		case !p.present || p.now.previous >= at:
			return nil, damaged("the position of partner %s for %s is not there in lane %d", code.name, at, code.lane)
		case at == date:
			return &p.now.Position, nil
		}
		at = p.now.previous
	}
	return &ledger.Position{Partner: code.name, Window: date}, nil
}

func (w *work) reconciled(c *ledger.AdvanceSettlement, s *settlement) error {
	if err := follows(s, c, ledger.SettlementNetted, ledger.SettlementReconciled, ledger.SettlementDisputed); err != nil {
		return err
	}
	s.Breaks = *c.Breaks
	w.mark(s, c)
	return nil
}

func (w *work) proposed(c *ledger.AdvanceSettlement, s *settlement) error {
	if err := follows(s, c, ledger.SettlementReconciled); err != nil {
		return err
	}
	if err := sameDigest(c, s); err != nil {
		return err
	}
	w.mark(s, c)
	return nil
}

// signed takes the signature of one company; with that of the other it is
// complete.
func (w *work) signed(c *ledger.AdvanceSettlement, p *partner, s *settlement) error {
	if err := follows(s, c, ledger.SettlementProposed); err != nil {
		return err
	}
	utility, caller := w.alliance.now.msp, w.tx.Caller
	if maker, ok := s.Mark(ledger.SettlementProposed, utility); ok && maker.By == caller {
		return refuse(ledger.CodeSameIdentity, "%q proposed the settlement; another person of the company signs it", caller.Subject)
	}
	if _, ok := s.Mark(ledger.SettlementSigned, caller.MSP); ok {
		return refuse(ledger.CodeSettlementStep, "%q has signed the settlement already", caller.MSP)
	}
	if err := sameDigest(c, s); err != nil {
		return err
	}
	w.mark(s, c)
	other := utility
	if caller.MSP == utility {
		other = p.msp
	}
	if _, ok := s.Mark(ledger.SettlementSigned, other); !ok {
		s.Step = ledger.SettlementProposed
	}
	return nil
}

func (w *work) disputed(c *ledger.AdvanceSettlement, s *settlement) error {
	if err := follows(s, c, ledger.SettlementProposed); err != nil {
		return err
	}
	if _, ok := s.Mark(ledger.SettlementSigned, w.tx.Caller.MSP); ok {
		return refuse(ledger.CodeSettlementStep, "%q has signed the settlement and cannot dispute it any more", w.tx.Caller.MSP)
	}
	s.Marks = slices.DeleteFunc(slices.Clone(s.Marks), func(m ledger.SettlementMark) bool { return m.Step == ledger.SettlementSigned })
	w.mark(s, c)
	return nil
}

// paid notes that the payment was released; again, when the bank returned it.
func (w *work) paid(c *ledger.AdvanceSettlement, s *settlement) error {
	if err := follows(s, c, ledger.SettlementSigned, ledger.SettlementPaid); err != nil {
		return err
	}
	if s.Figures.Pay == 0 && s.Figures.Receive == 0 {
		return refuse(ledger.CodeSettlementStep, "there is nothing to pay; the next step is %s", ledger.SettlementSettled)
	}
	w.mark(s, c)
	return nil
}

// settled takes what was paid out of what the partner owes.
func (w *work) settled(c *ledger.AdvanceSettlement, s *settlement) error {
	from := ledger.SettlementPaid
	if s.Figures.Pay == 0 && s.Figures.Receive == 0 {
		from = ledger.SettlementSigned
	}
	if err := follows(s, c, from); err != nil {
		return err
	}
	if (c.Text == "") != (from == ledger.SettlementSigned) {
		return refuse(ledger.CodeInvalid, "the bank's reference belongs to a settlement with a payment, and to no other")
	}
	b, err := w.booksOf(c.Partner)
	if err != nil {
		return err
	}
	w.mark(s, c)
	if err := add(&b.edit(&w.journal).owed, (s.Figures.Receive-s.Figures.Pay)*ledger.FenMillionths); err != nil {
		return err
	}
	return w.reshare(c.Partner)
}

// follows refuses a step unless the settlement stands at one of those before it.
func follows(s *settlement, c *ledger.AdvanceSettlement, from ...ledger.SettlementStep) error {
	if slices.Contains(from, s.Step) {
		return nil
	}
	return refuse(ledger.CodeSettlementStep, "the settlement of %s for %s is %s; %s does not follow", c.Partner, c.Window, s.Step, c.Step)
}

func sameDigest(c *ledger.AdvanceSettlement, s *settlement) error {
	if d := s.Digest(); d != c.Digest {
		return refuse(ledger.CodeSettlementDigest, "the settlement has the digest %s, not %s; compare figures and breaks", d, c.Digest)
	}
	return nil
}

// mark moves the settlement to the step. An earlier mark of the same company for
// it is replaced; reconciling again leaves none of the steps after it.
func (w *work) mark(s *settlement, c *ledger.AdvanceSettlement) {
	s.Step = c.Step
	s.Marks = slices.DeleteFunc(slices.Clone(s.Marks), func(m ledger.SettlementMark) bool {
		return m.Step == c.Step && m.By.MSP == w.tx.Caller.MSP || c.Step == ledger.SettlementReconciled && m.Step > c.Step
	})
	s.Marks = append(s.Marks, ledger.SettlementMark{Step: c.Step, By: w.tx.Caller, At: w.tx.At, Text: c.Text})
}
