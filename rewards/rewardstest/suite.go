package rewardstest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

// RunStore tests everything that [rewards.Store] promises. open returns an empty
// store.
func RunStore(t *testing.T, open func(t *testing.T) rewards.Store) {
	suite.Run(t, open, suite.Promises[rewards.Store]{
		{"a record is what was saved last", testRecords},
		{"what is unfinished is found in order", testUnfinished},
		{"points are added up by member, day and code", testEarned},
		{"a member's history is read in pages", testHistory},
		{"the past is read in pages by day and member", testPast},
		{"totals are by day, channel, segment, kind and rule", testTotals},
		{"a member is registered once", testMembers},
		{"what tier was held is told after it changed", testTierChanges},
		{"a rule's version is added once and decided once", testRules},
		{"an expiry is announced once", testAnnouncements},
		{"the night is kept with its standings", testNight},
	})
}

// Sample returns a record of the n-th event, of one of seven members, with
// everything set.
func Sample(n int) *rewards.Record {
	return &rewards.Record{
		Event: rewards.Event{ID: fmt.Sprintf("EV-%05d", n), Member: member(n % 7), Contract: "C-1", Kind: rewards.Prepayment,
			Channel: rewards.DefaultChannels()[n%3], Segment: []string{"", "residential"}[n%2], OccurredAt: 1_770_000_000_000 + int64(n), Amount: int64(100 * n)},
		State: rewards.Issued, Day: ledger.Date(20_400 + n%5), Account: ledger.Account{byte(n + 1)}, ReceivedAt: 1_770_000_000_500,
		Command: ledger.ID{1, 2, 3, byte(n >> 8), byte(n), 0, 0x70, 0, 0x80}, Tier: "silver", Points: int64(n + 1), Expiry: 690,
		Explanation: rewards.Explanation{Rule: []string{"prepayment", "double"}[n%2], Version: 3, Step: 2, PerYuan: 15_000, Factor: 12_000,
			Whole: int64(n + 2), Lost: 5, Cap: 100, Before: 4, Cut: 1, Points: int64(n + 1)},
		Filled: 1, Code: "c", Detail: "d", CancelledAt: 0, CancelReason: "r", Taken: 2, Debt: 3,
	}
}

func member(n int) string { return fmt.Sprintf("M-%03d", n) }

func got[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		suite.Must(t, err)
		return v
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is\n%+v, want\n%+v", what, got, want)
	}
}

func save(t *testing.T, s rewards.Store, n int) (all []*rewards.Record) {
	t.Helper()
	for i := range n {
		all = append(all, Sample(i))
	}
	suite.Must(t, s.SaveRewards(context.Background(), all))
	return all
}

func ids(all []*rewards.Record) (out []string) {
	for _, r := range all {
		out = append(out, r.ID)
	}
	return out
}

func testRecords(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	all := save(t, s, 230) // more than one query's worth
	found := got[[]*rewards.Record](t)(s.RewardRecords(ctx, append(ids(all), "EV-none")))
	slices.SortFunc(found, func(a, b *rewards.Record) int { return strings.Compare(a.ID, b.ID) })
	same(t, "what was saved", found, all)
	changed := *all[5]
	changed.State, changed.CancelledAt, changed.Points, changed.Explanation.Points = rewards.Cancelled, 7, 9, 9
	stone := &rewards.Record{Event: rewards.Event{ID: "EV-stone"}, State: rewards.Cancelled, ReceivedAt: 4, CancelledAt: 4, CancelReason: "never came"}
	suite.Must(t, s.SaveRewards(ctx, []*rewards.Record{&changed, stone}))
	same(t, "what was changed", got[[]*rewards.Record](t)(s.RewardRecords(ctx, []string{changed.ID})), []*rewards.Record{&changed})
	same(t, "what never came", got[[]*rewards.Record](t)(s.RewardRecords(ctx, []string{stone.ID})), []*rewards.Record{stone})
	settled := changed
	settled.State, settled.Filled, settled.Code, settled.Detail, settled.Taken, settled.Debt = rewards.Issued, 1, "c2", "d2", 5, 6
	other := settled
	other.Amount, other.Points, other.ID = 77, 78, "EV-none"
	suite.Must(t, s.SettleRewards(ctx, []*rewards.Record{&settled, &other}, nil))
	same(t, "what was settled", got[[]*rewards.Record](t)(s.RewardRecords(ctx, []string{settled.ID, other.ID})), []*rewards.Record{&settled})
	if none := got[[]*rewards.Record](t)(s.RewardRecords(ctx, nil)); len(none) != 0 {
		t.Errorf("nothing was asked for and %d records came", len(none))
	}
}

func testUnfinished(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	all := save(t, s, 20)
	for i, state := range map[int]rewards.State{3: rewards.Issuing, 11: rewards.Cancelling, 7: rewards.Issuing} {
		all[i].State = state
	}
	suite.Must(t, s.SaveRewards(ctx, all))
	page := got[[]*rewards.Record](t)(s.UnfinishedRewards(ctx, "", 2))
	same(t, "the first page", page, []*rewards.Record{all[3], all[7]})
	same(t, "the second page", got[[]*rewards.Record](t)(s.UnfinishedRewards(ctx, page[1].ID, 2)), []*rewards.Record{all[11]})
}

func testEarned(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	all := save(t, s, 140)
	all[0].State, all[35].State, all[70].State = rewards.Cancelled, rewards.Issuing, rewards.Cancelling
	suite.Must(t, s.SaveRewards(ctx, all))
	// Events 0, 35, 70 and 105 are of member 0 and the first day; even ones of one rule.
	found := got[[]rewards.Earned](t)(s.RewardsEarned(ctx, []string{member(0), "M-none"}, 20_400, 20_400))
	slices.SortFunc(found, func(a, b rewards.Earned) int { return strings.Compare(a.Code, b.Code) })
	same(t, "what was earned", found, []rewards.Earned{{Member: member(0), Day: 20_400, Code: "double", Points: 36 + 106}})
	since := got[map[string]int64](t)(s.RewardsEarnedSince(ctx, []string{member(0), member(1)}, 20_404))
	same(t, "what was earned since", since, map[string]int64{member(0): 15 + 50 + 85 + 120, member(1): 30 + 65 + 100 + 135})
	if sum := got[map[string]int64](t)(s.RewardsEarnedSince(ctx, []string{member(0)}, 20_400))[member(0)]; sum != 1350-1-36 {
		t.Errorf("since the first day %d was earned, want %d without what is cancelled or not issued", sum, 1350-1-36)
	}
}

func testHistory(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	save(t, s, 70)
	var seen []*rewards.Record
	for before := (*rewards.Place)(nil); ; {
		page := got[[]*rewards.Record](t)(s.RewardHistory(ctx, member(2), before, 3))
		if seen = append(seen, page...); len(page) < 3 {
			break
		}
		before = &rewards.Place{Day: page[2].Day, ID: page[2].ID}
	}
	same(t, "the history", ids(seen), []string{"EV-00044", "EV-00009", "EV-00058", "EV-00023", "EV-00037", "EV-00002", "EV-00051", "EV-00016", "EV-00065", "EV-00030"})
}

func testPast(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	all := save(t, s, 50)
	suite.Must(t, s.SaveRewards(ctx, []*rewards.Record{{Event: rewards.Event{ID: "EV-stone"}, State: rewards.Cancelled, ReceivedAt: 4, CancelledAt: 4}}))
	var seen []*rewards.Record
	for after := (*rewards.Place)(nil); ; {
		page := got[[]*rewards.Record](t)(s.PastRewards(ctx, 20_401, 20_403, after, 4))
		if seen = append(seen, page...); len(page) < 4 {
			break
		}
		after = &rewards.Place{Day: page[3].Day, Member: page[3].Member, ID: page[3].ID}
	}
	var want []*rewards.Record
	for _, r := range all {
		if r.Day >= 20_401 && r.Day <= 20_403 {
			want = append(want, r)
		}
	}
	slices.SortFunc(want, func(a, b *rewards.Record) int { return comparePlaces(place(a), place(b)) })
	same(t, "the past", ids(seen), ids(want))
}

func testTotals(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	all := save(t, s, 60)
	all[30].State, all[30].CancelledAt = rewards.Cancelled, 5
	suite.Must(t, s.SaveRewards(ctx, all))
	found := got[[]rewards.Totals](t)(s.RewardTotals(ctx, 20_400, 20_400))
	// Of the events 0, 5, 10, … 55 those with n%6 = 0 share channel, segment and rule.
	want := rewards.Totals{Day: 20_400, Channel: "app", Kind: rewards.Prepayment, Code: "prepayment", Events: 2, Amount: 3000, Points: 1, Cancelled: 1}
	if len(found) != 6 || !slices.Contains(found, want) {
		t.Errorf("the totals are %+v, want six, among them %+v", found, want)
	}
}

func testMembers(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	first := rewards.Standing{Tier: "standard", Since: 20_000, AsOf: 20_000}
	var numbers []string
	for i := range 5 {
		numbers = append(numbers, member(i))
	}
	suite.Must(t, s.AddStandings(ctx, numbers[:3], first))
	risen := &rewards.Standing{Member: member(1), Tier: "gold", Since: 20_100, Below: 20_200, Earned: 8000, AsOf: 20_201}
	nobody := &rewards.Standing{Member: "M-none", Tier: "gold"}
	suite.Must(t, s.SettleRewards(ctx, nil, []*rewards.Standing{risen, nobody}))
	suite.Must(t, s.AddStandings(ctx, numbers, first)) // changes nothing of those who are there
	same(t, "the standing", got[[]*rewards.Standing](t)(s.Standings(ctx, []string{member(1), "M-none"})), []*rewards.Standing{risen})
	page := got[[]*rewards.Standing](t)(s.EverybodyStanding(ctx, member(0), 3))
	if len(page) != 3 || page[0].Member != member(1) || page[2].Member != member(3) {
		t.Errorf("after the first member come %+v", page)
	}
}

func testRules(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	terms := rewards.Terms{Code: "prepayment", Name: "预存", Kind: rewards.Prepayment, From: 5, Until: 9, Fixed: 3,
		Steps: []rewards.Step{{From: 0, PerYuan: 10_000}}, Channels: map[rewards.Channel]rewards.Ratio{"app": 15_000},
		DayCap: 500, Segments: []string{"residential"}, Tiers: []string{"gold"}, LotMonths: 24}
	second := rewards.Rule{Terms: terms, Version: 2, State: rewards.Proposed, Maker: "sun", ProposedAt: 3}
	one := second
	one.Version = 1
	suite.Must(t, s.AddRewardRule(ctx, &second))
	suite.Must(t, s.AddRewardRule(ctx, &one))
	if err := s.AddRewardRule(ctx, &one); !errors.Is(err, rewards.ErrChanged) {
		t.Errorf("adding a version again: %v, want ErrChanged", err)
	}
	one.State, one.Checker, one.DecidedAt, one.Reason = rewards.Rejected, "wu", 4, "too dear"
	suite.Must(t, s.DecideRewardRule(ctx, &one))
	if err := s.DecideRewardRule(ctx, &one); !errors.Is(err, rewards.ErrChanged) {
		t.Errorf("deciding a rule again: %v, want ErrChanged", err)
	}
	same(t, "the rules", got[[]rewards.Rule](t)(s.RewardRules(ctx)), []rewards.Rule{one, second})
}

func testAnnouncements(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	a, b := ledger.Account{1}, ledger.Account{2}
	all := []rewards.Announcement{{Account: a, Expiry: 680, Days: 30, Amount: 5, CreatedAt: 1}, {Account: b, Expiry: 680, Days: 30, Amount: 6, CreatedAt: 1}}
	suite.Must(t, s.AnnounceExpiry(ctx, all))
	again := append(slices.Clone(all), rewards.Announcement{Account: a, Expiry: 680, Days: 7, Amount: 4, CreatedAt: 2})
	again[0].Amount = 99
	suite.Must(t, s.AnnounceExpiry(ctx, again))
	for i := range again {
		again[i].Sequence = int64(i + 1)
	}
	again[0].Amount = 5
	same(t, "everything", got[[]rewards.Announcement](t)(s.ExpiryAnnouncements(ctx, ledger.Account{}, 0, 10)), again)
	same(t, "what is new for one account", got[[]rewards.Announcement](t)(s.ExpiryAnnouncements(ctx, a, 1, 10)), again[2:])
}

func testNight(t *testing.T, s rewards.Store) {
	ctx := context.Background()
	same(t, "the night before the first", got[rewards.Night](t)(s.RewardNight(ctx)), rewards.Night{})
	suite.Must(t, s.AddStandings(ctx, []string{member(1)}, rewards.Standing{Tier: "standard"}))
	v := &rewards.Standing{Member: member(1), Tier: "silver", Since: 3, Earned: 4, AsOf: 5}
	for _, n := range []rewards.Night{{Date: 20_000, After: member(1)}, {Date: 20_000, After: member(1), Done: true}} {
		suite.Must(t, s.SaveRewardNight(ctx, n, []*rewards.Standing{v}))
		same(t, "the night", got[rewards.Night](t)(s.RewardNight(ctx)), n)
	}
	same(t, "the standing", got[[]*rewards.Standing](t)(s.Standings(ctx, []string{member(1)})), []*rewards.Standing{v})
}
