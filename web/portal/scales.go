package portal

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/page"
)

// sum is an amount of a programme, ready to be written.
type sum struct {
	Amount    int64 // smallest units
	Scale     uint8
	Programme string
}

// hubScale: electricity points are whole.
const hubScale = 0

// sum is an amount of a programme. A conversion between two partners has another
// partner's programme on one side; what its scale is, no page of ours can know
// without asking for that company, so it is asked for.
func (p *Portal) sum(programme string, amount int64, mine *partners.Partner, other *ledger.LegTerms) sum {
	s := sum{Amount: amount, Programme: programme}
	switch {
	case programme == p.o.Hub:
		s.Scale = hubScale
	case programme == mine.Programme:
		s.Scale = mine.Scale
	case other != nil:
		if company, ok := p.o.Registry.Partner(other.Partner); ok {
			s.Scale = company.Scale
		}
	}
	return s
}

// Text writes the amount with its programme.
func (s sum) Text() string { return page.Amount(s.Amount, s.Scale) + " " + s.Programme }
