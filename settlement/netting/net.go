package netting

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Cent is a cent in millionths of a yuan.
const Cent = 10_000

// Channel says what is netted with what.
type Channel uint8

const (
	// Bilateral: all that a partner and the utility owe each other.
	Bilateral Channel = iota + 1
	// GrossIn and GrossOut: one direction, paid by itself and never set off.
	GrossIn
	GrossOut
	// Clearing: conversions between the partners that clear with each other; each
	// has one position for all of them, and debtors pay creditors directly.
	Clearing
)

var channelNames = [...]string{Bilateral: "bilateral", GrossIn: "gross_in", GrossOut: "gross_out", Clearing: "clearing"}

// String returns "bilateral", "gross_in", "gross_out" or "clearing".
func (c Channel) String() string {
	if c >= Bilateral && c <= Clearing {
		return channelNames[c]
	}
	return fmt.Sprintf("channel(%d)", uint8(c))
}

// Policy is how a partner settles. The zero value is bilateral without a
// threshold.
type Policy struct {
	Partner string
	// GrossIn and GrossOut: the agreement of that direction is settled gross.
	GrossIn, GrossOut bool
	// Clears: conversions to and from other partners that clear go through the
	// clearing. Those with a partner that does not stay where they are.
	Clears bool
	// Threshold is the least that is paid, in cents; what is below it is carried.
	Threshold int64
}

// Carry is what a window leaves to the next, in millionths of a yuan: positive
// when the partner owes it.
type Carry struct {
	Partner string
	Channel Channel
	Value   int64
}

// Line is a partner's position in one channel. Values are positive when the
// partner owes. Opening + Net = Payable × [Cent] + Closing.
type Line struct {
	Partner string
	Channel Channel
	Opening int64 // carried in, millionths of a yuan
	Net     int64 // of the window, millionths of a yuan
	Payable int64 // cents
	Closing int64 // carried out, millionths of a yuan
	// Held says that whole cents are carried because they are below the threshold.
	Held bool
}

// Payment is what one company pays another; "" is the utility.
type Payment struct {
	Payer, Payee string
	Channel      Channel
	Cents        int64 // at least 1
}

// Outcome is a window after netting.
type Outcome struct {
	Lines []Line // by partner and channel; every partner has at least one
	// Utility mirrors the lines: each of its figures is minus their sum.
	Utility  Line
	Payments []Payment
	Carries  []Carry // for the next window; none is zero
}

// place is where a value is netted.
type place struct {
	partner string
	channel Channel
}

// Net nets a window. Policies may lack partners, which then settle bilaterally;
// what was carried in a channel that a partner no longer uses joins the one that
// took its place, so that a change of policy loses nothing. It returns
// [ErrOverflow], or an error for a policy that makes no sense.
func Net(t *Tally, policies []Policy, carried []Carry) (Outcome, error) {
	byPartner, err := index(policies)
	if err != nil {
		return Outcome{}, err
	}
	values, err := t.values(byPartner)
	if err != nil {
		return Outcome{}, err
	}
	openings := map[place]int64{}
	for _, c := range carried {
		at := place{c.Partner, byPartner[c.Partner].now(c.Channel)}
		if openings[at], err = plus(openings[at], c.Value); err != nil {
			return Outcome{}, err
		}
		values[at] += 0 // a partner that did nothing still has a line
	}
	var o Outcome
	for _, at := range slices.SortedFunc(maps.Keys(values), comparePlaces) {
		if err := o.line(at, openings[at], values[at], byPartner[at.partner].Threshold); err != nil {
			return Outcome{}, err
		}
	}
	o.Payments = payments(o.Lines)
	return o, nil
}

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.partner, b.partner), cmp.Compare(a.channel, b.channel))
}

func index(policies []Policy) (map[string]Policy, error) {
	all := make(map[string]Policy, len(policies))
	for _, p := range policies {
		if _, twice := all[p.Partner]; twice || p.Partner == "" || p.Threshold < 0 {
			return nil, fmt.Errorf("netting: policy of partner %q: there must be one per partner, with a threshold of 0 cents or more", p.Partner)
		}
		all[p.Partner] = p
	}
	return all, nil
}

// now says which channel has taken over what was carried in another.
func (p Policy) now(c Channel) Channel {
	if c == GrossIn && !p.GrossIn || c == GrossOut && !p.GrossOut || c == Clearing && !p.Clears {
		return Bilateral
	}
	return c
}

// values spreads a window's values over partners and channels.
func (t *Tally) values(policies map[string]Policy) (map[place]int64, error) {
	values := map[place]int64{}
	move := func(partner string, c Channel, v int64) (err error) {
		at := place{partner, c}
		values[at], err = plus(values[at], v)
		return err
	}
	for code, s := range t.sums {
		p := policies[code]
		err := errors.Join(
			move(code, p.now(GrossIn), s.In.Value), move(code, p.now(GrossIn), -s.ReversedIn.Value),
			move(code, p.now(GrossOut), -s.Out.Value), move(code, p.now(GrossOut), s.ReversedOut.Value))
		if s.Adjusted.Count != 0 {
			err = errors.Join(err, move(code, Bilateral, s.Adjusted.Value))
		}
		if err != nil {
			return nil, err
		}
	}
	for _, c := range t.crosses {
		from, to := policies[c.Source], policies[c.Destination]
		if !from.Clears || !to.Clears {
			continue
		}
		if err := errors.Join(
			move(c.Source, from.now(GrossIn), -c.In), move(c.Source, Clearing, c.In),
			move(c.Destination, to.now(GrossOut), c.Out), move(c.Destination, Clearing, -c.Out)); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// line rounds one position, and books the utility's side of it.
func (o *Outcome) line(at place, opening, net, threshold int64) error {
	total, err := plus(opening, net)
	if err != nil {
		return err
	}
	l := Line{Partner: at.partner, Channel: at.channel, Opening: opening, Net: net, Payable: total / Cent}
	if l.Payable != 0 && -threshold < l.Payable && l.Payable < threshold {
		l.Payable, l.Held = 0, true
	}
	l.Closing = total - l.Payable*Cent
	if l.Closing != 0 {
		o.Carries = append(o.Carries, Carry{Partner: l.Partner, Channel: l.Channel, Value: l.Closing})
	}
	o.Lines = append(o.Lines, l)
	u := &o.Utility
	return errors.Join(add(&u.Opening, -l.Opening), add(&u.Net, -l.Net), add(&u.Payable, -l.Payable), add(&u.Closing, -l.Closing))
}

func plus(a, b int64) (int64, error) {
	err := add(&a, b)
	return a, err
}
