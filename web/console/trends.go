package console

import (
	"maps"
	"slices"
	"strconv"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/web/page"
)

// spans are over how many windows trends are shown.
var spans = []int{14, 30, 90}

// night is one window in the trends.
type night struct {
	Window ledger.Date
	Lived  bool // there is a settlement of it
	Lines  int64
	Breaks int64 // found, whatever became of them
	Rate   int64 // breaks per million lines
}

// clearing is how long breaks of a type took until they were ended.
type clearing struct {
	Type        string
	Cases       int64
	Median, P90 string
}

// ageing is how many breaks are open for how long.
type ageing struct {
	Word  string // key below console.trends.age
	Cases int64
	Value int64 // millionths of a yuan, without signs
}

type trendsBody struct {
	Span      int
	Spans     []int
	Partner   string
	Companies []partners.Partner
	Lang      string
	Mine      bool
	Nights    []night
	Lines     int64
	Breaks    int64
	Rate      int64
	Volume    page.Bars
	Rates     page.Bars
	Clearings []clearing
	Times     page.Rows
	Ages      []ageing
	Ageing    page.Rows
	Open      int64
}

func (c *Console) showTrends(v *visit) error {
	b := trendsBody{Span: spans[1], Spans: spans, Partner: v.r.URL.Query().Get("partner"), Companies: c.o.Registry.All(), Lang: string(v.lang), Mine: v.person.Company != ""}
	if n, err := strconv.Atoi(v.r.URL.Query().Get("span")); err == nil && slices.Contains(spans, n) {
		b.Span = n
	}
	if b.Mine {
		b.Partner = v.person.Company
	}
	alliance, err := c.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return err
	}
	to := alliance.Window - 1
	from := max(0, to-ledger.Date(b.Span)+1)
	if err := c.volumes(v, &b, from, to); err != nil {
		return err
	}
	if err := c.clearings(v, &b, from, to); err != nil {
		return err
	}
	if err := c.ages(v, &b, alliance.Window); err != nil {
		return err
	}
	return c.show(v, "trends", &b)
}

// volumes fills in lines and breaks per window.
func (c *Console) volumes(v *visit, b *trendsBody, from, to ledger.Date) error {
	found, err := c.between(v, b.Partner, from, to)
	if err != nil {
		return err
	}
	counts, err := c.o.Desk.Counts(v.r.Context(), v.person, b.Partner, from, to)
	if err != nil {
		return err
	}
	b.Nights = nights(found, counts, from, to)
	b.Volume, b.Rates = page.Bars{Word: "console.trends.volume"}, page.Bars{Word: "console.trends.rate"}
	for i, n := range b.Nights {
		b.Lines += n.Lines
		b.Breaks += n.Breaks
		label := ""
		if every := max(1, b.Span/14); (len(b.Nights)-1-i)%every == 0 {
			label = n.Window.String()[8:]
		}
		b.Volume.All = append(b.Volume.All, page.Bar{Label: label, Count: n.Lines})
		b.Rates.All = append(b.Rates.All, page.Bar{Label: label, Count: n.Rate})
	}
	b.Rate = perMillion(b.Breaks, b.Lines)
	return nil
}

func nights(found []*settlement.Settlement, counts []desk.Count, from, to ledger.Date) []night {
	if to < from {
		return nil
	}
	all := make([]night, to-from+1)
	for i := range all {
		all[i].Window = from + ledger.Date(i)
	}
	for _, s := range found {
		all[s.Window-from].Lines += s.Lines
		all[s.Window-from].Lived = true
	}
	for _, n := range counts {
		all[n.Window-from].Breaks += n.Cases
	}
	for i := range all {
		all[i].Rate = perMillion(all[i].Breaks, all[i].Lines)
	}
	return all
}

// perMillion is rounded down; of nothing it is 0.
func perMillion(part, whole int64) int64 {
	const million = 1_000_000
	if whole <= 0 || part > (1<<63-1)/million {
		return 0
	}
	return part * million / whole
}

// clearings fills in how long it took to end breaks, by type.
func (c *Console) clearings(v *visit, b *trendsBody, from, to ledger.Date) error {
	found, err := c.o.Desk.Clearances(v.r.Context(), v.person, b.Partner, from, to)
	if err != nil {
		return err
	}
	byType := map[string][]desk.Clearance{}
	for _, one := range found {
		byType[one.Type] = append(byType[one.Type], one)
	}
	b.Times = page.Rows{Word: "console.trends.times"}
	for _, kind := range slices.Sorted(maps.Keys(byType)) {
		one := clearing{Type: kind}
		for _, n := range byType[kind] {
			one.Cases += n.Cases
		}
		median := within(byType[kind], one.Cases, 50)
		one.Median, one.P90 = c.hours(v, median), c.hours(v, within(byType[kind], one.Cases, 90))
		b.Clearings = append(b.Clearings, one)
		b.Times.All = append(b.Times.All, page.Row{Label: c.sayOr(v, "console.type."+kind, kind), To: median, Text: one.Median, Kind: "sum"})
	}
	return nil
}

// hours writes whole hours.
func (c *Console) hours(v *visit, n int64) string {
	if n == 0 {
		return c.say(v, "console.trends.no_hour")
	}
	return c.say(v, "console.trends.hours", "n", n)
}

// within returns in how many hours so many of a hundred cases were ended; the
// cases come by hours, ascending.
func within(all []desk.Clearance, cases, percent int64) int64 {
	sum := int64(0)
	for _, n := range all {
		if sum += n.Cases; sum*100 >= cases*percent {
			return n.Hours
		}
	}
	return 0
}

// bands are the ages of open breaks in windows; the last has no end.
var bands = []struct {
	word string
	days ledger.Date
}{{"day", 1}, {"three", 3}, {"week", 7}, {"month", 30}, {"older", 1<<31 - 1}}

// ages fills in how old the open breaks are.
func (c *Console) ages(v *visit, b *trendsBody, open ledger.Date) error {
	counts, err := c.o.Desk.Counts(v.r.Context(), v.person, b.Partner, max(0, open-talliesBack), open)
	if err != nil {
		return err
	}
	b.Ageing = page.Rows{Word: "console.trends.ageing"}
	for _, band := range bands {
		b.Ages = append(b.Ages, ageing{Word: band.word})
	}
	for _, n := range counts {
		if n.State.Ended() {
			continue
		}
		i := 0
		for open-n.Window > bands[i].days {
			i++
		}
		b.Ages[i].Cases += n.Cases
		b.Ages[i].Value += n.Value
		b.Open += n.Cases
	}
	for i, a := range b.Ages {
		kind := "sum"
		if i > 1 {
			kind = "warn"
		}
		b.Ageing.All = append(b.Ageing.All, page.Row{Label: c.say(v, "console.trends.age."+a.Word), To: a.Cases, Text: page.Amount(a.Cases, 0), Kind: kind})
	}
	return nil
}
