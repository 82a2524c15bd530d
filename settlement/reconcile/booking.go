package reconcile

import (
	"context"

	"github.com/pointgrid/pointgrid/ledger"
)

// bookingMax is how many movements may be booked under one reference. More are
// not one booking but a reference that says nothing, and are judged one by one.
const bookingMax = 4096

// booking is what is left under one reference.
type booking struct {
	reference Fingerprint
	movement  Movement
	rows      []row
	keys      []ledger.ID
}

func (b *booking) is(r *Record) bool {
	return len(b.rows) > 0 && b.reference == r.Reference && b.movement == r.Movement
}

func (b *booking) add(r *Record) error {
	if last := len(b.keys) - 1; last < 0 || b.keys[last] != r.Key {
		b.keys = append(b.keys, r.Key)
		b.rows = append(b.rows, row{})
	}
	b.reference, b.movement = r.Reference, r.Movement
	return b.rows[len(b.rows)-1].add(r)
}

// groupByReference goes through what matching by key left, by reference.
func (m *matcher) groupByReference(ctx context.Context) error {
	var done int64
	m.progress(Grouping, 0, m.left)
	err := m.referred.each(ctx, func(r *Record) error {
		if done++; done%tickRecords == 0 {
			m.progress(Grouping, done, m.left)
		}
		b := &m.booking
		full := len(b.rows) >= bookingMax && b.keys[len(b.keys)-1] != r.Key
		if !b.is(r) || full {
			if err := m.settleBooking(); err != nil {
				return err
			}
		}
		return b.add(r)
	})
	if err != nil {
		return err
	}
	return m.settleBooking()
}

// settleBooking judges a booking as a whole if that makes it agree, or if it is
// one movement against its parts; otherwise each row by itself.
func (m *matcher) settleBooking() error {
	b := &m.booking
	defer func() { b.rows, b.keys = b.rows[:0], b.keys[:0] }()
	if len(b.rows) > 1 && len(b.rows) < bookingMax {
		var whole row
		for i := range b.rows {
			if err := whole.join(&b.rows[i]); err != nil {
				return err
			}
		}
		if verdict := m.o.judge(&whole); verdict == 0 || b.oneAgainstParts() {
			return m.concludeWhole(&whole, verdict)
		}
	}
	for i := range b.rows {
		if err := m.conclude(b.keys[i], b.movement, &b.rows[i], m.o.judge(&b.rows[i])); err != nil {
			return err
		}
	}
	return nil
}

// oneAgainstParts reports whether one side has one row, and the other the rest.
func (b *booking) oneAgainstParts() bool {
	recorded, stated := 0, 0
	for i := range b.rows {
		l, theirs := b.rows[i].cells[Ledger].present(), b.rows[i].cells[Partner].present()
		switch {
		case l && theirs:
			return false
		case l:
			recorded++
		case theirs:
			stated++
		}
	}
	return recorded == 1 && stated > 0 || stated == 1 && recorded > 0
}

// concludeWhole concludes a booking under the key of its first movement on the
// ledger. Breaks that its other rows had are part of it now.
func (m *matcher) concludeWhole(whole *row, verdict Type) error {
	b := &m.booking
	at := b.first()
	for i := range b.rows {
		if i == at || b.rows[i].was == 0 {
			continue
		}
		if err := m.emit(Cleared, b.rows[i].was, b.keys[i], b.movement, &b.rows[i]); err != nil {
			return err
		}
	}
	whole.was, whole.since = b.rows[at].was, b.rows[at].since
	return m.conclude(b.keys[at], b.movement, whole, verdict)
}

func (b *booking) first() int {
	for i := range b.rows {
		if b.rows[i].cells[Ledger].present() {
			return i
		}
	}
	return 0
}
