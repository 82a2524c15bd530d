package console

import (
	"errors"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/web/page"
)

// MarketingArea is the path below which marketing's pages are.
const marketingArea = Area + "/marketing"

// chapters are the pages of marketing's view, with their word below
// console.marketing.chapter.
var chapters = []struct{ path, word string }{
	{"", "overview"}, {"/channels", "channels"}, {"/members", "members"}, {"/spending", "spending"}, {"/conversions", "conversions"}, {"/rules", "rules"},
}

func (c *Console) marketingLeaves() []leaf {
	get := http.MethodGet
	const at = "/marketing"
	return []leaf{
		{get, at, c.showMarketing, marketers, 0},
		{get, at + "/channels", c.showChannels, marketers, 0},
		{get, at + "/members", c.showCrowd, marketers, 0},
		{get, at + "/spending", c.showSpending, marketers, 0},
		{get, at + "/conversions", c.showFunnels, marketers, 0},
		{get, at + "/rules", c.showRules, marketers, 0},
		{get, at + "/report.xlsx", c.downloadReport, marketers, 0},
		{get, at + "/tables/{table}", c.downloadTable, marketers, 0},
	}
}

// preset is a period to choose, with its word below console.marketing.preset.
type preset struct {
	Word     string
	From, To ledger.Date
	Current  bool
}

// study is what all pages of marketing's view have: the days that are looked at,
// and what was counted in them.
type study struct {
	Period  period
	Presets []preset
	Path    string // below the area
	Hub     string
	Report  *insight.Report
	Value   int64 // of a point, in millionths of a yuan
}

// Chapters are the ways from page to page.
func (s *study) Chapters() (all []page.Link) {
	for _, one := range chapters {
		all = append(all, page.Link{Href: marketingArea + one.path, Word: "console.marketing.chapter." + one.word, Current: one.path == s.Path})
	}
	return all
}

// study reads the form, by default the last thirty days, and adds them up. A period
// that is none is shown as such, with the default one.
func (c *Console) study(v *visit) (*study, error) {
	alliance, err := c.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return nil, err
	}
	today := alliance.Window
	s := &study{Presets: presets(today), Path: v.r.URL.Path[len(marketingArea):], Hub: c.o.Hub, Value: c.o.Marketing.Insight.Value()}
	s.Period = period{From: s.Presets[0].From, To: today}
	if q := v.r.URL.Query(); q.Has("from") || q.Has("to") {
		from, errFrom := ledger.ParseDate(q.Get("from"))
		to, errTo := ledger.ParseDate(q.Get("to"))
		if errFrom != nil || errTo != nil || from > to || to-from >= insight.DaysMax {
			s.Period.Wrong = true
		} else {
			s.Period = period{From: from, To: to}
		}
	}
	for i := range s.Presets {
		p := &s.Presets[i]
		p.Current = p.From == s.Period.From && p.To == s.Period.To
	}
	s.Report, err = c.o.Marketing.Insight.Report(v.r.Context(), s.Period.From, s.Period.To)
	if errors.Is(err, insight.ErrInvalid) {
		return nil, errNotFound // the open window itself is none
	}
	return s, err
}

// presets are the periods that are asked for most; the first is the default.
func presets(today ledger.Date) []preset {
	t := today.In(time.UTC)
	first := func(months int) ledger.Date {
		return ledger.DateOf(time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC))
	}
	return []preset{{Word: "days", From: max(today-29, 0), To: today}, {Word: "month", From: first(0), To: today},
		{Word: "last", From: first(-1), To: first(0) - 1}, {Word: "year", From: first(-11), To: today}}
}

// showStudy answers with a page of the view.
func (c *Console) showStudy(v *visit, name string, s *study, body any) error {
	if s.Period.Wrong {
		return c.showStatus(v, http.StatusUnprocessableEntity, name, body)
	}
	return c.show(v, name, body)
}

type marketingBody struct {
	*study
	Went, Came    page.Bars
	Ways          page.Rows
	Times         *table
	Sources       *table
	Active        int64 // members in the last month
	Month         ledger.Month
	Redeemed, Own int64 // in permille
	Spent         int64
}

func (c *Console) showMarketing(v *visit) error {
	s, err := c.study(v)
	if err != nil {
		return err
	}
	t := &s.Report.Total
	b := marketingBody{study: s, Came: page.Bars{Word: "console.marketing.chart.came"}, Went: page.Bars{Word: "console.marketing.chart.went"},
		Spent: t.Went(), Redeemed: page.Permille(t.Went(), t.Came()), Own: page.Permille(s.Report.Own, t.Went())}
	last := s.Report.Months[len(s.Report.Months)-1]
	b.Active, b.Month = last.Members, last.Month
	every := max(1, (len(s.Report.Times)+13)/14)
	for i := range s.Report.Times {
		p := &s.Report.Times[i]
		label := ""
		if (len(s.Report.Times)-1-i)%every == 0 {
			label = c.short(s.Report, p.Day)
		}
		b.Came.All = append(b.Came.All, page.Bar{Label: label, Count: max(p.Earned.Points+p.In.Points, 0)})
		b.Went.All = append(b.Went.All, page.Bar{Label: label, Count: max(p.Went(), 0)})
	}
	for _, w := range []struct {
		word   string
		points int64
		kind   string
	}{{"earned", t.Earned.Points, "plus"}, {"in", t.In.Points, "plus"}, {"spent", t.Spent.Points, "sum"}, {"out", t.Out.Points, "warn"}, {"expired", t.Expired.Points, "warn"}} {
		b.Ways.All = append(b.Ways.All, page.Row{Label: c.say(v, "console.marketing.side."+w.word), To: w.points, Text: page.Amount(w.points, 0), Kind: w.kind})
	}
	b.Ways.Word = "console.marketing.chart.ways"
	tables := c.tables(v, s)
	b.Times, b.Sources = tables.times(), tables.sources()
	if tables.err != nil {
		return tables.err
	}
	return c.showStudy(v, "marketing", s, &b)
}

// short is a day or month as a chart has room for it.
func (c *Console) short(r *insight.Report, day ledger.Date) string {
	if r.Monthly {
		return day.String()[5:7]
	}
	return day.String()[8:]
}

type channelsBody struct {
	*study
	Costs    page.Rows
	Channels *table
}

// showChannels compares what channels cost.
func (c *Console) showChannels(v *visit) error {
	s, err := c.study(v)
	if err != nil {
		return err
	}
	b := channelsBody{study: s, Costs: page.Rows{Word: "console.marketing.chart.costs"}}
	tables := c.tables(v, s)
	if b.Channels = tables.channels(); tables.err != nil {
		return tables.err
	}
	for _, ch := range s.Report.Channels {
		if n := insight.PerYuan(ch.Paid); n > 0 {
			b.Costs.All = append(b.Costs.All, page.Row{Label: c.named(v, "channel", ch.Name), To: n, Text: page.Amount(n, 4), Kind: "sum"})
		}
	}
	return c.showStudy(v, "marketing_channels", s, &b)
}

type crowdBody struct {
	*study
	Active page.Bars
	Months *table
	Crowd  *table
	Min    int
}

// showCrowd tells how many members take part, and what segments and tiers do.
func (c *Console) showCrowd(v *visit) error {
	s, err := c.study(v)
	if err != nil {
		return err
	}
	b := crowdBody{study: s, Active: page.Bars{Word: "console.marketing.chart.active"}, Min: insight.CrowdMin}
	for _, m := range s.Report.Months {
		b.Active.All = append(b.Active.All, page.Bar{Label: m.Month.String()[5:], Count: m.Members})
	}
	tables := c.tables(v, s)
	if b.Months, b.Crowd = tables.months(), tables.crowd(); tables.err != nil {
		return tables.err
	}
	return c.showStudy(v, "marketing_members", s, &b)
}

type spendingBody struct {
	*study
	Best     page.Rows
	Own      int64 // permille of all that was spent
	Products *table
	More     int // products that are in the download alone
	Partners *table
}

// bestMax is how many products the chart has, productsMax how many the page.
const (
	bestMax     = 8
	productsMax = 40
)

// showSpending tells what points are spent on.
func (c *Console) showSpending(v *visit) error {
	s, err := c.study(v)
	if err != nil {
		return err
	}
	b := spendingBody{study: s, Own: page.Permille(s.Report.Own, s.Report.Total.Went()), Best: page.Rows{Word: "console.marketing.chart.best"}}
	tables := c.tables(v, s)
	if b.Products, b.Partners = tables.products(productsMax), tables.partners(); tables.err != nil {
		return tables.err
	}
	b.More = max(len(s.Report.Products)-productsMax, 0)
	for i, p := range s.Report.Products[:min(bestMax, len(s.Report.Products))] {
		kind := "warn"
		if p.Partner == "" {
			kind = "plus"
		}
		b.Best.All = append(b.Best.All, page.Row{Label: clip(b.Products.Rows[i][0].Text, v.lang), To: p.Points, Text: page.Amount(p.Points, 0), Kind: kind})
	}
	return c.showStudy(v, "marketing_spending", s, &b)
}

// clip shortens a label to what the chart has room for.
func clip(text string, l page.Language) string {
	room := 17
	if l == page.Chinese {
		room = 9
	}
	if r := []rune(text); len(r) > room {
		return string(r[:room-1]) + "…"
	}
	return text
}
