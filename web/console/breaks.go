package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

const (
	breaksPage  = 25
	selectedMax = 100 // cases changed at once
)

// breakRow is a case in the list.
type breakRow struct {
	*desk.Case
	Company string
	OwnerIs string
	Overdue bool
}

// breakFilter is what the list is narrowed to, as the form has it.
type breakFilter struct {
	Partner, Window, State, Type, Owner, Order string
	Blocking, Overdue                          bool
	WindowWrong                                bool
}

// Any reports whether anything is narrowed.
func (f breakFilter) Any() bool {
	f.Order = ""
	return f != (breakFilter{})
}

// Query is the filter as an address has it.
func (f breakFilter) Query() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("partner", f.Partner)
	set("window", f.Window)
	set("state", f.State)
	set("type", f.Type)
	set("owner", f.Owner)
	set("sort", f.Order)
	for name, on := range map[string]bool{"blocking": f.Blocking, "overdue": f.Overdue} {
		if on {
			q.Set(name, "1")
		}
	}
	return q
}

// Path is the list with this filter.
func (f breakFilter) Path() string {
	if q := f.Query().Encode(); q != "" {
		return "/breaks?" + q
	}
	return "/breaks"
}

// tally is a number of cases with the filter that shows them.
type tally struct {
	Word    string
	Cases   int64
	Value   int64 // millionths of a yuan
	Path    string
	Current bool
}

type breaksBody struct {
	Filter    breakFilter
	Rows      []breakRow
	Tallies   []tally
	Companies []partners.Partner
	Lang      string
	States    []desk.State
	Types     []string
	Orders    []desk.Order
	First     string
	Next      string
	CanChange bool
	Maker     bool
	Checker   bool
	Mine      bool
	Return    string // where the form of the selected leads back to
}

// breakTypes are the types of breaks that reconciliation and payments find.
func breakTypes() (all []string) {
	for t := reconcile.MissingOnLedger; t <= reconcile.WrongWindow; t++ {
		all = append(all, t.String())
	}
	return append(all, payment.BreakType)
}

// parseFilter reads the form. What is none of our values narrows nothing.
func parseFilter(q url.Values) breakFilter {
	f := breakFilter{Partner: q.Get("partner"), Blocking: q.Get("blocking") == "1", Overdue: q.Get("overdue") == "1"}
	if s := q.Get("state"); slices.Contains(desk.States(), desk.State(s)) || s == unended {
		f.State = s
	}
	if t := q.Get("type"); slices.Contains(breakTypes(), t) {
		f.Type = t
	}
	if o := q.Get("owner"); o == "me" || o == "nobody" {
		f.Owner = o
	}
	if o := q.Get("sort"); slices.Contains(desk.Orders(), desk.Order(o)) {
		f.Order = o
	}
	if w := q.Get("window"); w != "" {
		_, err := ledger.ParseDate(w)
		f.Window, f.WindowWrong = w, err != nil
	}
	return f
}

// unended is the choice of all states in which something is left to do.
const unended = "unended"

// on is the desk's filter.
func (f breakFilter) on(v *visit, open ledger.Date) desk.Filter {
	d := desk.Filter{Partner: f.Partner, State: desk.State(f.State), Type: f.Type, Blocking: f.Blocking, Unended: f.Overdue}
	if f.State == unended {
		d.State, d.Unended = "", true
	}
	if f.Overdue {
		d.DueBefore = open
	}
	switch f.Owner {
	case "me":
		d.Owner = &v.person
	case "nobody":
		d.Owner = &desk.Person{}
	}
	if w, err := ledger.ParseDate(f.Window); err == nil {
		d.Window = w
	}
	return d
}

func (c *Console) listBreaks(v *visit) error {
	f := parseFilter(v.r.URL.Query())
	if len(v.r.URL.Query()) == 0 {
		f.State = unended
	}
	b := breaksBody{Filter: f, Lang: string(v.lang), States: desk.States(), Types: breakTypes(), Orders: desk.Orders(), Companies: c.o.Registry.All(),
		CanChange: v.User.Has(deciders...), Maker: v.User.Has(makers...), Checker: v.User.Has(checkers...), Mine: v.person.Company != ""}
	if f.WindowWrong {
		return c.showStatus(v, http.StatusUnprocessableEntity, "breaks", &b)
	}
	if err := c.breakRows(v, &b); err != nil {
		return err
	}
	if err := c.tallies(v, &b); err != nil {
		return err
	}
	return c.show(v, "breaks", &b)
}

func (c *Console) breakRows(v *visit, b *breaksBody) error {
	alliance, err := c.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return err
	}
	order := desk.Order(b.Filter.Order)
	after := placeOf(v.r.URL.Query().Get("after"))
	found, err := c.o.Desk.Cases(v.r.Context(), v.person, b.Filter.on(v, alliance.Window), order, after, breaksPage+1)
	if err != nil {
		return err
	}
	if b.Return = b.Filter.Path(); after != nil {
		b.First = Area + b.Return
	}
	if len(found) > breaksPage {
		found = found[:breaksPage]
		q, last := b.Filter.Query(), order.After(found[breaksPage-1])
		q.Set("after", strconv.FormatInt(last.Key, 10)+"."+last.ID)
		b.Next = Area + "/breaks?" + q.Encode()
	}
	for _, one := range found {
		row := breakRow{Case: one, Company: c.company(v, one.Partner), Overdue: one.Due != 0 && one.Due < alliance.Window && !one.State.Ended()}
		if row.OwnerIs, err = c.who(v, one.Owner); err != nil {
			return err
		}
		b.Rows = append(b.Rows, row)
	}
	return nil
}

// placeOf reads where the page before ended; what is none is the start.
func placeOf(text string) *desk.Place {
	key, id, ok := strings.Cut(text, ".")
	n, err := strconv.ParseInt(key, 10, 64)
	if !ok || err != nil {
		return nil
	}
	return &desk.Place{Key: n, ID: id}
}

// talliesBack is over how many windows cases are counted above the list.
const talliesBack = 366

// tallies counts cases by state, those of the filter's partner and window.
func (c *Console) tallies(v *visit, b *breaksBody) error {
	alliance, err := c.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return err
	}
	from, to := max(0, alliance.Window-talliesBack), alliance.Window
	if w, err := ledger.ParseDate(b.Filter.Window); err == nil {
		from, to = w, w
	}
	counts, err := c.o.Desk.Counts(v.r.Context(), v.person, b.Filter.Partner, from, to)
	if err != nil {
		return err
	}
	for _, s := range desk.States() {
		f := b.Filter
		f.State = string(s)
		t := tally{Word: string(s), Path: Area + f.Path(), Current: b.Filter.State == string(s)}
		for _, n := range counts {
			if n.State == s {
				t.Cases += n.Cases
				t.Value += n.Value
			}
		}
		b.Tallies = append(b.Tallies, t)
	}
	return nil
}
