package netting

import (
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// deal returns the agreement of a leg, after checking that the leg follows it.
func (t *Tally) deal(l *ledger.Leg, d ledger.Direction) (*deal, error) {
	a := t.deals[l.Agreement]
	switch {
	case a == nil:
		return nil, fmt.Errorf("%w: agreement %s is not one of a partner, or not accepted", ErrTransfer, l.Agreement)
	case a.terms.Partner != l.Partner || a.terms.Direction != d:
		return nil, fmt.Errorf("%w: agreement %s is of partner %s and direction %s, the leg of %s and %s",
			ErrTransfer, l.Agreement, a.terms.Partner, a.terms.Direction, l.Partner, d)
	case a.hash != l.Hash:
		return nil, fmt.Errorf("%w: agreement %s has the hash %s, the leg says %s", ErrTransfer, l.Agreement, a.hash, l.Hash)
	}
	if want, ok := value(a.terms, l); !ok || want != l.Value {
		return nil, fmt.Errorf("%w: %d points and a fee of %d at the price of agreement %s are worth %d millionths, the leg says %d",
			ErrTransfer, l.EPT, l.Fee, l.Agreement, want, l.Value)
	}
	return a, nil
}

// value is the settlement value of a leg: the points at the agreed price, with a
// fee that a company pays added or taken off. It is linear, so it holds for what
// a partial reversal takes back as well. The rule is that of [ledger.Terms.Amounts].
func value(t *ledger.Terms, l *ledger.Leg) (int64, bool) {
	points := l.EPT
	switch {
	case t.FeePayer == ledger.FeeMember:
	case (t.FeePayer == ledger.FeePartner) == (t.Direction == ledger.In):
		points += l.Fee
	default:
		points -= l.Fee
	}
	if l.EPT < 0 || l.EPT > ledger.AmountMax || l.Fee < 0 || l.Fee > ledger.AmountMax {
		return 0, false
	}
	if points < 0 {
		v, ok := ledger.Mul(-points, t.Price)
		return -v, ok
	}
	return ledger.Mul(points, t.Price)
}

// sum adds up numbers; false when a sum on the way does not fit.
func sum(all ...int64) (total int64, ok bool) {
	for _, v := range all {
		if total, ok = ledger.Add(total, v); !ok {
			return 0, false
		}
	}
	return total, true
}

func add(to *int64, v int64) error {
	s, ok := ledger.Add(*to, v)
	if !ok {
		return ErrOverflow
	}
	*to = s
	return nil
}
