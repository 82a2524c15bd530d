package bonus

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// decide returns the bonuses that transfers begin or change, in the order of the
// ledger. A transfer that was decided about before changes nothing.
func (f *Follower) decide(ctx context.Context, found []ledger.Transfer) (changed []*Bonus, err error) {
	if len(found) == 0 {
		return nil, nil
	}
	known, err := f.known(ctx, found)
	if err != nil {
		return nil, err
	}
	tiers, err := f.tiers(ctx, found)
	if err != nil {
		return nil, err
	}
	touched := map[ledger.ID]bool{}
	for i := range found {
		t := &found[i]
		b, isNew := known[conversionOf(t)], false
		switch {
		case t.Kind == ledger.KindReverse:
			isNew = b != nil && b.reverse(t)
		case b == nil:
			tier := tiers[t.ID]
			b = newBonus(t, tier.Code, tier.ConversionBonus, f.o.LotMonths)
			isNew = b != nil
		}
		if !isNew {
			continue
		}
		known[b.Conversion] = b
		if !touched[b.Conversion] {
			touched[b.Conversion] = true
			changed = append(changed, b)
		}
	}
	return changed, nil
}

// conversionOf is the transfer that recorded the conversion.
func conversionOf(t *ledger.Transfer) ledger.ID {
	if t.Kind == ledger.KindReverse {
		return t.Related
	}
	return t.ID
}

// known returns the bonuses that there are of the conversions.
func (f *Follower) known(ctx context.Context, found []ledger.Transfer) (map[ledger.ID]*Bonus, error) {
	ids := make([]ledger.ID, len(found))
	for i := range found {
		ids[i] = conversionOf(&found[i])
	}
	slices.SortFunc(ids, func(a, b ledger.ID) int { return bytes.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	all, err := f.o.Store.Bonuses(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("bonus: those there are: %w", err)
	}
	known := make(map[ledger.ID]*Bonus, len(all))
	for _, b := range all {
		known[b.Conversion] = b
	}
	return known, nil
}

// tiers returns the tier that the member held at each conversion.
func (f *Follower) tiers(ctx context.Context, found []ledger.Transfer) (map[ledger.ID]rewards.Tier, error) {
	var ids []ledger.ID
	var asked []rewards.TierAsked
	for i := range found {
		if t := &found[i]; t.Kind == ledger.KindConvertIn {
			ids, asked = append(ids, t.ID), append(asked, rewards.TierAsked{Account: t.Account, At: t.At})
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	answers, err := f.o.Tiers.TiersAt(ctx, asked)
	if err != nil {
		return nil, fmt.Errorf("bonus: tiers: %w", err)
	}
	tiers := make(map[ledger.ID]rewards.Tier, len(ids))
	for i, id := range ids {
		tiers[id] = answers[i]
	}
	return tiers, nil
}
