package paper

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// ErrOverflow is returned when points do not fit an int64.
var ErrOverflow = errors.New("paper: a sum does not fit")

// Movements are what happened to members' electricity points. All are sums of
// points; more may be taken back of a month than was issued.
type Movements struct {
	Earned       int64 // issued, less what was taken back
	ConvertedIn  int64 // from partners, less what was reversed
	ConvertedOut int64 // to partners, less what was reversed
	Redeemed     int64 // in the mall
	Expired      int64
}

// change is what they change in what members have.
func (m *Movements) change() int64 {
	return m.Earned + m.ConvertedIn - m.ConvertedOut - m.Redeemed - m.Expired
}

// Liability adds up, over any number of windows, how many points members have and
// when they expire. Points on hold are still theirs.
type Liability struct {
	months map[ledger.Month]*Movements
}

// NewLiability returns an empty one.
func NewLiability() *Liability { return &Liability{months: map[ledger.Month]*Movements{}} }

// Moved returns what was counted, by expiry month; opening and closing are 0.
func (l *Liability) Moved() []Month {
	all := make([]Month, 0, len(l.months))
	for _, expiry := range slices.Sorted(maps.Keys(l.months)) {
		all = append(all, Month{Expiry: expiry, Movements: *l.months[expiry]})
	}
	return all
}

// Take adds what another one counted; see [Liability.Moved].
func (l *Liability) Take(moved []Month) error {
	for i := range moved {
		from := &moved[i].Movements
		to := l.months[moved[i].Expiry]
		if to == nil {
			to = &Movements{}
			l.months[moved[i].Expiry] = to
		}
		for _, s := range [...]struct {
			sum  *int64
			more int64
		}{{&to.Earned, from.Earned}, {&to.ConvertedIn, from.ConvertedIn}, {&to.ConvertedOut, from.ConvertedOut}, {&to.Redeemed, from.Redeemed}, {&to.Expired, from.Expired}} {
			sum, ok := ledger.Add(*s.sum, s.more)
			if !ok {
				return ErrOverflow
			}
			*s.sum = sum
		}
	}
	return nil
}

// Add counts a transfer, lot by lot.
func (l *Liability) Add(t *ledger.Transfer) error {
	for _, lot := range t.Lots {
		m := l.months[lot.Expiry]
		if m == nil {
			m = &Movements{}
			l.months[lot.Expiry] = m
		}
		if err := m.add(t, lot.Amount); err != nil {
			return fmt.Errorf("transfer %s: %w", t.ID, err)
		}
	}
	return nil
}

func (m *Movements) add(t *ledger.Transfer, points int64) error {
	to, sign := m.of(t)
	if to == nil {
		return nil
	}
	sum, ok := ledger.Add(*to, sign*points)
	if !ok {
		return ErrOverflow
	}
	*to = sum
	return nil
}

// of says which figure a transfer belongs to. A hold and a void move nothing; what
// is held leaves when it is posted.
func (m *Movements) of(t *ledger.Transfer) (*int64, int64) {
	switch t.Kind {
	case ledger.KindIssue:
		return &m.Earned, 1
	case ledger.KindTakeBack:
		return &m.Earned, -1
	case ledger.KindConvertIn:
		return &m.ConvertedIn, 1
	case ledger.KindConvertOut:
		return &m.ConvertedOut, 1
	case ledger.KindExpire:
		return &m.Expired, 1
	case ledger.KindPost:
		if t.Destination != nil {
			return &m.ConvertedOut, 1
		}
		return &m.Redeemed, 1
	case ledger.KindReverse:
		switch {
		case t.To != "": // of what was redeemed
			return &m.Redeemed, -1
		case t.Source != nil:
			return &m.ConvertedIn, -1
		}
		return &m.ConvertedOut, -1
	}
	return nil, 0
}

// Month is what the report says of the points of one expiry month.
type Month struct {
	Expiry  ledger.Month
	Opening int64
	Movements
	Closing int64
}

// Report gives, for every expiry month, what was there, what happened and what is
// there now; opening is the closing of the report before, nil for none.
func (l *Liability) Report(opening map[ledger.Month]int64) ([]Month, error) {
	months := maps.Clone(opening)
	if months == nil {
		months = map[ledger.Month]int64{}
	}
	for m := range l.months {
		months[m] += 0 // so that it has a line
	}
	var all []Month
	for _, expiry := range slices.Sorted(maps.Keys(months)) {
		m := Month{Expiry: expiry, Opening: months[expiry]}
		if moved := l.months[expiry]; moved != nil {
			m.Movements = *moved
		}
		var ok bool
		if m.Closing, ok = ledger.Add(m.Opening, m.change()); !ok {
			return nil, ErrOverflow
		}
		if m.Closing < 0 {
			return nil, fmt.Errorf("paper: points of %s become %d; the opening figures are of another time", expiry, m.Closing)
		}
		all = append(all, m)
	}
	return all, nil
}

// Breakage is the part of the points that ended in these months which expired:
// a ratio, so that nothing is rounded.
func Breakage(months []Month) (expired, ended int64) {
	for _, m := range months {
		expired += m.Expired
		ended += m.Expired + m.Redeemed + m.ConvertedOut
	}
	return expired, ended
}
