package console

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/web/page"
)

// measure says what a column counts, and so how it is written.
type measure string

const (
	asText  measure = ""
	asCount measure = "count"
	asFen   measure = "fen"
	asRatio measure = "ratio" // ten-thousandths
	asShare measure = "share" // permille
)

// places is how many decimal places a number has in a file.
var places = map[measure]uint8{asFen: 2, asRatio: 4, asShare: 3}

// column is one of a table. Formula computes it from others of a row, whose number
// stands where # does; such a column, and one of another unit, has no sum.
type column struct {
	Word    string // below console.marketing.column, or text itself
	As      measure
	Formula string
	Summed  bool
}

// figure is a cell of a table.
type figure struct {
	Text string
	N    int64
	None bool // nothing to say
	Veil insight.Veil
}

// table is one that a page shows and that can be taken along as a file.
type table struct {
	Name    string
	Columns []column
	Rows    [][]figure
	Sum     []figure // nil when there is none
}

// HasRows reports whether there is something to show.
func (t *table) HasRows() bool { return len(t.Rows) > 0 }

func saying(s string) figure             { return figure{Text: s} }
func number(n int64) figure              { return figure{N: n} }
func some(n int64, ok bool) figure       { return figure{N: n, None: !ok} }
func words(as measure, w string) column  { return column{Word: w, As: as} }
func summed(as measure, w string) column { return column{Word: w, As: as, Summed: true} }

// put adds a row.
func (t *table) put(cells ...figure) { t.Rows = append(t.Rows, cells) }

// foot adds the sums up. They fit: the ledger bounds the sum of all points, and the
// report added up the same.
func (t *table) foot(name string) *table {
	t.Sum = make([]figure, len(t.Columns))
	for i, col := range t.Columns {
		t.Sum[i] = figure{None: !col.Summed}
		for _, row := range t.Rows {
			if col.Summed {
				t.Sum[i].N += row[i].N
			}
		}
	}
	t.Sum[0] = saying(name)
	return t
}

// tables makes those of a report. The first error stays.
type tables struct {
	c   *Console
	v   *visit
	s   *study
	err error
}

func (c *Console) tables(v *visit, s *study) *tables { return &tables{c: c, v: v, s: s} }

// named is what people call a code: by the words for it, or as it is.
func (c *Console) named(v *visit, kind, code string) string {
	if code == "" {
		return c.say(v, "console.marketing.unknown")
	}
	return c.sayOr(v, "console.marketing."+kind+"."+code, code)
}

func (t *tables) named(kind, code string) figure { return saying(t.c.named(t.v, kind, code)) }

func (t *tables) cost(points int64) figure {
	fen, err := t.c.o.Marketing.Insight.Cost(points)
	t.err = cmp.Or(t.err, err)
	return number(fen)
}

func (t *tables) total(x *table) *table { return x.foot(t.c.say(t.v, "console.night.sum")) }

func (t *tables) times() *table {
	x := &table{Name: "times", Columns: []column{words(asText, "time"), summed(asCount, "earned"), summed(asCount, "in"), summed(asCount, "spent"),
		summed(asCount, "out"), summed(asCount, "expired"), {Word: "change", As: asCount, Formula: "B#+C#-D#-E#-F#", Summed: true}}}
	for i := range t.s.Report.Times {
		p := &t.s.Report.Times[i]
		name := p.Day.String()
		if t.s.Report.Monthly {
			name = name[:7]
		}
		x.put(saying(name), number(p.Earned.Points), number(p.In.Points), number(p.Spent.Points), number(p.Out.Points), number(p.Expired.Points),
			number(p.Came()-p.Went()-p.Expired.Points))
	}
	return t.total(x)
}

func (t *tables) sources() *table {
	return t.lines("sources", "source", t.s.Report.Sources, func(name string) figure { return t.named("source", name) })
}

func (t *tables) byRule() *table {
	return t.lines("rules", "rule", t.s.Report.Rules, func(name string) figure {
		if name == insight.Other {
			return t.named("source", name)
		}
		return saying(name)
	})
}

func (t *tables) lines(name, word string, all []insight.Line, called func(string) figure) *table {
	x := &table{Name: name, Columns: []column{words(asText, word), summed(asCount, "events"), summed(asCount, "points"), summed(asFen, "cost"), words(asShare, "share")}}
	for _, l := range all {
		x.put(called(l.Name), number(l.Count), number(l.Points), t.cost(l.Points), number(page.Permille(l.Points, t.s.Report.Total.Earned.Points)))
	}
	return t.total(x)
}

// counter is the channel with which others are compared.
const counter = "counter"

func (t *tables) channels() *table {
	x := &table{Name: "channels", Columns: []column{words(asText, "channel"), summed(asCount, "events"), summed(asCount, "points"), summed(asFen, "cost"),
		summed(asFen, "prepaid"), summed(asCount, "prepaid_points"), {Word: "per_yuan", As: asRatio, Formula: "IF(E#=0,0,F#/E#)"},
		words(asRatio, "versus"), words(asRatio, "factor"), summed(asCount, "orders"), summed(asCount, "spent")}}
	factors, err := t.c.factors(t.v, t.s.Period.To)
	t.err = cmp.Or(t.err, err)
	base := int64(0)
	for _, ch := range t.s.Report.Channels {
		if ch.Name == counter {
			base = insight.PerYuan(ch.Paid)
		}
	}
	for _, ch := range t.s.Report.Channels {
		per := insight.PerYuan(ch.Paid)
		versus, _, ok := ledger.MulDiv(per, 10_000, max(base, 1))
		factor, known := factors[ch.Name]
		x.put(t.named("channel", ch.Name), number(ch.Earned.Count), number(ch.Earned.Points), t.cost(ch.Earned.Points), number(ch.Paid.Fen), number(ch.Paid.Points),
			some(per, per > 0), some(versus, ok && base > 0 && per > 0), some(factor, known), number(ch.Spent.Count), number(ch.Spent.Points))
	}
	t.total(x)
	var paid insight.Sums
	for _, ch := range t.s.Report.Channels {
		t.err = cmp.Or(t.err, paid.Add(ch.Paid))
	}
	x.Sum[6] = some(insight.PerYuan(paid), paid.Fen > 0)
	return x
}

func (t *tables) months() *table {
	x := &table{Name: "months", Columns: []column{words(asText, "month"), words(asCount, "active"), words(asCount, "earners"), words(asCount, "spenders")}}
	for _, m := range t.s.Report.Months {
		x.put(saying(m.Month.String()), number(m.Members), number(m.Earned), number(m.Bought))
	}
	return x
}

// crowd has a line for each segment and tier. What is hidden is hidden in files too.
func (t *tables) crowd() *table {
	x := &table{Name: "crowd", Columns: []column{words(asText, "segment"), words(asText, "tier"), words(asCount, "members"), words(asCount, "came"), words(asCount, "went")}}
	crowd := &t.s.Report.Crowd
	all := t.c.say(t.v, "console.all")
	for i, row := range crowd.Cells {
		for _, j := range t.c.climb(crowd.Tiers) {
			cell := row[j]
			if cell.Members == 0 && cell.Veil == insight.Plain {
				continue
			}
			segment, tier := saying(all), saying(all)
			if i < len(crowd.Segments) {
				segment = t.named("segment", crowd.Segments[i])
			}
			if j < len(crowd.Tiers) {
				tier = saying(t.c.tier(t.v, crowd.Tiers[j]))
			}
			hidden := func(n int64) figure { return figure{N: n, Veil: cell.Veil} }
			x.put(segment, tier, hidden(cell.Members), hidden(cell.Came), hidden(cell.Went))
		}
	}
	return x
}

// climb is the places of tiers from the lowest on, with those that the ladder does
// not have and everybody at last.
func (c *Console) climb(tiers []string) []int {
	ladder := c.o.Marketing.Rules.Ladder()
	rung := func(i int) int {
		if i == len(tiers) {
			return len(ladder) + 1
		}
		if n := slices.IndexFunc(ladder, func(t rewards.Tier) bool { return t.Code == tiers[i] }); n >= 0 {
			return n
		}
		return len(ladder)
	}
	all := make([]int, len(tiers)+1)
	for i := range all {
		all[i] = i
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(rung(a), rung(b)) })
	return all
}

// products has at most so many of them, the best first; 0 has all.
func (t *tables) products(most int) *table {
	x := &table{Name: "products", Columns: []column{words(asText, "product"), words(asText, "category"), words(asText, "whose"), summed(asCount, "orders"),
		summed(asCount, "units"), summed(asCount, "points"), summed(asFen, "cash"), words(asShare, "of_spending")}}
	all := t.s.Report.Products
	if most > 0 {
		all = all[:min(most, len(all))]
	}
	for _, p := range all {
		name, err := t.c.product(t.v, p.ID)
		t.err = cmp.Or(t.err, err)
		whose := t.c.say(t.v, "console.marketing.own")
		if p.Partner != "" {
			whose = t.c.company(t.v, p.Partner)
		}
		x.put(saying(name), t.named("category", p.Category), saying(whose), number(p.Count), number(p.Quantity), number(p.Points), number(p.Fen),
			number(page.Permille(p.Points, t.s.Report.Total.Went())))
	}
	return t.total(x)
}

func (t *tables) partners() *table {
	x := &table{Name: "partners", Columns: []column{words(asText, "partner"), summed(asCount, "conversions_in"), summed(asCount, "in"), summed(asCount, "conversions_out"),
		summed(asCount, "out"), summed(asCount, "through"), summed(asCount, "product_points"), summed(asFen, "in_value"), summed(asFen, "out_value")}}
	for _, p := range t.s.Report.Partners {
		x.put(saying(t.c.company(t.v, p.Code)), number(p.In.Count), number(p.In.Points), number(p.Out.Count), number(p.Out.Points), number(p.Through.Points),
			number(p.Product.Points), number(p.In.Value/10_000), number(p.Out.Value/10_000))
	}
	return t.total(x)
}

func (t *tables) funnels(all []insight.Funnel) *table {
	x := &table{Name: "funnels", Columns: []column{words(asText, "partner"), words(asText, "direction"), summed(asCount, "quoted"), summed(asCount, "created"),
		summed(asCount, "from_quote"), summed(asCount, "completed"), summed(asCount, "failed"), summed(asCount, "processing"), summed(asCount, "reversed"),
		{Word: "success", As: asShare, Formula: "IF(D#=0,0,F#/D#)"}, summed(asCount, "points")}}
	for i := range all {
		f := &all[i]
		x.put(saying(t.c.company(t.v, f.Partner)), t.named("direction", f.Toward), number(f.Quoted), number(f.Created), number(f.FromQuote), number(f.Completed),
			number(f.Failed), number(f.Processing), number(f.Reversed), some(page.Permille(f.Completed, f.Created), f.Created > 0), number(f.Points))
	}
	t.total(x)
	x.Sum[9] = some(page.Permille(x.Sum[5].N, x.Sum[3].N), x.Sum[3].N > 0)
	return x
}

func (t *tables) reasons(all []insight.Funnel) *table {
	x := &table{Name: "reasons", Columns: []column{words(asText, "partner"), words(asText, "direction"), words(asText, "reason"), summed(asCount, "failed")}}
	for i := range all {
		f := &all[i]
		slices.SortFunc(f.Reasons, func(a, b insight.Line) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
		for _, r := range f.Reasons {
			x.put(saying(t.c.company(t.v, f.Partner)), t.named("direction", f.Toward), t.named("reason", r.Name), number(r.Count))
		}
	}
	return t.total(x)
}

// decimal writes a number for a file.
func (f figure) decimal(as measure) string {
	text := strconv.FormatInt(f.N, 10)
	scale := int(places[as])
	if scale == 0 {
		return text
	}
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	for len(text) <= scale {
		text = "0" + text
	}
	return sign + text[:len(text)-scale] + "." + text[len(text)-scale:]
}
