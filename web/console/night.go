package console

import (
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/web/page"
)

// nightRow is one partner's settlement in the table of a night.
type nightRow struct {
	*settlement.Settlement
	Company  string
	Open     int64 // breaks that are not ended
	Blocking int64 // of them those that keep the window from being signed
	Steps    []string
}

type nightBody struct {
	Window        ledger.Date
	Holiday       day
	State         settlement.State
	Rows          []nightRow
	Figures       ledger.SettlementFigures // sums; the root is none
	Position      ledger.Position          // sums
	Breaks        int64
	Blocking      int64
	Before, After string // IDs of neighbour nights, empty when there is none
	Waterfall     page.Rows
	Positions     page.Rows
	Mine          bool
}

// window reads the path. What is no date is not there either.
func (v *visit) window() (ledger.Date, error) {
	w, err := ledger.ParseDate(v.r.PathValue("window"))
	if err != nil {
		return 0, errNotFound
	}
	return w, nil
}

func (c *Console) showNight(v *visit) error {
	w, err := v.window()
	if err != nil {
		return err
	}
	found, err := c.between(v, v.person.Company, w, w)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errNotFound
	}
	b := nightBody{Window: w, Holiday: day{Date: w}, Mine: v.person.Company != ""}
	c.holiday(&b.Holiday)
	if err := c.nightRows(v, &b, found); err != nil {
		return err
	}
	b.Waterfall, b.Positions = c.waterfall(v, &b.Position, &b.Figures), c.positions(v, found)
	if b.Before, b.After, err = c.neighbours(v, w); err != nil {
		return err
	}
	return c.show(v, "night", &b)
}

// nightRows fills in the table and its sums.
func (c *Console) nightRows(v *visit, b *nightBody, found []*settlement.Settlement) error {
	alliance, err := c.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return err
	}
	counts, err := c.o.Desk.Counts(v.r.Context(), v.person, "", b.Window, b.Window)
	if err != nil {
		return err
	}
	worstOf := day{}
	for _, s := range found {
		row := nightRow{Settlement: s, Company: c.company(v, s.Partner), Steps: c.steps(v, s, alliance.MSP)}
		row.Open, row.Blocking = openBreaks(counts, s.Partner)
		b.Rows = append(b.Rows, row)
		b.Breaks += row.Open
		b.Blocking += row.Blocking
		worstOf.add(s)
		sumUp(&b.Figures, &s.Figures)
		addPosition(&b.Position, &s.Position)
	}
	b.State = worstOf.State
	slices.SortFunc(b.Rows, func(a, b nightRow) int { return strings.Compare(a.Partner, b.Partner) })
	return nil
}

// openBreaks counts a partner's cases that are not ended.
func openBreaks(counts []desk.Count, partner string) (open, blocking int64) {
	for _, n := range counts {
		if n.Partner != partner || n.State.Ended() {
			continue
		}
		open += n.Cases
		if n.State.Blocks() && !n.Tolerated {
			blocking += n.Cases
		}
	}
	return open, blocking
}

// sumUp adds figures; each is bounded by the ledger so that sums over all
// partners fit.
func sumUp(to, f *ledger.SettlementFigures) {
	to.Lines += f.Lines
	to.Net += f.Net
	to.Brought += f.Brought
	to.Pay += f.Pay
	to.Receive += f.Receive
	to.Carried += f.Carried
}

func addPosition(to, p *ledger.Position) {
	for _, pair := range [...][2]*ledger.Flow{{&to.In, &p.In}, {&to.Out, &p.Out}, {&to.ReversedIn, &p.ReversedIn}, {&to.ReversedOut, &p.ReversedOut}} {
		pair[0].Count += pair[1].Count
		pair[0].EPT += pair[1].EPT
		pair[0].Fee += pair[1].Fee
		pair[0].Value += pair[1].Value
	}
	to.Adjusted.Count += p.Adjusted.Count
	to.Adjusted.Value += p.Adjusted.Value
}

// waterfall tells how what was brought became what is paid and what is carried.
func (c *Console) waterfall(v *visit, p *ledger.Position, f *ledger.SettlementFigures) page.Rows {
	row := func(word string, millionths int64) page.Row {
		return page.Row{Label: c.say(v, "console.flow."+word), To: millionths, Text: page.Money(v.lang, millionths)}
	}
	all := []page.Row{row("brought", f.Brought), row("in", p.In.Value), row("reversed_in", -p.ReversedIn.Value), row("out", -p.Out.Value),
		row("reversed_out", p.ReversedOut.Value)}
	if p.Adjusted.Count > 0 {
		all = append(all, row("adjusted", p.Adjusted.Value))
	}
	due := row("due", f.Brought+f.Net)
	due.Kind = "sum"
	all = append(all, due, row("pay", -f.Pay*ledger.FenMillionths), row("receive", f.Receive*ledger.FenMillionths))
	carried := row("carried", f.Carried)
	carried.Kind = "sum"
	return page.Waterfall("console.night.waterfall", append(all, carried))
}

// positions shows who owes whom: to the right what a partner pays, to the left
// what it is paid.
func (c *Console) positions(v *visit, found []*settlement.Settlement) page.Rows {
	all := page.Rows{Word: "console.night.positions"}
	for _, s := range found {
		value := (s.Figures.Pay - s.Figures.Receive) * ledger.FenMillionths
		kind := map[bool]string{true: "minus", false: "plus"}[value < 0]
		all.All = append(all.All, page.Row{Label: c.company(v, s.Partner), To: value, Text: page.Fen(v.lang, s.Figures.Pay-s.Figures.Receive), Kind: kind})
	}
	slices.SortStableFunc(all.All, func(a, b page.Row) int { return int(min(1, max(-1, b.To-a.To))) })
	return all
}

func (c *Console) say(v *visit, key string, values ...any) string {
	return c.o.Pages.Say(v.r, key, values...)
}

// neighbours are the nights before and after, where there are some.
func (c *Console) neighbours(v *visit, w ledger.Date) (before, after string, err error) {
	older, err := c.o.Settlements.Settlements(v.r.Context(), v.person.Company, settlement.ID(w, lastCode), 1)
	if err != nil {
		return "", "", err
	}
	if len(older) > 0 {
		before = older[0].Window.String()
	}
	newer, err := c.between(v, v.person.Company, w+1, w+7)
	if len(newer) > 0 {
		after = newer[len(newer)-1].Window.String()
	}
	return before, after, err
}
