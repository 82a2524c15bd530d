package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
)

func (w *work) initialise(c *ledger.Initialise) error {
	a := &w.alliance
	if a.present {
		return refuse(ledger.CodeAlreadyInitialised, "the ledger belongs to the alliance of %q already", a.now.msp)
	}
	if w.tx.Lane != 0 {
		return refuse(ledger.CodeInvalid, "a ledger is initialised in lane 0, not %d", w.tx.Lane)
	}
	if w.tx.Caller.MSP == "" {
		return refuse(ledger.CodeNotPermitted, "the caller has no company that could become the utility")
	}
	*a.edit(&w.journal) = alliance{programme: c.Hub, msp: w.tx.Caller.MSP, window: c.Window}
	return w.openWindow(c.Window, 0)
}

// openWindow writes the window that begins with a batch.
func (w *work) openWindow(date ledger.Date, first uint64) error {
	c, err := w.windows.get(w, date)
	if err != nil {
		return err
	}
	if c.present {
		return damaged("window %s exists already", date)
	}
	c.edit(&w.journal).Window = ledger.Window{Date: date, OpenedAt: w.tx.At, FirstBatch: first}
	return nil
}

func (w *work) closeWindow(c *ledger.CloseWindow) error {
	if open := w.window(); c.Window != open {
		return refuse(ledger.CodeWindowOrder, "the open window is %s, not %s", open, c.Window)
	}
	if w.tx.Lane != 0 {
		return refuse(ledger.CodeInvalid, "windows are closed in lane 0, not %d", w.tx.Lane)
	}
	closing, err := w.windows.get(w, c.Window)
	if err != nil {
		return err
	}
	if !closing.present {
		return damaged("window %s is not there", c.Window)
	}
	window := closing.edit(&w.journal)
	window.ClosedAt, window.Next, window.LastBatch = w.tx.At, c.Next, w.head.now.next
	w.alliance.edit(&w.journal).window = c.Next
	return w.openWindow(c.Next, w.head.now.next+1)
}

// partner returns a partner.
func (w *work) partner(code string) (*partner, error) {
	p, err := w.partners.get(w, code)
	if err != nil {
		return nil, err
	}
	if !p.present {
		return nil, refuse(ledger.CodePartnerUnknown, "no partner %q; register it first", code)
	}
	return &p.now, nil
}

func (w *work) registerPartner(c *ledger.RegisterPartner) error {
	if c.MSP == w.alliance.now.msp {
		return refuse(ledger.CodeSameIdentity, "%q is the utility's own company, which could not sign with itself", c.MSP)
	}
	p, err := w.partners.get(w, c.Partner)
	if err != nil {
		return err
	}
	if p.present {
		return refuse(ledger.CodePartnerExists, "partner %q is registered already; use another code", c.Partner)
	}
	n, err := w.programmes.get(w, c.Programme)
	if err != nil {
		return err
	}
	if n.present || c.Programme == w.alliance.now.programme {
		return refuse(ledger.CodeProgrammeTaken, "programme %q is taken; use another code", c.Programme)
	}
	b, err := w.books.get(w, w.mine(c.Partner))
	if err != nil {
		return err
	}
	if b.present { // their points would be somebody's
		return damaged("partner %s is not registered and has books", c.Partner)
	}
	both := []string{w.alliance.now.msp, c.MSP}
	*p.create(&w.journal, both) = partner{programme: c.Programme, scale: c.Scale, msp: c.MSP}
	n.create(&w.journal, both).partner = c.Partner
	b.create(&w.journal, both)
	for _, dir := range []ledger.Direction{ledger.In, ledger.Out} {
		all, err := w.series.get(w, card{c.Partner, dir})
		if err != nil {
			return err
		}
		all.create(&w.journal, both)
	}
	return w.openDue(c.Partner, both)
}

func (w *work) suspendPartner(c *ledger.SuspendPartner, t *ledger.Transfer) error {
	if _, err := w.partner(c.Partner); err != nil {
		return err
	}
	s, err := w.standings.get(w, c.Partner)
	if err != nil {
		return err
	}
	s.edit(&w.journal).suspended = c.Suspended
	t.Reason = c.Reason
	return nil
}
