package plant

import (
	"context"

	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// Inputs returns the books; the partner's lines come in an order of their own.
func (b *Books) Inputs() reconcile.Inputs {
	return reconcile.Inputs{Ledger: b.source(reconcile.Ledger, b.ledger, 1), Ours: b.source(reconcile.Ours, b.ours, 1),
		Partner: b.source(reconcile.Partner, b.partner, 7_368_787)}
}

// emit gives the lines that a book has of a transfer.
type emit func(i int64, r *reconcile.Record, yield func(*reconcile.Record) error) error

// source visits all transfers, step by step. A step that is a prime visits them
// in an order in which neighbours are far apart.
func (b *Books) source(side reconcile.Side, lines emit, step int64) reconcile.Source {
	return func(_ context.Context, yield func(*reconcile.Record) error) error {
		if b.Transfers > 0 && b.Transfers%step == 0 {
			step = 1
		}
		at := int64(0)
		var r reconcile.Record
		for range b.Transfers {
			r = b.record(at, side)
			if err := lines(at, &r, yield); err != nil {
				return err
			}
			at = (at + step) % b.Transfers
		}
		return nil
	}
}

func (b *Books) ledger(i int64, r *reconcile.Record, yield func(*reconcile.Record) error) error {
	switch k, v := b.kind(i), b.variant(i); {
	case k == int64(reconcile.MissingOnLedger), k == refunded, k == failed,
		k == int64(reconcile.UnknownMember) && v%3 == 1, k == int64(reconcile.WrongWindow) && v%3 == 1:
		return nil
	}
	return yield(r)
}

func (b *Books) ours(i int64, r *reconcile.Record, yield func(*reconcile.Record) error) error {
	v := b.variant(i)
	switch k := b.kind(i); k {
	case int64(reconcile.MissingOurs):
		return nil
	case int64(reconcile.MissingOnLedger):
		if v%2 == 1 {
			return nil
		}
	case int64(reconcile.UnknownMember):
		if v%3 == 1 {
			return nil
		}
		if v%3 == 2 {
			r.Account++
		}
	case int64(reconcile.WrongStatus):
		if v%2 == 1 {
			r.Status = reconcile.Failed
		}
	case int64(reconcile.WrongAmount):
		if v%2 == 1 {
			r.Amount--
		}
	case int64(reconcile.WrongRate):
		if v%2 == 1 {
			r.Agreement++
		}
	case int64(reconcile.WrongWindow):
		if v%3 == 1 {
			return nil
		}
	case refunded, failed:
		r.Status = reconcile.Failed
	}
	return yield(r)
}

func (b *Books) partner(i int64, r *reconcile.Record, yield func(*reconcile.Record) error) error {
	v := b.variant(i)
	switch k := b.kind(i); k {
	case int64(reconcile.MissingAtPartner), failed, sumSecond:
		return nil
	case int64(reconcile.MissingOurs):
		if v%2 == 1 {
			return nil
		}
	case int64(reconcile.Duplicate):
		if err := yield(r); err != nil {
			return err
		}
	case int64(reconcile.UnknownMember):
		r.Stranger = v%3 == 1
		if v%3 == 0 {
			r.Membership++
		}
	case int64(reconcile.WrongStatus):
		if v%2 == 0 {
			r.Status = reconcile.Failed
		}
	case int64(reconcile.WrongAmount):
		if v%2 == 0 {
			r.Amount++
		}
	case int64(reconcile.WrongRate):
		if v%2 == 0 {
			r.Points++
		}
	case int64(reconcile.WrongWindow):
		if v%3 == 0 {
			return nil
		}
		if v%3 == 2 {
			r.Window++
		}
	case partsByKey, partsByReference:
		return b.parts(k, r, yield)
	case sumFirst:
		next := b.record(i+1, reconcile.Partner)
		r.Key, r.Points, r.Membership = [16]byte{}, 0, 0
		r.Amount += next.Amount
	case refunded:
		return b.refund(r, yield)
	}
	return yield(r)
}

// parts gives a transfer in two lines.
func (b *Books) parts(k int64, r *reconcile.Record, yield func(*reconcile.Record) error) error {
	if k == partsByReference {
		r.Key = [16]byte{}
	}
	r.Points = 0
	rest := *r
	r.Amount /= 2
	rest.Amount -= r.Amount
	rest.Line++
	if err := yield(r); err != nil {
		return err
	}
	return yield(&rest)
}

func (b *Books) refund(r *reconcile.Record, yield func(*reconcile.Record) error) error {
	if err := yield(r); err != nil {
		return err
	}
	r.Movement += reconcile.DebitReversal - reconcile.Debit
	return yield(r)
}
