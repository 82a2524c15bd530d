package api_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/insight/insighttest"
	"github.com/pointgrid/pointgrid/ledger"
)

// counted is what was counted on a day: four members of one group, and fifty of
// another.
func counted(t *testing.T) *insight.Service {
	t.Helper()
	s, day := insighttest.NewMemory(), ledger.Date(20_513) // 2026-03-01
	key := insight.Key{Day: day, Side: insight.Earned, Source: "prepayment", Channel: "app", Segment: "residential", Tier: "gold", Item: "steps"}
	few := key
	few.Tier = "platinum"
	bought := insight.Key{Day: day, Side: insight.Spent, Source: insight.Bought, Channel: "app", Segment: "residential", Tier: "gold", Item: "bill-10", Category: "electricity"}
	head := func(segment, tier string, n int64) insight.Head {
		return insight.Head{Month: day.Month(), Segment: segment, Tier: tier, Members: n, Earned: n}
	}
	must(t, s.SaveInsight(context.Background(), &insight.Group{Flows: []insight.Flow{{Key: key, Sums: insight.Sums{Count: 2, Points: 720, Fen: 40_000}},
		{Key: few, Sums: insight.Sums{Count: 1, Points: 77}}, {Key: bought, Sums: insight.Sums{Count: 1, Quantity: 1, Points: 1_000}}},
		Heads: []insight.Head{head("residential", "gold", 50), head("residential", "platinum", 4), head("residential", "*", 54), head("*", "gold", 50), head("*", "platinum", 4), head("*", "*", 54)}}))
	must(t, s.SaveStages(context.Background(), day, []insight.Stage{{Partner: "sky", Toward: "in", Step: insight.Failed, Code: "declined", Count: 3}}))
	return insight.NewService(s, 10_000)
}

func TestTheReportOfPointsIsWhatMarketingSees(t *testing.T) {
	w := newWorld(t)
	w.as("billing").get("/v1/reports/points?from=2026-03-01&to=2026-03-01").refused(503, "unavailable")
	w.options.Insight, w.options.Metrics = counted(t), prometheus.NewRegistry()
	w.serve()
	a := w.as("billing").get("/v1/reports/points?from=2026-03-01&to=2026-03-02").is(200)
	var got struct {
		PointValue string `json:"point_value"`
		OwnPoints  string `json:"own_points"`
		Totals     struct{ Earned, Spent string }
		Times      []struct{ From string }
		Channels   []struct {
			Name, Points, Prepaid, Spent string
		}
		Groups []struct {
			Segment, Tier, Hidden, Earned string
			Members                       int
		}
		Conversions []struct {
			Partner, Direction string
			Created, Failed    int
			Reasons            []struct{ Name string }
		}
	}
	must(t, json.Unmarshal(a.body, &got))
	if got.PointValue != "0.010000" || got.OwnPoints != "1000" || got.Totals.Earned != "797" || len(got.Times) != 2 || got.Times[1].From != "2026-03-02" || got.Channels[0].Spent != "1000" {
		t.Errorf("the report is %s", a.body)
	}
	if c := got.Conversions[0]; c.Created != 3 || c.Failed != 3 || c.Direction != "in" || c.Reasons[0].Name != "declined" {
		t.Errorf("the conversions are %+v", got.Conversions)
	}
	for _, g := range got.Groups {
		if hidden := g.Hidden != ""; hidden != (g.Tier != "*") || hidden && (g.Members != 0 || g.Earned != "") {
			t.Errorf("the group %+v", g)
		}
	}
	w.as("ops").get("/v1/reports/points?from=2026-03-01&to=2026-03-01").is(200)
	w.as("sky-app").get("/v1/reports/points?from=2026-03-01&to=2026-03-01").refused(403, "scope_missing")
	w.as("billing").get("/v1/reports/points?from=x").invalid("from date", "to date")
	w.as("billing").get("/v1/reports/points?from=2026-03-02&to=2026-03-01").invalid("to period")
	w.as("billing").get("/v1/reports/points?from=2024-03-02&to=2026-03-01").invalid("to period")
}
