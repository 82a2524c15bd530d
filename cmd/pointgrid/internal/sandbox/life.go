package sandbox

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/rewards"
)

// Reserved are the first members, whom a sandbox leaves alone: examples name them.
const Reserved = 20

// Life says what the members of a sandbox do on a day. It is the same for the same
// seed, day and number of members, whatever happened before.
type Life struct {
	Seed    uint64
	Members int
	// PerDay is how many events there are on a day like any other.
	PerDay int
	// Zone is where the day is.
	Zone *time.Location
}

// random is that of a day, for one purpose.
func (l *Life) random(day ledger.Date, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(l.Seed+uint64(day), purpose))
}

// season is how much more happens on a day than on others, in percent: people pay
// more for cooling and heating, less on weekends, and twice as much on the days on
// which the utility asks them to.
func season(day ledger.Date) int {
	t := day.In(time.UTC)
	n := [...]int{120, 110, 80, 75, 80, 105, 140, 145, 110, 80, 95, 125}[t.Month()-1]
	switch {
	case t.Day() >= 18 && t.Day() <= 20:
		n *= 2
	case t.Weekday() == time.Saturday || t.Weekday() == time.Sunday:
		n = n * 7 / 10
	}
	return n
}

// storm reports whether the power failed somewhere on a day; the utility then says
// that it is sorry.
func (l *Life) storm(day ledger.Date) bool { return l.random(day, 3).IntN(45) == 0 }

// Events are those of a day, from morning to evening. Examples name the first
// members, and stories are told of some others: those have no part in this.
func (l *Life) Events(day ledger.Date) []rewards.Event {
	r := l.random(day, 1)
	n := l.PerDay * season(day) / 100
	if l.storm(day) {
		n += l.Members / 8
	}
	all := make([]rewards.Event, 0, n)
	for i := range n {
		m := l.anybody(r)
		e := rewards.Event{ID: fmt.Sprintf("LIFE-%s-%03d", day, i+1), Member: Member(m), Contract: ContractAccount(Member(m)), Channel: l.channel(r, m, day), Segment: segment(m)}
		e.Kind, e.Amount = l.kind(r, m, day)
		if l.storm(day) && i >= n-l.Members/8 {
			e.Kind, e.Amount, e.Channel = rewards.Goodwill, 0, "counter"
		}
		// Both in order and by daylight.
		at := 8*time.Hour + time.Duration(i)*10*time.Hour/time.Duration(n)
		e.OccurredAt = day.In(l.Zone).Add(at).UnixMilli()
		all = append(all, e)
	}
	return all
}

// anybody draws a member who is in no story.
func (l *Life) anybody(r *rand.Rand) int {
	for {
		if m := 1 + r.IntN(l.Members); m > Reserved && !inStory(m) || l.Members <= 2*Reserved {
			return m
		}
	}
}

// converters are the last of those who are linked with every company: they spend on
// conversions, and have points left for them.
const converters = 60

// buyer draws a member who buys.
func (l *Life) buyer(r *rand.Rand) int {
	for {
		if m := l.anybody(r); m > converters || l.Members <= newcomer {
			return m
		}
	}
}

// wealth says how large a member's bills are: one in twenty has a workshop, some
// have large flats.
func wealth(member int) int64 {
	switch n := member * 7919 % 100; {
	case n < 5:
		return 20
	case n < 18:
		return 6
	case n < 45:
		return 2
	}
	return 1
}

func segment(member int) string {
	if wealth(member) >= 20 || member%9 == 4 {
		return "small_business"
	}
	return "residential"
}

// kind draws what happened and how much was paid, in fen.
func (l *Life) kind(r *rand.Rand, member int, day ledger.Date) (rewards.Kind, int64) {
	campaign := 0
	if m := day.In(time.UTC).Month(); m >= time.June && m <= time.September {
		campaign = 12
	}
	switch n := r.IntN(100); {
	case n < campaign:
		return rewards.Campaign, 0
	case n < 58:
		return rewards.Prepayment, []int64{50_00, 100_00, 100_00, 200_00, 300_00, 88_88}[r.IntN(6)] * wealth(member)
	case n < 91:
		return rewards.BillOnTime, (40_00 + r.Int64N(160_00)) * wealth(member)
	case n < 99:
		return rewards.Feedback, 0
	}
	return rewards.Goodwill, 0
}

// channel draws by what a member is used to, one in five times by what has become
// usual: the mini program gains month by month.
func (l *Life) channel(r *rand.Rand, member int, day ledger.Date) rewards.Channel {
	usual := []rewards.Channel{"app", "app", "app", "app", "mini_program", "website", "bank", "agent", "counter", "counter"}
	if r.IntN(5) > 0 {
		return usual[member*31%len(usual)]
	}
	if r.IntN(12) < int(day.Month())%12 {
		return "mini_program"
	}
	return usual[r.IntN(len(usual))]
}

// Fate is what becomes of an order after it was accepted.
type Fate uint8

// The fates. What has none waits to be sent off, or needs nothing more.
const (
	Waits Fate = iota
	Sent
	Cancelled
	Returned
)

// Purchase is an order that a member wants to make.
type Purchase struct {
	Member   int
	Product  string
	Quantity int64
	Channel  string
	Cash     bool // fewer points, when the product has such a price
	Fate     Fate
}

// wanted are the products by how often they are bought; the dearest seldom. Points
// of partners cannot be bought before the alliance has opened, and not without a
// link: such an order is
// cancelled. What is only for higher tiers is refused to others.
var wanted = []string{"bill-10", "bill-10", "bill-10", "bill-10", "bill-10", "bill-50", "bill-50", "green-power-100", "green-power-100",
	"supermarket-20", "supermarket-20", "coffee", "coffee", "safety-check", "power-strip", "desk-lamp", "solar-lamp", "mug", "bill-100", "cinema", "cinema", "led-bulbs", "led-bulbs", "smart-plug", "kettle", "energy-audit", "tel-points", "tel-points", "sky-miles"}

// Purchases are those of a day. Those of the last days still wait to be sent off.
func (l *Life) Purchases(day ledger.Date, late bool) []Purchase {
	if l.Members <= 2*Reserved {
		return nil // there are only those whom examples name
	}
	r := l.random(day, 2)
	n := l.PerDay * season(day) / 600
	all := make([]Purchase, 0, n)
	for range n {
		p := Purchase{Member: l.buyer(r), Product: wanted[r.IntN(len(wanted))], Quantity: 1, Channel: []string{"app", "app", "mini-program", "website", "counter"}[r.IntN(5)],
			Cash: r.IntN(3) == 0, Fate: []Fate{Sent, Sent, Sent, Sent, Sent, Sent, Sent, Cancelled, Returned, Sent}[r.IntN(10)]}
		if p.Product == "tel-points" || p.Product == "sky-miles" { // mostly by those who are linked
			p.Member = 1 + Reserved + r.IntN(min(l.Members, converters+4)-Reserved)
		}
		if late && p.Fate == Sent && r.IntN(3) > 0 {
			p.Fate = Waits
		}
		all = append(all, p)
	}
	return all
}

// asks says what an order of a product must have besides: a contract account, or an
// address.
func asks(product string) (bill, address bool) {
	for _, x := range shelves(time.Time{}) {
		if x.product.ID == product {
			return x.product.Kind == mall.BillCredit, x.product.Kind == mall.Goods
		}
	}
	return false, false
}
