package insight

import (
	"cmp"
	"context"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Service answers from what was counted.
type Service struct {
	store Store
	value int64
}

// NewService returns a service in whose reports a point costs so many millionths of
// a yuan.
func NewService(s Store, value int64) *Service { return &Service{store: s, value: value} }

// Value is what a point costs in millionths of a yuan.
func (s *Service) Value() int64 { return s.value }

// Cost is what points cost in fen, rounded down. What does not fit is [ErrOverflow].
func (s *Service) Cost(points int64) (int64, error) {
	cost, ok := ledger.Mul(points, s.value)
	if !ok {
		return 0, fmt.Errorf("%w: the cost of %d points", ErrOverflow, points)
	}
	return cost / 10_000, nil
}

// PerYuan is how many points were given for each yuan paid, in ten-thousandths,
// rounded down; 0 when nothing was paid.
func PerYuan(s Sums) int64 {
	if s.Fen <= 0 || s.Points <= 0 {
		return 0
	}
	// Points per fen times 100 yuan times ten thousand.
	n, _, ok := ledger.MulDiv(s.Points, 1_000_000, s.Fen)
	if !ok {
		return 0 // more points for a yuan than a rule can give
	}
	return n
}

// Funnel is the way of conversions with a partner in one direction.
type Funnel struct {
	Partner, Toward                                                     string
	Quoted, Created, FromQuote, Completed, Failed, Processing, Reversed int64
	Points                                                              int64  // that were completed
	Reasons                                                             []Line // of failures, most frequent first
}

// Funnels adds up the days, both included, by partner and direction. It returns
// [ErrInvalid] as Report does.
func (s *Service) Funnels(ctx context.Context, from, to ledger.Date) ([]Funnel, error) {
	if from < 0 || to < from || to-from >= DaysMax {
		return nil, fmt.Errorf("%w: from %s to %s; at most %d days, the first comes first", ErrInvalid, from, to, DaysMax)
	}
	stages, err := s.store.Stages(ctx, from, to)
	if err != nil {
		return nil, err
	}
	all := index[Funnel]{}
	for i := range stages {
		g := &stages[i]
		all.of(g.Partner+" "+g.Toward, Funnel{Partner: g.Partner, Toward: g.Toward}).add(g)
	}
	return all.sorted(compareFunnels), nil
}

func (f *Funnel) add(s *Stage) {
	switch s.Step {
	case Quoted:
		f.Quoted += s.Count
	case FromQuote:
		f.FromQuote += s.Count
	case Reversed:
		f.Reversed += s.Count
	case Completed:
		f.Completed, f.Points = f.Completed+s.Count, f.Points+s.Points
	case Failed:
		f.Failed += s.Count
		f.Reasons = append(f.Reasons, Line{Name: s.Code, Sums: Sums{Count: s.Count}})
	case Processing:
		f.Processing += s.Count
	}
	if s.Step == Completed || s.Step == Failed || s.Step == Processing {
		f.Created += s.Count
	}
}

func compareFunnels(a, b *Funnel) int {
	return cmp.Or(cmp.Compare(a.Partner, b.Partner), cmp.Compare(a.Toward, b.Toward))
}
