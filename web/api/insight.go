package api

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/problem"
)

// Insight has what marketing sees; [insight.Service] is one, and says which errors
// the methods return.
type Insight interface {
	Report(ctx context.Context, from, to ledger.Date) (*insight.Report, error)
	Funnels(ctx context.Context, from, to ledger.Date) ([]insight.Funnel, error)
	Value() int64
}

func (a *API) getPointsReport(r *request) (reply, error) {
	if a.o.Insight == nil {
		return reply{}, later("unavailable", "this gateway keeps no projection of the ledger, from which the report is made", time.Minute)
	}
	query, err := r.query("from", "to")
	if err != nil {
		return reply{}, err
	}
	from, to, wrong := days(query.Get("from"), query.Get("to"), func(name string) problem.Field {
		return problem.Parameter(name, "date", "must be a date, for example 2026-03-01")
	})
	if wrong == nil && (to < from || to-from >= insight.DaysMax) {
		wrong = append(wrong, problem.Parameter("to", "period", "must be from's day or a later one, within 400 days"))
	}
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	report, err := a.o.Insight.Report(r.context(), from, to)
	if err != nil {
		return reply{}, err
	}
	funnels, err := a.o.Insight.Funnels(r.context(), from, to)
	if err != nil {
		return reply{}, err
	}
	out := renderReport(report, funnels)
	out.PointValue = decimal.New(a.o.Insight.Value(), -6).StringFixed(6)
	return ok(&out), nil
}

func renderReport(r *insight.Report, funnels []insight.Funnel) PointsReport {
	out := PointsReport{From: r.From.String(), To: r.To.String(), OwnPoints: points(r.Own), Totals: renderPeriod(&insight.Period{Day: r.From, Sides: r.Total}),
		Times: make([]PointsPeriod, 0, len(r.Times)), Sources: make([]PointsSource, 0, len(r.Sources)), Channels: make([]PointsChannel, 0, len(r.Channels)),
		Products: make([]PointsProduct, 0, len(r.Products)), Partners: make([]PointsPartner, 0, len(r.Partners)), Months: make([]PointsMonth, 0, len(r.Months)),
		Groups: renderGroups(&r.Crowd), Conversions: make([]PointsFunnel, 0, len(funnels))}
	for i := range r.Times {
		out.Times = append(out.Times, renderPeriod(&r.Times[i]))
	}
	for _, l := range r.Sources {
		out.Sources = append(out.Sources, PointsSource{Name: l.Name, Count: l.Count, Points: points(l.Points)})
	}
	for _, c := range r.Channels {
		out.Channels = append(out.Channels, PointsChannel{Name: c.Name, Events: c.Earned.Count, Points: points(c.Earned.Points), Prepaid: points(c.Paid.Fen),
			PrepaidPoints: points(c.Paid.Points), Orders: c.Spent.Count, Spent: points(c.Spent.Points)})
	}
	for _, p := range r.Products {
		out.Products = append(out.Products, PointsProduct{Product: p.ID, Category: p.Category, Partner: p.Partner, Orders: p.Count, Units: p.Quantity,
			Points: points(p.Points), Fen: points(p.Fen)})
	}
	for _, p := range r.Partners {
		out.Partners = append(out.Partners, PointsPartner{Partner: p.Code, ConvertedIn: points(p.In.Points), ConvertedOut: points(p.Out.Points),
			Through: points(p.Through.Points), ProductPoints: points(p.Product.Points)})
	}
	for _, m := range r.Months {
		out.Months = append(out.Months, PointsMonth{Month: m.Month.String(), Members: m.Members, Earned: m.Earned, Spent: m.Bought})
	}
	for i := range funnels {
		out.Conversions = append(out.Conversions, renderFunnel(&funnels[i]))
	}
	return out
}

func renderPeriod(p *insight.Period) PointsPeriod {
	return PointsPeriod{From: p.Day.String(), Earned: points(p.Earned.Points), ConvertedIn: points(p.In.Points), Spent: points(p.Spent.Points),
		ConvertedOut: points(p.Out.Points), Expired: points(p.Expired.Points)}
}

// renderGroups leaves out groups that nobody is in, and the figures of those that
// are hidden.
func renderGroups(c *insight.Crowd) []PointsGroup {
	all := []PointsGroup{}
	name := func(names []string, i int) string {
		if i < len(names) {
			return names[i]
		}
		return insight.Everybody
	}
	for i, row := range c.Cells {
		for j, cell := range row {
			g := PointsGroup{Segment: name(c.Segments, i), Tier: name(c.Tiers, j)}
			switch {
			case cell.Veil == insight.Few:
				g.Hidden = PointsGroupHiddenFew
			case cell.Veil == insight.Beside:
				g.Hidden = PointsGroupHiddenBeside
			case cell.Members == 0:
				continue
			default:
				g.Members, g.Earned, g.Spent = cell.Members, points(cell.Came), points(cell.Went)
			}
			all = append(all, g)
		}
	}
	return all
}

func renderFunnel(f *insight.Funnel) PointsFunnel {
	out := PointsFunnel{Partner: f.Partner, Direction: PointsFunnelDirection(f.Toward), Quoted: f.Quoted, Created: f.Created, FromQuote: f.FromQuote, Completed: f.Completed,
		Failed: f.Failed, Processing: f.Processing, Reversed: f.Reversed, Points: points(f.Points), Reasons: make([]PointsReason, 0, len(f.Reasons))}
	for _, r := range f.Reasons {
		out.Reasons = append(out.Reasons, PointsReason{Name: r.Name, Count: r.Count})
	}
	return out
}
