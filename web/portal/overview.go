package portal

import (
	"context"
	"slices"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/web/page"
)

// Bounds of the overview.
const (
	problemsMax = 5
	latestMax   = 6
	nightsMax   = 13 // besides today
)

type overviewBody struct {
	Company   *partners.Partner
	OnLedger  *ledger.Partner
	Window    ledger.Date
	Today     ledger.Position
	Hub       string
	Exposures []exposure
	Waiting   int // agreements that wait for this company
	NoCard    bool
	Problems  []conversionRow
	Latest    []conversionRow
	Chart     page.Bars
	Busy      bool // whether the chart shows anything
}

func (p *Portal) showOverview(v *visit) error {
	ctx := v.r.Context()
	b := overviewBody{Company: v.company, Hub: p.o.Hub}
	alliance, err := p.o.Ledger.Alliance(ctx)
	if err != nil {
		return err
	}
	b.Window = alliance.Window
	if b.OnLedger, err = p.onLedger(ctx, v.company.Code); err != nil {
		return err
	}
	cards, err := p.agreements(ctx, v)
	if err != nil {
		return err
	}
	b.Exposures, b.NoCard = exposures(b.OnLedger, cards), true
	for _, c := range cards {
		b.NoCard = b.NoCard && c.Standing != "in_force"
		if c.Standing == "proposed_theirs" {
			b.Waiting++
		}
	}
	if err := p.days(ctx, v, &b); err != nil {
		return err
	}
	if b.Problems, err = p.problems(ctx, v); err != nil {
		return err
	}
	latest, err := p.o.Exchange.Conversions(ctx, v.party, exchange.Filter{Limit: latestMax})
	if err != nil {
		return err
	}
	for _, c := range latest {
		b.Latest = append(b.Latest, p.row(v, c))
	}
	return p.show(v, "overview", &b)
}

// days fills in today and the chart of the days before.
func (p *Portal) days(ctx context.Context, v *visit, b *overviewBody) error {
	today, err := p.o.Exchange.Positions(ctx, v.party, nil)
	if err != nil {
		return err
	}
	if len(today) > 0 {
		b.Today = today[0]
	}
	nights, err := p.o.Settlements.Settlements(ctx, v.company.Code, "", nightsMax)
	if err != nil {
		return err
	}
	counts := map[ledger.Date]int64{b.Window: b.Today.In.Count + b.Today.Out.Count}
	for _, n := range nights {
		counts[n.Window] = n.Position.In.Count + n.Position.Out.Count
	}
	b.Chart = page.Bars{Word: "portal.overview.chart"}
	for d := b.Window - nightsMax; d <= b.Window; d++ {
		b.Chart.All = append(b.Chart.All, page.Bar{Label: d.String()[8:], Count: counts[d]})
		b.Busy = b.Busy || counts[d] > 0
	}
	return nil
}

// problems are the newest conversions that did not go through, or hang.
func (p *Portal) problems(ctx context.Context, v *visit) ([]conversionRow, error) {
	var all []conversionRow
	for _, f := range []exchange.Filter{
		{Status: exchange.Failed, Limit: problemsMax}, {Status: exchange.Reversed, Limit: problemsMax}, {Escalated: true, Limit: problemsMax},
	} {
		found, err := p.o.Exchange.Conversions(ctx, v.party, f)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			wanted := c.Outcome != exchange.Completed || c.EscalatedAt != 0
			if wanted && !slices.ContainsFunc(all, func(r conversionRow) bool { return r.ID == c.ID }) {
				all = append(all, p.row(v, c))
			}
		}
	}
	slices.SortFunc(all, func(a, b conversionRow) int { return -slices.Compare(a.ID[:], b.ID[:]) })
	return all[:min(len(all), problemsMax)], nil
}
