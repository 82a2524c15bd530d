package reconcile

import "github.com/pointgrid/pointgrid/ledger"

// judge says what is wrong with a row, and nothing (0) when the books agree or
// nothing was moved. It knows no state but the row.
func (o *Options) judge(w *row) Type {
	l, ours, theirs := &w.cells[Ledger], &w.cells[Ours], &w.cells[Partner]
	switch {
	case l.count > 0:
		return o.judgeRecorded(w)
	case ours.count > 0:
		return o.lacking(w, MissingOnLedger)
	case theirs.count == 0:
		return 0 // failed or pending everywhere: nothing moved
	case ours.failed && !ours.pending:
		return WrongStatus
	case ours.pending:
		return WrongWindow // unfinished at the cut-off; it is for the next window to tell
	case theirs.first.Stranger:
		return UnknownMember
	}
	return o.lacking(w, MissingOnLedger)
}

// judgeRecorded judges what the ledger has.
func (o *Options) judgeRecorded(w *row) Type {
	ours, theirs := &w.cells[Ours], &w.cells[Partner]
	switch {
	case ours.count == 0 && ours.pending:
		return WrongWindow
	case ours.count == 0 && ours.failed:
		return WrongStatus
	case ours.count == 0:
		return o.lacking(w, MissingOurs)
	case theirs.count == 0 && theirs.pending:
		return WrongWindow
	case theirs.count == 0 && theirs.failed:
		return WrongStatus
	case theirs.count == 0:
		return o.lacking(w, MissingAtPartner)
	}
	return o.judgeComplete(w)
}

// judgeComplete judges what all three books have.
func (o *Options) judgeComplete(w *row) Type {
	if o.duplicate(w) {
		return Duplicate
	}
	d := o.differences(w)
	switch {
	case d&(FieldMembership|FieldAccount) != 0 || w.cells[Partner].first.Stranger && w.cells[Ours].first.Membership != 0:
		// What we state no membership for is of somebody who was erased since: whose
		// it is can nobody say any more, and the rest of the row agrees.
		return UnknownMember
	case d&FieldAmount != 0:
		return WrongAmount
	case d&(FieldPoints|FieldAgreement) != 0:
		return WrongRate
	case d&FieldWindow != 0:
		return WrongWindow
	}
	return 0
}

// duplicate reports whether a book has one movement several times: lines that
// each have the whole amount, where parts would add up to it.
func (o *Options) duplicate(w *row) bool {
	l, ours, theirs := &w.cells[Ledger], &w.cells[Ours], &w.cells[Partner]
	switch {
	case l.count > 1 || ours.count > 1:
		// Rows that were brought together by reference have several of each.
		return l.count != ours.count
	case theirs.count > 1:
		return theirs.equal && o.tolerable(theirs.first.Amount, l.sum)
	}
	return false
}

// lacking says what a missing counterpart is: of the given type, or only late,
// when what is there lies near the window's border and the day after has not been
// seen yet.
func (o *Options) lacking(w *row, missing Type) Type {
	if w.was != 0 {
		if w.was == WrongWindow && o.Window-w.since < ledger.Date(o.Tolerance.LateDays) {
			return WrongWindow
		}
		return missing
	}
	for i := range w.cells {
		if c := &w.cells[i]; c.count > 0 && o.nearBorder(c.first.At) {
			return WrongWindow
		}
	}
	return missing
}

func (o *Options) nearBorder(at int64) bool {
	near := o.Tolerance.Late.Milliseconds()
	return near > 0 && (at < o.Start+near || at >= o.End-near)
}

func (o *Options) tolerable(a, b int64) bool {
	d, ok := ledger.Sub(a, b)
	return ok && -o.Tolerance.Amount <= d && d <= o.Tolerance.Amount
}

// differences are the fields in which the books that have the row differ. What a
// book does not state differs from nothing.
func (o *Options) differences(w *row) (d Fields) {
	l, ours, theirs := &w.cells[Ledger], &w.cells[Ours], &w.cells[Partner]
	if l.count > 0 && theirs.count > 0 && !o.tolerable(theirs.sum, l.sum) ||
		l.count > 0 && ours.count > 0 && ours.sum != l.sum ||
		l.count == 0 && ours.count > 0 && theirs.count > 0 && !o.tolerable(theirs.sum, ours.sum) {
		d |= FieldAmount
	}
	for _, p := range [...][2]*cell{{l, ours}, {l, theirs}, {ours, theirs}} {
		if p[0].present() && p[1].present() {
			d |= compare(p[0], p[1])
		}
	}
	return d
}

func compare(x, y *cell) (d Fields) {
	a, b := &x.first, &y.first
	if (x.count > 0) != (y.count > 0) {
		d |= FieldStatus
	}
	if stated(a.Account, b.Account) {
		d |= FieldAccount
	}
	if stated(a.Membership, b.Membership) {
		d |= FieldMembership
	}
	if stated(a.Agreement, b.Agreement) {
		d |= FieldAgreement
	}
	if x.count == 1 && y.count == 1 && stated(a.Points, b.Points) {
		d |= FieldPoints
	}
	if a.Was == 0 && b.Was == 0 && stated(a.Window, b.Window) {
		d |= FieldWindow
	}
	return d
}

// stated reports whether two values are both stated and different.
func stated[T comparable](a, b T) bool {
	var none T
	return a != none && b != none && a != b
}
