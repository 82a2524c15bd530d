package console

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
)

// worst orders states by how much there is to do: a night is in that of the
// partner with whom it has come least far.
var worst = []settlement.State{settlement.Disputed, settlement.Closed, settlement.Netted, settlement.Reconciled, settlement.Proposed,
	settlement.Signed, settlement.Paid, settlement.Settled}

// day is one cell of the calendar.
type day struct {
	Date ledger.Date
	// Night says that the window is closed and settled with at least one partner;
	// only then there is a page.
	Night    bool
	State    settlement.State // the worst
	Partners int
	Breaks   int64 // not ended
	Pay      int64 // fen, by all partners
	Receive  int64
	Open     bool // the window is open
	Off      bool // no business day
	Holiday  string
	Outside  bool // of another month
}

// Year, MonthNumber and MonthName are those of the month that is shown.
func (b *calendarBody) Year() int { return b.First.Year() }

// MonthNumber counts from 1.
func (b *calendarBody) MonthNumber() int { return int(b.First.In(time.UTC).Month()) }

// MonthName is the English one.
func (b *calendarBody) MonthName() string { return b.First.In(time.UTC).Month().String() }

// Number is the day of the month.
func (d day) Number() int { return d.Date.In(time.UTC).Day() }

type calendarBody struct {
	Month, Before, After string // as 2026-11; After is empty for the month of the open window
	First                ledger.Date
	Weeks                [][]day // Monday first
	Nights               []day   // those that are there, newest first
	Waiting              []errand
	States               []settlement.State
	Mine                 bool // of a partner
}

func (c *Console) showCalendar(v *visit) error {
	if !v.User.Has(readers...) && v.User.Has(helpers...) && c.o.Helpdesk != nil {
		http.Redirect(v.w, v.r, Area+"/support", http.StatusSeeOther)
		return nil
	}
	if !v.User.Has(readers...) {
		first := Area + "/users"
		if !v.User.Has(admins...) {
			first = marketingArea
		}
		http.Redirect(v.w, v.r, first, http.StatusSeeOther)
		return nil
	}
	alliance, err := c.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return err
	}
	first := firstOf(v.r.URL.Query().Get("month"), alliance.Window)
	b := calendarBody{First: first, Month: monthText(first), Before: monthText(first - 1), Mine: v.person.Company != "", States: worst}
	if next := nextMonth(first); next <= alliance.Window {
		b.After = monthText(next)
	}
	days, err := c.month(v, first, alliance.Window)
	if err != nil {
		return err
	}
	b.Weeks = slices.Collect(slices.Chunk(days, 7))
	for _, d := range slices.Backward(days) {
		if d.Night && !d.Outside {
			b.Nights = append(b.Nights, d)
		}
	}
	if b.Waiting, err = c.errands(v, alliance); err != nil {
		return err
	}
	return c.show(v, "calendar", &b)
}

// firstOf is the first day of a month such as 2026-11, or of the one that the
// open window lies in.
func firstOf(text string, open ledger.Date) ledger.Date {
	t, err := time.Parse("2006-01", text)
	if err != nil || t.Year() < 1971 || ledger.DateOf(t) > open {
		t = open.In(time.UTC)
	}
	return ledger.DateOf(time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC))
}

func monthText(d ledger.Date) string { return d.In(time.UTC).Format("2006-01") }

func nextMonth(first ledger.Date) ledger.Date {
	return ledger.DateOf(first.In(time.UTC).AddDate(0, 1, 0))
}

// month fills whole weeks, Monday first, around a month.
func (c *Console) month(v *visit, first, open ledger.Date) ([]day, error) {
	last := nextMonth(first) - 1
	from := first - ledger.Date((int(first.In(time.UTC).Weekday())+6)%7)
	to := last + ledger.Date((7-int(last.In(time.UTC).Weekday()))%7)
	settlements, err := c.between(v, v.person.Company, from, to)
	if err != nil {
		return nil, err
	}
	counts, err := c.o.Desk.Counts(v.r.Context(), v.person, "", from, to)
	if err != nil {
		return nil, err
	}
	days := make([]day, to-from+1)
	for i := range days {
		d := from + ledger.Date(i)
		days[i] = day{Date: d, Open: d == open, Outside: d < first || d > last}
		c.holiday(&days[i])
	}
	for _, s := range settlements {
		days[s.Window-from].add(s)
	}
	for _, n := range counts {
		if !n.State.Ended() {
			days[n.Window-from].Breaks += n.Cases
		}
	}
	return days, nil
}

// add takes a partner's settlement into the night.
func (d *day) add(s *settlement.Settlement) {
	if !d.Night || slices.Index(worst, s.State) < slices.Index(worst, d.State) {
		d.State = s.State
	}
	d.Night = true
	d.Partners++
	d.Pay += s.Figures.Pay
	d.Receive += s.Figures.Receive
}

// holiday marks days on which banks do not work. A year that is not published
// yet has weekends only.
func (c *Console) holiday(d *day) {
	weekday := d.Date.In(time.UTC).Weekday()
	d.Off = weekday == time.Saturday || weekday == time.Sunday
	if c.o.Holidays == nil {
		return
	}
	if business, err := c.o.Holidays.Business(d.Date); err == nil {
		d.Off, d.Holiday = !business, c.o.Holidays.Name(d.Date)
	}
}

// pageOf is how many settlements are read at once.
const pageOf = 500

// between returns the settlements of the windows from one to another, newest
// first, of one partner or all.
func (c *Console) between(v *visit, partner string, from, to ledger.Date) (all []*settlement.Settlement, err error) {
	for before := settlement.ID(to+1, lastCode); ; {
		found, err := c.o.Settlements.Settlements(v.r.Context(), partner, before, pageOf)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if s.Window < from {
				return all, nil
			}
			all = append(all, s)
		}
		if len(found) < pageOf {
			return all, nil
		}
		before = found[len(found)-1].ID
	}
}

// lastCode comes after every partner's code.
const lastCode = "~"

// errand is something that waits for the user.
type errand struct {
	Word  string // key below console.errand
	Count int64
	Href  string
	Level string // ok, info, warn or bad
	Icon  string
}

// lookBack is how many windows errands are looked for in. What is older stands
// in the lists all the same.
const lookBack = 45

// errands are what waits for this user, the most urgent first.
func (c *Console) errands(v *visit, alliance ledger.Alliance) ([]errand, error) {
	ctx := v.r.Context()
	var all []errand
	add := func(word, href, level, icon string, n int64) {
		if n > 0 {
			all = append(all, errand{word, n, Area + href, level, icon})
		}
	}
	overdue, err := c.countCases(ctx, v, desk.Filter{Unended: true, DueBefore: alliance.Window})
	if err != nil {
		return nil, err
	}
	add("overdue", "/breaks?overdue=1", "bad", "warn", overdue)
	nights, err := c.nightErrands(v, alliance)
	if err != nil {
		return nil, err
	}
	for _, e := range nights {
		add(e.Word, e.Href, e.Level, e.Icon, e.Count)
	}
	cases, err := c.caseErrands(v)
	if err != nil {
		return nil, err
	}
	for _, e := range cases {
		add(e.Word, e.Href, e.Level, e.Icon, e.Count)
	}
	return all, nil
}

// countMax bounds what is counted exactly; a page says "100+" above.
const countMax = 100

func (c *Console) countCases(ctx context.Context, v *visit, f desk.Filter) (int64, error) {
	found, err := c.o.Desk.Cases(ctx, v.person, f, desk.ByWindow, nil, countMax)
	return int64(len(found)), err
}

// caseErrands are the breaks that wait for somebody with the user's roles.
func (c *Console) caseErrands(v *visit) (all []errand, err error) {
	for _, e := range []struct {
		filter desk.Filter
		is     bool
		errand errand
	}{
		{desk.Filter{Owner: &v.person, Unended: true}, true, errand{"mine", 0, "/breaks?owner=me", "info", "user"}},
		{desk.Filter{State: desk.Proposed}, v.User.Has(checkers...), errand{"approve", 0, "/breaks?state=proposed", "warn", "check"}},
		{desk.Filter{State: desk.Open}, v.User.Has(makers...), errand{"open", 0, "/breaks?state=open", "warn", "scale"}},
		{desk.Filter{State: desk.Returned}, v.User.Has(finance...), errand{"answer", 0, "/breaks?state=returned", "warn", "scale"}},
		{desk.Filter{State: desk.Adjusting}, v.User.Has(finance...), errand{"adjusting", 0, "/breaks?state=adjusting", "warn", "pen"}},
	} {
		if !e.is {
			continue
		}
		if e.errand.Count, err = c.countCases(v.r.Context(), v, e.filter); err != nil {
			return nil, err
		}
		all = append(all, e.errand)
	}
	return all, nil
}

// nightErrands are the settlements that wait for a step of the user.
func (c *Console) nightErrands(v *visit, alliance ledger.Alliance) ([]errand, error) {
	found, err := c.between(v, v.person.Company, alliance.Window-lookBack, alliance.Window)
	if err != nil {
		return nil, err
	}
	counts := map[string]*errand{}
	order := []string{"propose", "sign", "acknowledge", "disputed", "pay"}
	for _, s := range slices.Backward(found) { // the oldest night is the one to begin with
		for _, step := range c.steps(v, s, alliance.MSP) {
			if counts[step] == nil {
				counts[step] = &errand{step, 0, "/settlements/" + s.ID, "warn", "pen"}
			} else if counts[step].Count == 1 {
				counts[step].Href = "/nights/" + s.Window.String()
			}
			counts[step].Count++
		}
	}
	var all []errand
	for _, step := range order {
		if e := counts[step]; e != nil {
			if step == "disputed" {
				e.Level, e.Icon = "bad", "warn"
			}
			if step == "pay" {
				e.Href, e.Icon = "/payments", "bank"
			}
			all = append(all, *e)
		}
	}
	return all, nil
}

// steps are those that the user's roles could take with a settlement now.
func (c *Console) steps(v *visit, s *settlement.Settlement, utilityMSP string) (all []string) {
	has := func(step ledger.SettlementStep, ours bool) bool {
		_, ok := c.mark(s, step, ours, utilityMSP)
		return ok
	}
	if c.o.Signing != nil {
		switch {
		case (s.State == settlement.Reconciled || s.State == settlement.Netted) && v.User.Has(makers...):
			all = append(all, "propose")
		case s.State == settlement.Disputed && v.User.Has(makers...):
			all = append(all, "disputed")
		case s.State == settlement.Proposed && v.User.Has(checkers...) && !has(ledger.SettlementSigned, true) && !c.proposedBy(v, s, utilityMSP):
			all = append(all, "sign")
		case s.State == settlement.Proposed && v.User.Has(finance...) && !has(ledger.SettlementSigned, false):
			all = append(all, "acknowledge")
		}
	}
	if c.o.Payments != nil && s.State == settlement.Signed && (s.Figures.Pay != 0 || s.Figures.Receive != 0) && v.User.Has(makers...) {
		all = append(all, "pay")
	}
	return all
}

// mark finds who took a step for the utility, or for the partner.
func (c *Console) mark(s *settlement.Settlement, step ledger.SettlementStep, ours bool, utilityMSP string) (ledger.SettlementMark, bool) {
	for _, m := range s.Marks {
		if m.Step == step && (m.By.MSP == utilityMSP) == ours {
			return m, true
		}
	}
	return ledger.SettlementMark{}, false
}

func (c *Console) proposedBy(v *visit, s *settlement.Settlement, utilityMSP string) bool {
	m, ok := c.mark(s, ledger.SettlementProposed, true, utilityMSP)
	return ok && m.By.Subject == v.person.ID
}
