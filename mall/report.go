package mall

import (
	"context"
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// ErrOverflow: sums of a report do not fit.
var ErrOverflow = errors.New("mall: a sum does not fit")

// Spending is what members spent, less what they returned: on electricity's own
// products and on all.
type Spending struct {
	OwnPoints, Points int64
	OwnFen, Fen       int64
}

// Sales calls visit for every sum of what was fulfilled in the months, both
// included, by month and product, and stops at the first error.
func (m *Mall) Sales(ctx context.Context, from, until ledger.Month, visit func(*Sale) error) error {
	return m.o.Store.Sales(ctx, from, until, visit)
}

// Spending adds up the months, both included. It returns [ErrOverflow].
func (m *Mall) Spending(ctx context.Context, from, until ledger.Month) (s Spending, err error) {
	err = m.o.Store.Sales(ctx, from, until, func(sale *Sale) error { return s.Add(sale) })
	return s, err
}

// Add adds a sale. It returns [ErrOverflow].
func (s *Spending) Add(sale *Sale) error {
	points, fen := sale.Points-sale.ReturnedPoints, sale.Fen-sale.ReturnedFen
	sums := []struct {
		to    *int64
		value int64
	}{{&s.Points, points}, {&s.Fen, fen}}
	if sale.Partner == "" {
		sums = append(sums, struct {
			to    *int64
			value int64
		}{&s.OwnPoints, points}, struct {
			to    *int64
			value int64
		}{&s.OwnFen, fen})
	}
	for _, sum := range sums {
		total, ok := ledger.Add(*sum.to, sum.value)
		if !ok {
			return ErrOverflow
		}
		*sum.to = total
	}
	return nil
}
