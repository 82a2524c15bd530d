package exchange

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pointgrid/pointgrid/ledger"
)

// Allowances says how much of what two companies agreed the utility grants to a
// member. It can only narrow: the contract enforces the agreement's own caps.
type Allowances interface {
	// DayShare is the part of an agreement's daily cap that a member may use, in
	// ten-thousandths; from [WholeShare] on it is the cap itself. It is asked for each
	// conversion and must be quick.
	DayShare(ctx context.Context, member string) (int64, error)
}

// WholeShare is the share of a member who may use all that an agreement allows.
const WholeShare = 10_000

// allotted is a member's daily cap with a partner in one direction.
type allotted struct {
	account ledger.Account
	card
}

// allotments are the amounts of conversions under way for which there is an
// allowance. The ledger counts what it has; without these, two conversions asked for
// together would each take what is left.
type allotments struct {
	mu    sync.Mutex
	taken map[allotted]int64
}

// allotment is what one conversion takes of its allowances.
type allotment struct {
	of   *allotments
	legs []portion
}

// portion is one leg's part, and what was taken with it when it was taken.
type portion struct {
	key           allotted
	amount, limit int64
	taken         int64
}

// take adds a leg, if what is under way does not reach the limit by itself. The
// sums therefore stay within limits, and within [ledger.AmountMax].
func (a *allotment) take(key allotted, amount, limit int64) error {
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	before := a.of.taken[key]
	if amount > limit-before {
		return overAllowance(limit, before)
	}
	a.of.taken[key] = before + amount
	a.legs = append(a.legs, portion{key, amount, limit, before + amount})
	return nil
}

// release gives back what was taken. Nil releases nothing.
func (a *allotment) release() {
	if a == nil {
		return
	}
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	for _, p := range a.legs {
		if a.of.taken[p.key] -= p.amount; a.of.taken[p.key] == 0 {
			delete(a.of.taken, p.key)
		}
	}
	a.legs = nil
}

func overAllowance(limit, used int64) *Refusal {
	return refuse(CodeAllowance, "the member's level allows %d a day with this partner in this direction, of which %d are left", limit, max(limit-used, 0))
}

// allowAll refuses drafts that go beyond their member's allowance. Allowances are
// taken in the order given; what the members have used before is then asked of
// the ledger, several at a time. What the ledger has counted and a conversion
// still holds is counted twice for a moment, never not at all: an allowance is
// given back only after the ledger's answer is stored. Only what an earlier
// process left unfinished counts from when the ledger has it.
func (s *Service) allowAll(ctx context.Context, all []undertaking) {
	if s.o.Allowances == nil {
		return
	}
	var asking []*undertaking
	for i := range all {
		u := &all[i]
		if !u.entered || u.err != nil {
			continue
		}
		if u.allotment, u.err = s.allot(ctx, u.row); u.allotment != nil {
			asking = append(asking, u)
		}
	}
	sideBySide(asking, func(u *undertaking) {
		if u.err = s.withinAllowance(ctx, u.row.Account, u.allotment); u.err != nil {
			u.allotment.release()
		}
	})
}

// allot takes what a conversion needs of its allowances, nil when it needs none.
func (s *Service) allot(ctx context.Context, c *Conversion) (*allotment, error) {
	share, err := s.o.Allowances.DayShare(ctx, c.Member)
	if err != nil {
		return nil, fmt.Errorf("exchange: allowance: %w", err)
	}
	if share >= WholeShare {
		return nil, nil
	}
	cards, err := s.rates.get(ctx)
	if err != nil {
		return nil, err
	}
	a := &allotment{of: &s.allotments}
	for _, leg := range []*ledger.LegTerms{c.In, c.Out} {
		if leg == nil || cards.byID[leg.Agreement] == nil { // outdated, which the ledger refuses
			continue
		}
		t := &cards.byID[leg.Agreement].Terms
		if t.DayCap == 0 {
			continue
		}
		limit, _, _ := ledger.MulDiv(t.DayCap, max(share, 0), WholeShare) // rounded down
		if err := a.take(allotted{c.Account, card{t.Partner, t.Direction}}, leg.From, limit); err != nil {
			a.release()
			return nil, err
		}
	}
	if len(a.legs) == 0 {
		return nil, nil
	}
	return a, nil
}

// withinAllowance asks the ledger what was used before.
func (s *Service) withinAllowance(ctx context.Context, account ledger.Account, a *allotment) error {
	state, err := s.o.Ledger.Account(ctx, account)
	if err != nil {
		return fmt.Errorf("exchange: what the member converted: %w", err)
	}
	alliance, err := s.o.Ledger.Alliance(ctx)
	if err != nil {
		return fmt.Errorf("exchange: alliance: %w", err)
	}
	for _, p := range a.legs {
		i := slices.IndexFunc(state.Usage, func(u ledger.Usage) bool {
			return u.Partner == p.key.partner && u.Direction == p.key.direction && u.Day == alliance.Window
		})
		if i >= 0 && p.taken > p.limit-state.Usage[i].DayUsed {
			return overAllowance(p.limit, state.Usage[i].DayUsed+p.taken-p.amount)
		}
	}
	return nil
}
