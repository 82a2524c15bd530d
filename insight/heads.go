package insight

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// present notes that a member took part: earned by an event or a conversion, or
// spent. Points that the utility gave without an event, that expired or were taken
// back are nothing that the member did.
func (y *tally) present(m *move, key *Key) {
	earned, spent := m.side == Earned && key.Source != Other && key.Source != Bonus || m.side == In, m.side == Spent || m.side == Out
	if m.sign < 0 || !earned && !spent {
		return
	}
	month := key.Day.Month()
	if y.took[month] == nil {
		y.took[month] = map[ledger.Account][]Presence{}
	}
	y.took[month][m.transfer.Account] = append(y.took[month][m.transfer.Account],
		Presence{Month: month, Account: m.transfer.Account, Segment: key.Segment, Tier: key.Tier, Earned: earned, Spent: spent})
}

// headKey names a [Head].
type headKey struct {
	month         ledger.Month
	segment, tier string
}

// group is everything that the store is to change, in order.
func (y *tally) group(ctx context.Context, s Store, next ledger.Locator) (*Group, error) {
	g := &Group{Next: next}
	for key, sums := range y.flows {
		if *sums != (Sums{}) {
			g.Flows = append(g.Flows, Flow{key, *sums})
		}
	}
	slices.SortFunc(g.Flows, CompareFlows)
	for account := range y.changed {
		g.Profiles = append(g.Profiles, *y.profiles[account])
	}
	slices.SortFunc(g.Profiles, func(a, b Profile) int { return bytes.Compare(a.Account[:], b.Account[:]) })
	heads := map[headKey]*Head{}
	for _, month := range slices.Sorted(maps.Keys(y.took)) {
		took := y.took[month]
		known, err := s.InsightPresences(ctx, month, slices.Collect(maps.Keys(took)))
		if err != nil {
			return nil, err
		}
		before := map[ledger.Account][]Presence{}
		for _, p := range known {
			before[p.Account] = append(before[p.Account], p)
		}
		for account, more := range took {
			after := joined(before[account], more)
			if slices.Equal(after, before[account]) {
				continue
			}
			g.Presences = append(g.Presences, after...)
			headcount(heads, before[account], -1)
			headcount(heads, after, 1)
		}
	}
	for _, h := range heads {
		if h.Members != 0 || h.Earned != 0 || h.Bought != 0 {
			g.Heads = append(g.Heads, *h)
		}
	}
	slices.SortFunc(g.Heads, compareHeads)
	slices.SortFunc(g.Presences, comparePresences)
	return g, nil
}

// joined are a member's presences of a month, one for each segment and tier.
func joined(before, more []Presence) []Presence {
	after := slices.Clone(before)
	for _, p := range more {
		i := slices.IndexFunc(after, func(a Presence) bool { return a.Segment == p.Segment && a.Tier == p.Tier })
		if i < 0 {
			after = append(after, p)
			continue
		}
		after[i].Earned, after[i].Spent = after[i].Earned || p.Earned, after[i].Spent || p.Spent
	}
	return after
}

// headcount adds a member, with a sign, once to each head that the presences belong
// to.
func headcount(heads map[headKey]*Head, all []Presence, sign int64) {
	seen := map[headKey]*Presence{}
	for _, p := range all {
		for _, k := range [...]headKey{{p.Month, p.Segment, p.Tier}, {p.Month, p.Segment, Everybody}, {p.Month, Everybody, p.Tier}, {p.Month, Everybody, Everybody}} {
			if seen[k] == nil {
				seen[k] = &Presence{}
			}
			seen[k].Earned, seen[k].Spent = seen[k].Earned || p.Earned, seen[k].Spent || p.Spent
		}
	}
	for k, p := range seen {
		h := heads[k]
		if h == nil {
			h = &Head{Month: k.month, Segment: k.segment, Tier: k.tier}
			heads[k] = h
		}
		h.Members += sign
		if p.Earned {
			h.Earned += sign
		}
		if p.Spent {
			h.Bought += sign
		}
	}
}

// CompareFlows orders flows by their keys.
func CompareFlows(a, b Flow) int {
	return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Side, b.Side), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Channel, b.Channel),
		cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Item, b.Item), cmp.Compare(a.Category, b.Category),
		cmp.Compare(a.Partner, b.Partner), cmp.Compare(a.Toward, b.Toward))
}

func compareHeads(a, b Head) int {
	return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Tier, b.Tier))
}

func comparePresences(a, b Presence) int {
	return cmp.Or(cmp.Compare(a.Month, b.Month), bytes.Compare(a.Account[:], b.Account[:]), cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Tier, b.Tier))
}
