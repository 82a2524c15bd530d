package insighttest

import (
	"context"
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
)

// RunStore tests everything that [insight.Store] promises. open returns an empty
// store.
func RunStore(t *testing.T, open func(t *testing.T) insight.Store) {
	suite.Run(t, open, suite.Promises[insight.Store]{
		{"a group is added, and says where its lane goes on", testGroup},
		{"sums are by all but the day, and by day and side", testSums},
		{"sums over months are those of their days", testMonths},
		{"members are found by account and month", testPresences},
		{"a day's stages take the place of those before", testStages},
	})
}

func got[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		suite.Must(t, err)
		return v
	}
}

var key = insight.Key{Day: 20_400, Side: insight.Earned, Source: "prepayment", Channel: "app", Segment: "residential", Tier: "gold", Item: "prepayment"}

func testGroup(t *testing.T, s insight.Store) {
	ctx := context.Background()
	suite.WantEqual(t, "the place at first", got[ledger.Locator](t)(s.InsightPlace(ctx, 2)), ledger.Locator{Lane: 2})
	sums := insight.Sums{Count: 1, Quantity: 2, Points: 300, Fen: 20_000, Value: 4}
	g := &insight.Group{Flows: []insight.Flow{{Key: key, Sums: sums}}, Heads: []insight.Head{{Month: 670, Segment: "a", Tier: "*", Members: 2, Earned: 1, Bought: 1}},
		Next: ledger.Locator{Lane: 2, Batch: 7, Index: 3}}
	suite.Must(t, s.SaveInsight(ctx, g))
	g.Flows[0].Sums = insight.Sums{Points: -100, Fen: -1}
	g.Heads[0] = insight.Head{Month: 670, Segment: "a", Tier: "*", Members: 1, Bought: -1}
	g.Next.Index = 4
	suite.Must(t, s.SaveInsight(ctx, g))
	suite.WantEqual(t, "the place", got[ledger.Locator](t)(s.InsightPlace(ctx, 2)), ledger.Locator{Lane: 2, Batch: 7, Index: 4})
	suite.WantEqual(t, "another lane", got[ledger.Locator](t)(s.InsightPlace(ctx, 0)), ledger.Locator{})
	suite.WantEqual(t, "heads", got[[]insight.Head](t)(s.InsightHeads(ctx, 669, 670)), []insight.Head{{Month: 670, Segment: "a", Tier: "*", Members: 3, Earned: 1}})
	none := got[[]insight.Head](t)(s.InsightHeads(ctx, 671, 700))
	suite.WantEqual(t, "heads of other months", len(none), 0)
	want := insight.Flow{Key: key, Sums: insight.Sums{Count: 1, Quantity: 2, Points: 200, Fen: 19_999, Value: 4}}
	want.Day = 0
	suite.WantEqual(t, "flows", got[[]insight.Flow](t)(s.InsightFlows(ctx, 20_400, 20_400)), []insight.Flow{want})
}

func testSums(t *testing.T, s insight.Store) {
	ctx := context.Background()
	var g insight.Group
	for day := range ledger.Date(3) {
		for i, side := range []insight.Side{insight.Out, insight.Spent} {
			k := insight.Key{Day: 100 + day, Side: side, Source: insight.Bought, Item: "kettle", Category: "home", Partner: "mart", Channel: "app", Toward: "x"}
			g.Flows = append(g.Flows, insight.Flow{Key: k, Sums: insight.Sums{Count: 1, Points: int64(i + 1)}})
			k.Item, k.Partner = "plug", ""
			g.Flows = append(g.Flows, insight.Flow{Key: k, Sums: insight.Sums{Count: 1, Points: 10}})
		}
	}
	suite.Must(t, s.SaveInsight(ctx, &g))
	days := got[[]insight.Flow](t)(s.InsightDays(ctx, 101, 105))
	var want []insight.Flow
	for _, day := range []ledger.Date{101, 102} {
		want = append(want, insight.Flow{Key: insight.Key{Day: day, Side: insight.Out}, Sums: insight.Sums{Count: 2, Points: 11}},
			insight.Flow{Key: insight.Key{Day: day, Side: insight.Spent}, Sums: insight.Sums{Count: 2, Points: 12}})
	}
	suite.WantEqual(t, "days", days, want)
	flows := got[[]insight.Flow](t)(s.InsightFlows(ctx, 100, 101))
	slices.SortFunc(flows, insight.CompareFlows)
	if len(flows) != 4 || flows[0].Item != "kettle" || flows[0].Partner != "mart" || flows[0].Toward != "x" || flows[0].Points != 2 || flows[3].Points != 20 {
		t.Errorf("flows are %+v", flows)
	}
}

// testMonths adds up periods that begin and end within months and at their ends.
func testMonths(t *testing.T, s insight.Store) {
	ctx := context.Background()
	from, to := insight.FirstDay(600), insight.FirstDay(605)-1
	var g insight.Group
	for day := from; day <= to; day++ {
		for _, item := range []string{"a", "b"} {
			g.Flows = append(g.Flows, insight.Flow{Key: insight.Key{Day: day, Side: insight.Spent, Source: insight.Bought, Item: item}, Sums: insight.Sums{Count: 1, Points: int64(day - from + 1)}})
		}
	}
	suite.Must(t, s.SaveInsight(ctx, &g))
	for _, days := range [][2]ledger.Date{{from, to}, {from + 1, to}, {from, to - 1}, {from + 40, from + 41}, {from + 40, from + 100}, {insight.FirstDay(602), insight.FirstDay(603) - 1},
		{insight.FirstDay(602) - 1, insight.FirstDay(603)}, {insight.FirstDay(601), insight.FirstDay(603)}, {from + 3, from + 3}} {
		want := int64(0)
		for day := days[0]; day <= days[1]; day++ {
			want += int64(day - from + 1)
		}
		for _, f := range got[[]insight.Flow](t)(s.InsightFlows(ctx, days[0], days[1])) {
			if f.Points != want || f.Day != 0 {
				t.Errorf("from %s to %s there are %d points on day %d, want %d", days[0], days[1], f.Points, f.Day, want)
			}
		}
		sum := int64(0)
		for _, f := range got[[]insight.Flow](t)(s.InsightMonths(ctx, days[0], days[1])) {
			if sum += f.Points; f.Day.Month() < days[0].Month() || f.Day.Month() > days[1].Month() {
				t.Errorf("from %s to %s there is %s", days[0], days[1], f.Day)
			}
		}
		suite.WantEqual(t, "the months' points", sum, 2*want)
	}
}

func testPresences(t *testing.T, s insight.Store) {
	ctx := context.Background()
	var g insight.Group
	var accounts []ledger.Account
	for i := range 250 {
		account := ledger.Account{byte(i), byte(i >> 8), 9}
		accounts = append(accounts, account)
		g.Presences = append(g.Presences, insight.Presence{Month: 670, Account: account, Segment: "a", Tier: "gold", Earned: i%2 == 0})
		g.Profiles = append(g.Profiles, insight.Profile{Account: account, Segment: "a", Tier: "gold"})
	}
	suite.Must(t, s.SaveInsight(ctx, &g))
	again := insight.Presence{Month: 670, Account: accounts[3], Segment: "a", Tier: "gold", Earned: true, Spent: true}
	suite.Must(t, s.SaveInsight(ctx, &insight.Group{Presences: []insight.Presence{again}, Profiles: []insight.Profile{{Account: accounts[3], Segment: "b"}}}))
	suite.WantEqual(t, "one", got[[]insight.Presence](t)(s.InsightPresences(ctx, 670, accounts[3:4])), []insight.Presence{again})
	suite.WantEqual(t, "all", len(got[[]insight.Presence](t)(s.InsightPresences(ctx, 670, accounts))), 250)
	suite.WantEqual(t, "another month", len(got[[]insight.Presence](t)(s.InsightPresences(ctx, 671, accounts))), 0)
	suite.WantEqual(t, "a profile", got[[]insight.Profile](t)(s.InsightProfiles(ctx, accounts[3:4])), []insight.Profile{{Account: accounts[3], Segment: "b"}})
	suite.WantEqual(t, "profiles", len(got[[]insight.Profile](t)(s.InsightProfiles(ctx, accounts))), 250)
	suite.WantEqual(t, "nobody", len(got[[]insight.Profile](t)(s.InsightProfiles(ctx, nil))), 0)
}

func testStages(t *testing.T, s insight.Store) {
	ctx := context.Background()
	suite.WantEqual(t, "through at first", got[ledger.Date](t)(s.StagesThrough(ctx)), ledger.Date(0))
	one := insight.Stage{Partner: "sky", Toward: "in", Step: insight.Processing, Count: 2, Points: 50}
	suite.Must(t, s.SaveStages(ctx, 100, []insight.Stage{one}))
	suite.Must(t, s.SaveStages(ctx, 101, nil))
	suite.WantEqual(t, "unfinished", got[[]ledger.Date](t)(s.StagesUnfinished(ctx)), []ledger.Date{100})
	suite.WantEqual(t, "through", got[ledger.Date](t)(s.StagesThrough(ctx)), ledger.Date(101))
	one.Step, one.Code = insight.Failed, "x"
	suite.Must(t, s.SaveStages(ctx, 100, []insight.Stage{one}))
	suite.Must(t, s.SaveStages(ctx, 102, []insight.Stage{one}))
	suite.WantEqual(t, "unfinished later", len(got[[]ledger.Date](t)(s.StagesUnfinished(ctx))), 0)
	one.Count, one.Points = 4, 100
	suite.WantEqual(t, "sums", got[[]insight.Stage](t)(s.Stages(ctx, 99, 102)), []insight.Stage{one})
}
