package chaincode

import "github.com/pointgrid/pointgrid/ledger"

// prefetch reads what the commands will need in two goes: first what they name,
// then what that leads to. What was done before takes a third, where there are
// several lanes, and reversals one more, for what their originals name. The rules
// fetch by themselves whatever is missed here.
func (w *work) prefetch(batch []ledger.Command, results []ledger.Result) error {
	for i, c := range batch {
		if results[i].Code == "" {
			w.pages.want(w, slice(c.ID))
			w.wantNamed(c.Body)
		}
	}
	if err := w.fetch(); err != nil {
		return err
	}
	for i, c := range batch {
		if results[i].Code == "" {
			w.wantRecord(c.ID)
			w.wantLinked(c.Body)
		}
	}
	if err := w.fetch(); err != nil {
		return err
	}
	w.wantPlaced()
	if err := w.fetch(); err != nil {
		return err
	}
	for i, c := range batch {
		if r, ok := c.Body.(*ledger.Reverse); ok && results[i].Code == "" {
			if err := w.wantReversed(r.Original); err != nil {
				return err
			}
		}
	}
	return w.fetch()
}

// wantNamed wants the keys that a command names.
func (w *work) wantNamed(body ledger.Body) {
	switch c := body.(type) {
	case *ledger.ConvertIn:
		w.accounts.want(w, c.Account)
		w.wantLeg(&c.Leg, ledger.In)
	case *ledger.ConvertOut:
		w.accounts.want(w, c.Account)
		w.wantLeg(&c.Leg, ledger.Out)
	case *ledger.CrossConvert:
		w.accounts.want(w, c.Account)
		w.wantLeg(&c.Source, ledger.In)
		w.wantLeg(&c.Destination, ledger.Out)
	case *ledger.Hold:
		w.accounts.want(w, c.Account)
		if c.Leg != nil {
			w.wantLeg(c.Leg, ledger.Out)
		}
	case *ledger.Post:
		w.accounts.want(w, c.Account)
	case *ledger.Void:
		w.accounts.want(w, c.Account)
	case *ledger.Reverse:
		w.accounts.want(w, c.Account)
		w.reversals.want(w, c.Original)
		w.pages.want(w, slice(c.Original))
	case *ledger.Issue:
		w.accounts.want(w, c.Account)
		w.houses.want(w, houseIssued)
	case *ledger.TakeBack:
		w.wantIssue(c.Account, c.Original)
	case *ledger.TakeBackPart:
		w.wantIssue(c.Account, c.Original)
	case *ledger.Expire:
		w.accounts.want(w, c.Account)
		w.houses.want(w, houseExpired)
	}
}

// wantIssue wants what taking an issue back names.
func (w *work) wantIssue(account ledger.Account, original ledger.ID) {
	w.accounts.want(w, account)
	w.houses.want(w, houseIssued)
	w.reversals.want(w, original)
	w.pages.want(w, slice(original))
}

func (w *work) wantLeg(l *ledger.LegTerms, dir ledger.Direction) {
	w.wantPair(l.Partner, l.Agreement, dir)
	w.standings.want(w, l.Partner)
}

// wantPair wants what the pair has for an agreement of a direction.
func (w *work) wantPair(partner string, agreement ledger.ID, dir ledger.Direction) {
	w.partners.want(w, partner)
	w.books.want(w, w.mine(partner))
	w.agreements.want(w, agreement)
	w.series.want(w, card{partner, dir})
	w.series.want(w, card{partner, ledger.In}) // which lanes keep books
	if w.tx.Lane == 0 {
		w.residues.want(w, agreement)
	}
}

// wantLinked wants the keys to which those of a command lead.
func (w *work) wantLinked(body ledger.Body) {
	if !w.alliance.present {
		return
	}
	switch c := body.(type) {
	case *ledger.ConvertIn:
		w.positions.want(w, c.Leg.Partner)
	case *ledger.ConvertOut:
		w.positions.want(w, c.Leg.Partner)
	case *ledger.CrossConvert:
		w.positions.want(w, c.Source.Partner)
		w.positions.want(w, c.Destination.Partner)
	case *ledger.Post:
		w.wantHold(c.Account, c.Hold)
	case *ledger.Void:
		w.wantHold(c.Account, c.Hold)
	case *ledger.Reverse:
		w.wantRecord(c.Original)
	case *ledger.Issue:
		if w.accounts.want(w, c.Account).now.debt > 0 {
			w.houses.want(w, houseDebts)
		}
	case *ledger.TakeBack:
		w.wantRecord(c.Original)
		w.houses.want(w, houseDebts)
	case *ledger.TakeBackPart:
		w.wantRecord(c.Original)
		w.houses.want(w, houseDebts)
	}
}

// wantHold wants what ending a hold needs.
func (w *work) wantHold(account ledger.Account, id ledger.ID) {
	a := &w.accounts.want(w, account).now
	i, ok := a.hold(id)
	switch {
	case !ok:
	case a.holds[i].Leg != nil:
		w.wantBooking(a.holds[i].Leg, ledger.Out)
	default:
		w.houses.want(w, a.holds[i].To)
	}
}

// wantReversed wants what reversing a conversion or a post needs, once its record is read.
func (w *work) wantReversed(original ledger.ID) error {
	e, err := w.find(original)
	if err != nil || e == nil {
		return err
	}
	w.wantBooking(e.Transfer.Source, ledger.In)
	w.wantBooking(e.Transfer.Destination, ledger.Out)
	if e.Transfer.Kind == ledger.KindPost && e.Transfer.Destination == nil {
		w.houses.want(w, e.Transfer.To)
	}
	return nil
}

// wantBooking wants what booking a leg, if there is one, needs that was priced
// before.
func (w *work) wantBooking(l *ledger.Leg, dir ledger.Direction) {
	if l == nil {
		return
	}
	w.wantPair(l.Partner, l.Agreement, dir)
	w.positions.want(w, l.Partner)
}

// wantRecord wants the batch with the transfer of an ID, if there is one, or what
// tells where that is.
func (w *work) wantRecord(id ledger.ID) {
	if number, _, ok := w.pages.want(w, slice(id)).now.find(id); ok {
		w.batches.want(w, berth{0, number})
	} else if w.lanes() > 1 {
		w.places.want(w, id)
	}
}

// wantPlaced wants the batches of all transfers that were found where IDs are keys
// of their own.
func (w *work) wantPlaced() {
	for _, x := range w.places.cells { // what is read in one go has no order
		if x.present {
			w.batches.want(w, berth{x.now.Lane, x.now.Batch})
		}
	}
}
