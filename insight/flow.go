package insight

import (
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Side says which way points went.
type Side string

// The sides. What goes from one partner to another passes through electricity
// points without any member having them.
const (
	Earned  Side = "earned"  // issued, less what was taken back
	In      Side = "in"      // converted from a partner's points, less what was reversed
	Spent   Side = "spent"   // in the mall, less what was returned
	Out     Side = "out"     // converted to a partner's points, less what was reversed
	Through Side = "through" // from one partner's points to another's
	Expired Side = "expired" // or forfeited by who was forgotten
)

// Other is the source of points that no event or order is known for.
const Other = "others"

// Bonus is the source of what a tier gives beside a conversion.
const Bonus = "conversion_bonus"

// Converted is the source of what the exchange moved, Bought of what the mall did.
const (
	Converted = "conversion"
	Bought    = "mall"
)

// Key is what points are counted by. What is not known, or does not apply, is empty.
type Key struct {
	Day      ledger.Date
	Side     Side
	Source   string // kind of the event, [Bought], [Converted], [Bonus] or [Other]
	Channel  string
	Segment  string // the member's, as last seen with an event
	Tier     string // the member's at the time
	Item     string // rule that gave, or product that was bought
	Category string // of the product
	Partner  string // code; of a product, empty for electricity's own
	Toward   string // code of the partner at the other end of [Through]
}

// Sums are what is counted. Things taken back count against Points, Fen and Value,
// and not against Count.
type Sums struct {
	Count    int64 // events, orders or conversions
	Quantity int64 // units of products
	Points   int64 // electricity points
	Fen      int64 // paid to the utility: for what points were earned, or beside points
	Value    int64 // settlement value in millionths of a yuan
}

// ErrOverflow: a sum does not fit.
var ErrOverflow = errors.New("insight: a sum does not fit 64 bits")

// Add adds other sums, or returns [ErrOverflow].
func (s *Sums) Add(more Sums) error {
	for _, p := range [...]struct {
		to *int64
		by int64
	}{{&s.Count, more.Count}, {&s.Quantity, more.Quantity}, {&s.Points, more.Points}, {&s.Fen, more.Fen}, {&s.Value, more.Value}} {
		sum, ok := ledger.Add(*p.to, p.by)
		if !ok {
			return fmt.Errorf("%w: %d and %d", ErrOverflow, *p.to, p.by)
		}
		*p.to = sum
	}
	return nil
}

// Flow is a sum.
type Flow struct {
	Key
	Sums
}
