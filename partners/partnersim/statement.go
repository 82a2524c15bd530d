package partnersim

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// order numbers what the host books, across restarts: the upper bits count the
// starts, the lower ones the bookings since.
type order uint64

const orderBits = 40

func (h *Host) nextOrder() order { return order(h.orders.Add(1)) }

// reference is the host's own number of a piece of work, such as D3-77120.
func (o order) reference(letter byte) string {
	b := append(make([]byte, 0, 24), letter)
	b = strconv.AppendUint(b, uint64(o>>orderBits), 10)
	b = append(b, '-')
	return string(strconv.AppendUint(b, uint64(o&(1<<orderBits-1)), 10))
}

// line is one movement as it will stand on a statement.
type line struct {
	kind       connector.LineKind
	transfer   connector.ID
	reversal   connector.ID
	amount     int64
	reference  string
	occurredAt int64 // nanoseconds since 1970
}

func (l *line) encode() []byte {
	b := newRecord(96)
	b = appendText(b, string(l.kind))
	b = append(b, l.transfer[:]...)
	b = append(b, l.reversal[:]...)
	b = appendInt(b, l.amount)
	b = appendText(b, l.reference)
	return appendInt(b, l.occurredAt)
}

func (l *line) decode(b []byte) error {
	r := readRecord(b)
	l.kind = connector.LineKind(r.text())
	l.transfer, l.reversal = r.id(), r.id()
	l.amount = r.int()
	l.reference = r.text()
	l.occurredAt = r.int()
	return r.done()
}

// dayOf numbers the business days: days since 1970 of the calendar in the
// partner's zone.
func (h *Host) dayOf(t time.Time) uint32 {
	_, offset := t.In(h.o.Zone).Zone()
	return uint32((t.Unix() + int64(offset)) / 86_400)
}

// writeStatement writes the statement of a business day as of this moment, wrong in
// one line if it is to be.
func (h *Host) writeStatement(w io.Writer, date time.Time, wrong *Fault) (err error) {
	moment := h.store.db.NewSnapshot()
	defer func() { err = errors.Join(err, moment.Close()) }()
	if err := h.store.settle(); err != nil {
		return err
	}
	day := uint32(date.Unix() / 86_400) // a date has no zone: midnight UTC stands for it
	out := connector.NewStatementWriter(w)
	lines := &misstatement{wrong: wrong, write: out.Write}
	each := func(of uint32, give func(connector.StatementLine) error) error {
		return h.store.scan(moment, lineKey(of, 0), lineKey(of+1, 0), func(_, value []byte) error {
			var l line
			if err := l.decode(value); err != nil {
				return err
			}
			return give(connector.StatementLine{
				Kind: l.kind, TransferID: l.transfer, ReversalID: l.reversal, Programme: h.o.Programme,
				Amount: l.amount, Reference: l.reference, OccurredAt: time.Unix(0, l.occurredAt).In(h.o.Zone),
			})
		})
	}
	if wrong != nil && wrong.Variant == VariantLate && day > 0 {
		if err := each(day-1, (&misstatement{wrong: wrong, write: out.Write, only: true}).give); err != nil {
			return err
		}
	}
	if err := each(day, lines.give); err != nil {
		return err
	}
	return out.Close(date.Format(time.DateOnly))
}
