package rewards

import (
	"context"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// TierAsked asks which tier the member of an account held at a time.
type TierAsked struct {
	Account ledger.Account
	At      int64 // milliseconds since 1970
}

// TierChange says that a member had another tier until a time.
type TierChange struct {
	Account ledger.Account
	At      int64 // milliseconds since 1970
	Was     string
}

// TiersAt answers each question with the tier that was held: a change counts from
// its own millisecond on. Somebody who is not registered has the lowest tier.
func (s *Service) TiersAt(ctx context.Context, asked []TierAsked) ([]Tier, error) {
	accounts := make([]ledger.Account, 0, len(asked))
	seen := map[ledger.Account]bool{}
	first := int64(0)
	for i, a := range asked {
		if i == 0 || a.At < first {
			first = a.At
		}
		if !seen[a.Account] {
			seen[a.Account] = true
			accounts = append(accounts, a.Account)
		}
	}
	// First what is, then what was: a change in between is then among the changes.
	standings, err := s.standingsOf(ctx, accounts)
	if err != nil {
		return nil, err
	}
	changes, err := s.o.Store.TierChanges(ctx, accounts, first)
	if err != nil {
		return nil, err
	}
	later := map[ledger.Account][]TierChange{}
	for _, c := range changes {
		later[c.Account] = append(later[c.Account], c)
	}
	tiers := make([]Tier, len(asked))
	for i, a := range asked {
		tiers[i] = s.o.Ladder[s.held(a, standings[a.Account], later[a.Account])]
	}
	return tiers, nil
}

// standingsOf returns those of the members who have one of the accounts.
func (s *Service) standingsOf(ctx context.Context, accounts []ledger.Account) (map[ledger.Account]*Standing, error) {
	numbers, err := s.o.Members.Numbers(ctx, accounts)
	if err != nil {
		return nil, err
	}
	found, err := s.o.Store.Standings(ctx, slices.Collect(maps.Values(numbers)))
	if err != nil {
		return nil, err
	}
	of := make(map[string]*Standing, len(found))
	for _, v := range found {
		of[v.Member] = v
	}
	all := make(map[ledger.Account]*Standing, len(found))
	for account, number := range numbers {
		if v := of[number]; v != nil {
			all[account] = v
		}
	}
	return all, nil
}

// held is the place of the tier that was held; later are the account's changes, in
// the order of time.
func (s *Service) held(a TierAsked, now *Standing, later []TierChange) int {
	for _, c := range later {
		if c.At > a.At {
			return max(s.o.Ladder.index(c.Was), 0)
		}
	}
	if now == nil {
		return 0
	}
	return s.o.Ladder.tierOf(now)
}

// BonusOf returns what is added to points that a member converts into electricity
// points now, in ten-thousandths.
func (s *Service) BonusOf(ctx context.Context, member string) (bps int64, err error) {
	p, err := s.Privileges(ctx, member)
	return p.ConversionBonus, err
}
