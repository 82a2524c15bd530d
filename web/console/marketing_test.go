package console_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/members/memberstest"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/console"
	"github.com/pointgrid/pointgrid/web/page/pagetest"
)

// names are the products that there are.
type names map[string]mall.Text

func (n names) Product(_ context.Context, id string) (*mall.Product, error) {
	if name, ok := n[id]; ok {
		return &mall.Product{ID: id, Name: name}, nil
	}
	return nil, mall.ErrNotFound
}

func (w *world) marketing() *console.Marketing {
	service, err := rewards.New(context.Background(), rewards.Options{Ledger: w.stand.Ledger, Store: w.rules, Members: memberstest.NewKnown([]byte("an account key for tests, 32 byte"[:32])),
		Day: w.stand.Zone.Date, Now: w.stand.Clock, Logger: slog.New(slog.DiscardHandler)})
	must(w.t, err)
	return &console.Marketing{Insight: insight.NewService(w.counted, 10_000), Rules: service,
		Products: names{"bill-10": {ZH: "电费抵扣", EN: "Bill <credit>"}}}
}

// busy lets the days of the last weeks have something counted, and puts rules in
// force; it returns the open window.
func (w *world) busy() ledger.Date {
	w.t.Helper()
	ctx := context.Background()
	alliance, err := w.stand.Ledger.Alliance(ctx)
	must(w.t, err)
	today := alliance.Window
	flow := func(day ledger.Date, k insight.Key, s insight.Sums) insight.Flow {
		k.Day = day
		return insight.Flow{Key: k, Sums: s}
	}
	var g insight.Group
	for day := today - 80; day <= today; day++ {
		n := int64(day % 7)
		for i, channel := range []string{"app", "counter"} {
			g.Flows = append(g.Flows, flow(day, insight.Key{Side: insight.Earned, Source: "prepayment", Channel: channel, Segment: "residential", Tier: "silver", Item: "prepayment"},
				insight.Sums{Count: 3, Points: 150 + 150*int64(1-i), Fen: 200_00}))
		}
		g.Flows = append(g.Flows, flow(day, insight.Key{Side: insight.Earned, Source: "feedback", Channel: "app", Segment: "small_business", Tier: "gold", Item: "feedback"}, insight.Sums{Count: 1, Points: 10}),
			flow(day, insight.Key{Side: insight.Spent, Source: insight.Bought, Channel: "app", Segment: "residential", Tier: "silver", Item: "bill-10", Category: "electricity"}, insight.Sums{Count: 1, Quantity: 1, Points: 100}),
			flow(day, insight.Key{Side: insight.Spent, Source: insight.Bought, Segment: "residential", Tier: "silver", Item: "=kettle", Category: "home", Partner: "mart"}, insight.Sums{Count: 1, Quantity: 1, Points: 50, Fen: 900}),
			flow(day, insight.Key{Side: insight.Out, Source: insight.Converted, Segment: "residential", Tier: "silver", Partner: "sky"}, insight.Sums{Count: 1, Points: n, Value: n * 9_500}))
	}
	for _, h := range []insight.Head{{Segment: "residential", Tier: "silver", Members: 40}, {Segment: "small_business", Tier: "gold", Members: 3}, {Segment: "residential", Tier: "*", Members: 40},
		{Segment: "small_business", Tier: "*", Members: 3}, {Segment: "*", Tier: "silver", Members: 40}, {Segment: "*", Tier: "gold", Members: 3}, {Segment: "*", Tier: "*", Members: 43, Earned: 43, Bought: 20}} {
		h.Month = today.Month()
		g.Heads = append(g.Heads, h)
	}
	must(w.t, w.counted.SaveInsight(ctx, &g))
	stage := func(toward, step, code string, n int64) insight.Stage {
		return insight.Stage{Partner: "sky", Toward: toward, Step: step, Code: code, Count: n, Points: 10 * n}
	}
	must(w.t, w.counted.SaveStages(ctx, today, []insight.Stage{stage("in", insight.Quoted, "", 9), stage("in", insight.Completed, "", 6), stage("in", insight.Failed, "partner_declined", 2),
		stage("in", insight.FromQuote, "", 7), stage("out", insight.Completed, "", 4), stage("out", insight.Reversed, "", 1)}))
	w.addRules()
	return today
}

func (w *world) addRules() {
	ratio := func(s string) rewards.Ratio {
		r, err := rewards.ParseRatio(s)
		must(w.t, err)
		return r
	}
	since := w.stand.Now.AddDate(-1, 0, 0).UnixMilli()
	terms := rewards.Terms{Code: "prepayment", Name: "预存 <steps>", Kind: rewards.Prepayment, From: since, Steps: []rewards.Step{{PerYuan: ratio("1")}, {From: 100_00, PerYuan: ratio("1.5")}},
		Channels: map[rewards.Channel]rewards.Ratio{"app": ratio("1.5"), "counter": ratio("1")}, DayCap: 500, LotMonths: 24}
	one := rewards.Rule{Terms: terms, Version: 1, State: rewards.Approved, Maker: "a", Checker: "b", ProposedAt: since - 1, DecidedAt: since - 1}
	draft := one
	draft.Version, draft.State, draft.Checker, draft.DecidedAt = 2, rewards.Proposed, "", 0
	for _, r := range []rewards.Rule{one, draft} {
		must(w.t, w.rules.AddRewardRule(context.Background(), &r))
	}
}

func TestMarketingStaffSeeTheirPagesAndNoSettlement(t *testing.T) {
	w := newWorld(t)
	w.night()
	w.busy()
	b := w.signedIn("marketing")
	if got := b.Get("/console"); got.Path != "/console/marketing" || strings.Contains(got.Body, "/console/payments") || strings.Contains(got.Body, `href="/console"`+` aria-current`) {
		t.Errorf("the start is %s\n%s", got.Path, got.Body)
	}
	pagetest.Want(t, "overview", b.Get("/console/marketing"), http.StatusOK, "Last 30 days", "Redemption rate", "Prepayments", "CNY 135.00")
	pagetest.Want(t, "a year", b.Get("/console/marketing?from=2026-01-01&to=2026-11-30"), http.StatusOK, "2026-10")
	// 9 yuan of points for 100 yuan in the app, 4.50 at the counter: twice as much,
	// where the rule says 1.5 times.
	pagetest.Want(t, "channels", b.Get("/console/marketing/channels"), http.StatusOK, "1.5000", "0.7500", "2.0000", "Against counter")
	pagetest.Want(t, "members", b.Get("/console/marketing/members"), http.StatusOK, "&lt;5", "×", "Residential")
	pagetest.Want(t, "spending", b.Get("/console/marketing/spending"), http.StatusOK, "Bill &lt;credit&gt;", "=kettle", "Mart", "Electricity&#39;s own")
	pagetest.Want(t, "conversions", b.Get("/console/marketing/conversions"), http.StatusOK, "partner_declined", "Sky &lt;Air&gt;", "75.0 %")
	pagetest.Want(t, "rules", b.Get("/console/marketing/rules?preview=prepayment.2"), http.StatusOK, "预存 &lt;steps&gt;", "0 events of 30 days", "×1.5", "In force")
	pagetest.Want(t, "no period", b.Get("/console/marketing/spending?from=2026-11-30&to=2026-11-01"), http.StatusUnprocessableEntity, "Not a period")
	pagetest.Want(t, "too long", b.Get("/console/marketing?from=2024-11-30&to=2026-11-01"), http.StatusUnprocessableEntity, "Not a period")
	pagetest.Want(t, "no table", b.Get("/console/marketing/tables/none.csv"), http.StatusNotFound)
	for _, path := range []string{"", "/channels", "/members", "/spending", "/conversions", "/rules"} {
		if n := len(b.Get("/console/marketing" + path + "?from=2026-01-01&to=2026-11-30").Body); n > 100<<10 {
			t.Errorf("%s has %d bytes", path, n)
		}
	}
}

// Three members alone are hidden, and whatever with the sums would tell of them.
func TestSmallGroupsAreHiddenInFilesToo(t *testing.T) {
	w := newWorld(t)
	w.busy()
	b := w.signedIn("marketing")
	got := b.Get("/console/marketing/tables/crowd.csv")
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.Body, "\ufeff"))).ReadAll()
	must(t, err)
	for _, l := range lines[1:] {
		if strings.Contains(l[0]+l[1], "Gold") || l[0] == "Small business" {
			if l[2] != "<5" || l[3] != "<5" || l[4] != "<5" {
				t.Errorf("the line of three members is %q", l)
			}
		}
	}
	sums := map[string]int{}
	for _, l := range lines[1:] {
		if strings.HasPrefix(l[2], "<") || l[2] == "×" {
			sums[l[0]]++
		}
	}
	if sums["All"] == 1 {
		t.Errorf("one sum alone is hidden: %q", lines)
	}
}

func TestATableIsTakenAlongExactly(t *testing.T) {
	w := newWorld(t)
	w.busy()
	b := w.signedIn("marketing")
	got := b.Get("/console/marketing/tables/products.csv?from=2026-11-01&to=2026-11-30")
	if h := got.Header; h.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(h.Get("Content-Disposition"), "pointgrid-products-2026-11-01-2026-11-30.csv") {
		t.Errorf("the header is %v", h)
	}
	pagetest.Want(t, "products", got, http.StatusOK, "Bill <credit>,", "'=kettle,")
	x := b.Get("/console/marketing/report.xlsx?from=2026-01-01&to=2026-11-30")
	f, err := excelize.OpenReader(bytes.NewReader([]byte(x.Body)))
	must(t, err)
	defer f.Close()
	if got := len(f.GetSheetList()); got != 10 {
		t.Errorf("there are %d sheets: %q", got, f.GetSheetList())
	}
	formulas := 0
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		must(t, err)
		for i, row := range rows {
			for j, kept := range row {
				at, _ := excelize.CoordinatesToCellName(j+1, i+1)
				if formula, _ := f.GetCellFormula(sheet, at); formula == "" {
					continue
				}
				formulas++
				computed, err := f.CalcCellValue(sheet, at, excelize.Options{RawCellValue: true})
				must(t, err)
				if !near(computed, kept) {
					t.Errorf("%s %s computes to %s and says %s", sheet, at, computed, kept)
				}
			}
		}
	}
	if formulas < 40 {
		t.Errorf("there are %d formulas", formulas)
	}
}

// near: ratios are cut to the places that are shown.
func near(a, b string) bool {
	var x, y float64
	_, errA := fmt.Sscan(a, &x)
	_, errB := fmt.Sscan(b, &y)
	return errA == nil && errB == nil && x-y < 0.0011 && y-x < 0.0011
}
