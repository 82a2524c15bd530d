package console

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/page"
)

// Insight has what was counted; [insight.Service] is one.
type Insight interface {
	Report(ctx context.Context, from, to ledger.Date) (*insight.Report, error)
	Funnels(ctx context.Context, from, to ledger.Date) ([]insight.Funnel, error)
	Value() int64
	Cost(points int64) (int64, error)
}

// Rules are those by which members earn; [rewards.Service] has them.
type Rules interface {
	Rules(ctx context.Context) ([]rewards.Rule, error)
	Ladder() rewards.Ladder
	Preview(ctx context.Context, id string, from, to ledger.Date) (*rewards.Preview, error)
}

// Catalogue finds products by their IDs, or returns [mall.ErrNotFound]; [mall.Store]
// is one.
type Catalogue interface {
	Product(ctx context.Context, id string) (*mall.Product, error)
}

// Marketing is what marketing's view needs; all fields are required.
type Marketing struct {
	Insight  Insight
	Rules    Rules
	Products Catalogue
}

// product is what people call a product.
func (c *Console) product(v *visit, id string) (string, error) {
	p, err := c.o.Marketing.Products.Product(v.r.Context(), id)
	if errors.Is(err, mall.ErrNotFound) {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	if v.lang == page.Chinese {
		return p.Name.ZH, nil
	}
	return p.Name.EN, nil
}

// tier is what people call a tier.
func (c *Console) tier(v *visit, code string) string {
	for _, t := range c.o.Marketing.Rules.Ladder() {
		if t.Code == code && v.lang == page.Chinese && t.NameZH != "" {
			return t.NameZH
		} else if t.Code == code {
			return t.Name
		}
	}
	return c.named(v, "tier", code)
}

// factors are those of channels in the rule for prepayments that was in force at the
// end of a day, in ten-thousandths. When several were, the latest version of the one
// that began first counts, because campaigns come and go.
func (c *Console) factors(v *visit, day ledger.Date) (map[string]int64, error) {
	rules, err := c.o.Marketing.Rules.Rules(v.r.Context())
	if err != nil {
		return nil, err
	}
	at := min(day.In(c.o.Location).AddDate(0, 0, 1).UnixMilli(), c.o.Now().UnixMilli())
	var best *rewards.Rule
	for i := range rules {
		r := &rules[i]
		if r.State != rewards.Approved || r.Kind != rewards.Prepayment || r.From > at || r.Until != 0 && r.Until <= at {
			continue
		}
		if best == nil || r.Code == best.Code && r.Version > best.Version || r.Code != best.Code && r.From < best.From {
			best = r
		}
	}
	all := map[string]int64{}
	if best != nil {
		for channel, factor := range best.Channels {
			all[insight.ChannelName(string(channel))] = int64(factor)
		}
	}
	return all, nil
}

// ruleRow is a version of a rule.
type ruleRow struct {
	rewards.Rule
	InForce bool
	Points  int64 // that its code gave in the days looked at
	Preview *rewards.Preview
}

// Factors are those of the channels, by name.
func (r *ruleRow) Factors() []page.Row {
	var all []page.Row
	for _, ch := range slices.Sorted(maps.Keys(r.Channels)) {
		all = append(all, page.Row{Label: string(ch), Text: r.Channels[ch].String()})
	}
	return all
}

type rulesBody struct {
	*study
	Rules  []ruleRow
	ByRule *table
}

// previewDays is how far back a draft is tried: what a page can wait for.
const previewDays = 30

// showRules lists the rules, newest version first, and tries a draft when asked to.
func (c *Console) showRules(v *visit) error {
	s, err := c.study(v)
	if err != nil {
		return err
	}
	rules, err := c.o.Marketing.Rules.Rules(v.r.Context())
	if err != nil {
		return err
	}
	b := rulesBody{study: s}
	points := map[string]int64{}
	for _, l := range s.Report.Rules {
		points[l.Name] = l.Points
	}
	now, seen := c.o.Now(), map[string]bool{}
	for i := len(rules) - 1; i >= 0; i-- {
		row := ruleRow{Rule: rules[i], Points: points[rules[i].Code]}
		if r := &row.Rule; r.State == rewards.Approved && r.From <= now.UnixMilli() && (r.Until == 0 || r.Until > now.UnixMilli()) && !seen[r.Code] {
			row.InForce, seen[r.Code] = true, true
		}
		if err := c.try(v, &row, now); err != nil {
			return err
		}
		b.Rules = append(b.Rules, row)
	}
	tables := c.tables(v, s)
	if b.ByRule = tables.byRule(); tables.err != nil {
		return tables.err
	}
	return c.showStudy(v, "marketing_rules", s, &b)
}

// try previews a draft that the reader asks for.
func (c *Console) try(v *visit, row *ruleRow, now time.Time) (err error) {
	if row.State != rewards.Proposed || v.r.URL.Query().Get("preview") != row.ID() {
		return nil
	}
	today := ledger.DateOf(now.In(c.o.Location))
	row.Preview, err = c.o.Marketing.Rules.Preview(v.r.Context(), row.ID(), today-previewDays+1, today)
	return err
}

type funnelsBody struct {
	*study
	Way     page.Rows
	Funnels *table
	Reasons *table
}

// showFunnels follows conversions from the quote to their end.
func (c *Console) showFunnels(v *visit) error {
	s, err := c.study(v)
	if err != nil {
		return err
	}
	all, err := c.o.Marketing.Insight.Funnels(v.r.Context(), s.Period.From, s.Period.To)
	if err != nil {
		return err
	}
	tables := c.tables(v, s)
	b := funnelsBody{study: s, Funnels: tables.funnels(all), Reasons: tables.reasons(all), Way: page.Rows{Word: "console.marketing.chart.funnel"}}
	for i, x := range b.Funnels.Columns {
		if n := b.Funnels.Sum[i].N; x.Summed && x.Word != "points" && x.Word != "processing" {
			kind := map[bool]string{true: "warn", false: "sum"}[x.Word == "failed" || x.Word == "reversed"]
			b.Way.All = append(b.Way.All, page.Row{Label: c.columnName(v, x), To: n, Text: page.Amount(n, 0), Kind: kind})
		}
	}
	return c.showStudy(v, "marketing_conversions", s, &b)
}
