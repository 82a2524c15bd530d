package rewardstest

import (
	"context"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

func testTierChanges(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	var numbers []string
	var accounts []ledger.Account
	for n := range 12 { // more than one piece of a list
		numbers, accounts = append(numbers, member(n)), append(accounts, ledger.Account{byte(n + 1)})
	}
	suite.Must(t, s.AddStandings(ctx, numbers, rewards.Standing{Tier: "standard", Since: 20_000, AsOf: 20_000}))
	change := func(n int, tier, was string, at int64) *rewards.Standing {
		return &rewards.Standing{Member: member(n), Tier: tier, Since: 20_001, Earned: 5, AsOf: 20_001,
			Changed: &rewards.TierChange{Account: accounts[n], At: at, Was: was}}
	}
	suite.Must(t, s.SettleRewards(ctx, nil, []*rewards.Standing{change(0, "silver", "standard", 100), change(9, "gold", "standard", 150)}))
	suite.Must(t, s.SaveRewardNight(ctx, rewards.Night{Date: 20_002}, []*rewards.Standing{change(0, "gold", "silver", 200)}))
	last := change(0, "platinum", "gold", 200) // in the same millisecond
	suite.Must(t, s.SettleRewards(ctx, nil, []*rewards.Standing{last}))
	last.Changed = nil
	suite.Must(t, s.SettleRewards(ctx, nil, []*rewards.Standing{last}))
	stand := got[[]*rewards.Standing](t)(s.Standings(ctx, numbers[:1]))
	same(t, "the standing now", stand, []*rewards.Standing{last})

	asked := append(accounts, ledger.Account{99})
	zero, nine := accounts[0], accounts[9]
	for after, want := range map[int64][]rewards.TierChange{
		99:  {{Account: zero, At: 100, Was: "standard"}, {Account: zero, At: 200, Was: "silver"}, {Account: nine, At: 150, Was: "standard"}},
		100: {{Account: zero, At: 200, Was: "silver"}, {Account: nine, At: 150, Was: "standard"}},
		199: {{Account: zero, At: 200, Was: "silver"}},
	} {
		all := got[[]rewards.TierChange](t)(s.TierChanges(ctx, asked, after))
		of := map[ledger.Account][]rewards.TierChange{}
		for _, c := range all {
			of[c.Account] = append(of[c.Account], c)
		}
		same(t, "changes", append(of[zero], of[nine]...), want)
		if len(all) != len(want) {
			t.Errorf("%d changes after %d, want %d", len(all), after, len(want))
		}
	}
}
