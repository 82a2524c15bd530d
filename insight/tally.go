package insight

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// move is a transfer that moved members' points.
type move struct {
	transfer *ledger.Transfer
	side     Side
	sign     int64 // -1 for what is taken back
	points   int64
	event    string    // ID, of what was earned
	order    ledger.ID // of what was bought
	leg      *ledger.Leg
}

// tally is a group under way.
type tally struct {
	moves     []move
	events    map[string]*Event
	orders    map[ledger.ID]*Order
	purchases map[ledger.ID]ledger.ID // orders by conversion
	profiles  map[ledger.Account]*Profile

	flows   map[Key]*Sums
	took    map[ledger.Month]map[ledger.Account][]Presence
	changed map[ledger.Account]bool // profiles
}

func newTally() *tally {
	return &tally{events: map[string]*Event{}, orders: map[ledger.ID]*Order{}, profiles: map[ledger.Account]*Profile{},
		flows: map[Key]*Sums{}, took: map[ledger.Month]map[ledger.Account][]Presence{}, changed: map[ledger.Account]bool{}}
}

// read takes a transfer in, if it moved members' points for good.
func (y *tally) read(t *ledger.Transfer) {
	m := move{transfer: t, sign: 1, points: t.Amount}
	switch t.Kind {
	case ledger.KindIssue:
		m.side, m.event = Earned, eventOf(t.Reason)
	case ledger.KindTakeBack:
		m.side, m.sign, m.event = Earned, -1, eventOf(t.Reason)
	case ledger.KindExpire:
		m.side = Expired
	case ledger.KindPost, ledger.KindConvertIn, ledger.KindConvertOut, ledger.KindCrossConvert:
		m.aim(t.ID)
	case ledger.KindReverse:
		m.sign = -1
		m.aim(t.Related)
	default:
		return
	}
	y.moves = append(y.moves, m)
}

// aim says where the points of a post or conversion went, or of the reversal of
// one; id is that of the former.
func (m *move) aim(id ledger.ID) {
	t := m.transfer
	switch {
	case t.Source != nil && t.Destination != nil:
		m.side, m.leg, m.points = Through, t.Source, t.Source.EPT
	case t.Source != nil:
		m.side, m.leg, m.points = In, t.Source, t.Source.To
	case t.Destination != nil:
		m.side, m.leg, m.points, m.order = Out, t.Destination, t.Destination.From, id.Root()
	case strings.HasPrefix(t.To, mallHouses):
		m.side, m.order = Spent, id.Root()
	default: // of somebody who was forgotten
		m.side = Expired
	}
}

// mallHouses is how the names of the mall's house accounts begin.
const mallHouses = "mall-"

// eventOf finds the event that the text of an issue or take-back names.
func eventOf(reason string) string {
	for word := range strings.FieldsSeq(reason) {
		if id, ok := strings.CutPrefix(word, "event="); ok {
			return id
		}
	}
	return ""
}

// lookUp reads the records that the transfers name.
func (y *tally) lookUp(ctx context.Context, shop string, r Records, s Store) error {
	events, orders, conversions, accounts := map[string]bool{}, map[ledger.ID]bool{}, map[ledger.ID]bool{}, map[ledger.Account]bool{}
	for i := range y.moves {
		m := &y.moves[i]
		accounts[m.transfer.Account] = true
		switch {
		case m.event != "":
			events[m.event] = true
		case m.side == Out:
			conversions[m.order] = true
		case m.side == Spent:
			orders[m.order] = true
		}
	}
	var err error
	if y.purchases, err = r.InsightPurchases(ctx, shop, slices.Collect(maps.Keys(conversions))); err != nil {
		return err
	}
	for _, order := range y.purchases {
		orders[order] = true
	}
	found, err := r.InsightEvents(ctx, slices.Collect(maps.Keys(events)))
	for i := range found {
		y.events[found[i].ID] = &found[i]
	}
	if err != nil {
		return err
	}
	bought, err := r.InsightOrders(ctx, slices.Collect(maps.Keys(orders)))
	for i := range bought {
		y.orders[bought[i].ID] = &bought[i]
	}
	if err != nil {
		return err
	}
	known, err := s.InsightProfiles(ctx, slices.Collect(maps.Keys(accounts)))
	for i := range known {
		y.profiles[known[i].Account] = &known[i]
	}
	return err
}

// bonusReason is how the text of a conversion bonus begins.
const bonusReason = "conversion bonus "

// add counts a move.
func (y *tally) add(m *move, dayOf func(time.Time) ledger.Date) error {
	key := Key{Day: dayOf(time.UnixMilli(m.transfer.At)), Side: m.side, Source: Other}
	sums := Sums{Points: m.sign * m.points, Count: max(m.sign, 0)}
	if m.leg != nil {
		key.Source, key.Partner, sums.Value = Converted, m.leg.Partner, m.sign*m.leg.Value
	}
	if m.side == Through {
		key.Toward = m.transfer.Destination.Partner
	}
	if strings.HasPrefix(m.transfer.Reason, bonusReason) {
		key.Source = Bonus
	}
	p := y.profile(m.transfer.Account)
	y.describe(m, &key, &sums, p)
	key.Segment, key.Tier = p.Segment, p.Tier
	if y.flows[key] == nil {
		y.flows[key] = &Sums{}
	}
	y.present(m, &key)
	return y.flows[key].Add(sums)
}

// describe adds what the records know. A record may change the member's profile.
func (y *tally) describe(m *move, key *Key, sums *Sums, p *Profile) {
	if e := y.events[m.event]; e != nil && (m.transfer.ID.Root() == e.Issue || m.transfer.Related.Root() == e.Issue) {
		key.Day, key.Source, key.Channel, key.Item = e.Day, e.Kind, ChannelName(e.Channel), e.Rule
		sums.Fen = m.sign * e.Fen
		y.learn(p, e.Segment, e.Tier)
		return
	}
	id := m.order
	if m.side == Out {
		id = y.purchases[id]
	}
	o := y.orders[id]
	if o == nil {
		return
	}
	key.Source, key.Channel, key.Item, key.Category, key.Partner = Bought, ChannelName(o.Channel), o.Product, o.Category, o.Partner
	if o.Points > 0 {
		units := m.points / o.Points
		sums.Quantity, sums.Fen = m.sign*units, m.sign*units*o.Fen
	}
	y.learn(p, "", o.Tier)
}

// ChannelName is how a channel is called here: rewards may write an underscore where
// the mall, whose codes have none, writes a hyphen.
func ChannelName(code string) string { return strings.ReplaceAll(code, "-", "_") }

func (y *tally) profile(account ledger.Account) *Profile {
	p := y.profiles[account]
	if p == nil {
		p = &Profile{Account: account}
		y.profiles[account] = p
	}
	return p
}

// learn notes what a record says of the member; empty says nothing.
func (y *tally) learn(p *Profile, segment, tier string) {
	was := *p
	p.Segment, p.Tier = cmp.Or(segment, p.Segment), cmp.Or(tier, p.Tier)
	if was != *p {
		y.changed[p.Account] = true
	}
}
