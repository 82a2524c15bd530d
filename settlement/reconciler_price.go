package settlement

import (
	"context"
	"math/bits"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// prices are the agreements with a partner, as they price what differs.
type prices struct {
	partner string
	scale   uint8
	all     []ledger.Agreement
	by      map[reconcile.Fingerprint]*ledger.Terms
}

func (r *Reconciler) prices(ctx context.Context, partner string) (*prices, error) {
	partners, err := r.o.Ledger.Partners(ctx)
	if err != nil {
		return nil, err
	}
	p := &prices{partner: partner, by: map[reconcile.Fingerprint]*ledger.Terms{}}
	for _, one := range partners {
		if one.Code == partner {
			p.scale = one.Scale
		}
	}
	if p.all, err = r.o.Ledger.Agreements(ctx); err != nil {
		return nil, err
	}
	for i := range p.all {
		if terms := &p.all[i].Terms; terms.Partner == partner {
			p.by[reconcile.FingerprintOfHash(terms.Hash())] = terms
		}
	}
	return p, nil
}

// points brings the points of one of our records to what is settled: our records
// have what the member got or gave, and a fee that the member pays is settled into
// electricity points, and not out of them.
func (p *prices) points(r *reconcile.Record) {
	terms := p.by[r.Agreement]
	if r.Points == 0 || terms == nil || terms.FeePayer != ledger.FeeMember {
		return
	}
	from := r.Amount
	if terms.Direction == ledger.Out {
		from = r.Points
	}
	if a, code := terms.Amounts(from, p.scale); code == ledger.CodeOK {
		r.Points = a.EPT
	}
}

// terms finds the agreement of a break: the one that a book names, or the one that
// was in force.
func (p *prices) terms(b *reconcile.Break) *ledger.Terms {
	direction := ledger.In
	if b.Movement == reconcile.Credit || b.Movement == reconcile.CreditReversal {
		direction = ledger.Out
	}
	at := int64(0)
	for _, book := range b.Books {
		if book.First == nil {
			continue
		}
		if terms := p.by[book.First.Agreement]; terms != nil {
			return terms
		}
		at = book.First.At
	}
	if a, ok := ledger.InForce(p.all, p.partner, direction, at); ok {
		return &a.Terms
	}
	return nil
}

// value is what the partner would owe more if its statement were right, in
// millionths of a yuan at the agreement's price and without fees; 0 when there is no
// agreement to price it.
func (p *prices) value(b *reconcile.Break) int64 {
	terms := p.terms(b)
	if terms == nil {
		return 0
	}
	has, theirs := &b.Books[reconcile.Ledger], &b.Books[reconcile.Partner]
	more := p.settled(terms, theirs.Amount) - p.settled(terms, has.Amount)
	if has.Amount == theirs.Amount && has.Lines == 1 && theirs.Lines == 1 && has.First.Points != 0 && theirs.First.Points != 0 {
		more = theirs.First.Points - has.First.Points
	}
	if b.Movement == reconcile.Credit || b.Movement == reconcile.DebitReversal {
		more = -more
	}
	return priced(more, terms.Price)
}

// settled turns an amount in the partner's programme into the electricity points
// that are settled for it.
func (p *prices) settled(t *ledger.Terms, amount int64) int64 {
	if t.Direction == ledger.In {
		num, den := t.Rate.Ratio(p.scale, 0)
		points, _, ok := ledger.MulDiv(amount, num, den)
		return bounded(points, ok)
	}
	// The fewest points that give the amount: rounding went down.
	num, den := t.Rate.Ratio(0, p.scale)
	points, rest, ok := ledger.MulDiv(amount, den, num)
	if rest > 0 {
		points++
	}
	return bounded(points, ok)
}

func bounded(points int64, ok bool) int64 {
	if !ok || points > ledger.AmountMax {
		return ledger.AmountMax
	}
	return points
}

// priced never overflows: a break beyond what can be settled has the largest value.
func priced(points, price int64) int64 {
	negative := points < 0
	hi, v := bits.Mul64(uint64(max(points, -points)), uint64(price))
	if hi != 0 || v > uint64(ledger.ValueMax) {
		v = uint64(ledger.ValueMax)
	}
	if negative {
		return -int64(v)
	}
	return int64(v)
}
