package console

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/paper"
	"github.com/pointgrid/pointgrid/settlement/papers"
	"github.com/pointgrid/pointgrid/web/page"
)

// period is the windows that a report is about.
type period struct {
	From, To ledger.Date
	Wrong    bool // what was asked for is no period
}

// Query is the period as an address has it.
func (p period) Query() string {
	return url.Values{"from": {p.From.String()}, "to": {p.To.String()}}.Encode()
}

// period reads the form; without one it is the month of the last closed window,
// so far.
func (c *Console) period(v *visit) (period, error) {
	alliance, err := c.o.Ledger.Alliance(v.r.Context())
	if err != nil {
		return period{}, err
	}
	last := alliance.Window - 1
	t := last.In(time.UTC)
	p := period{From: ledger.DateOf(time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)), To: last}
	q := v.r.URL.Query()
	if !q.Has("from") && !q.Has("to") {
		return p, nil
	}
	from, errFrom := ledger.ParseDate(q.Get("from"))
	to, errTo := ledger.ParseDate(q.Get("to"))
	if errFrom != nil || errTo != nil || from > to {
		p.Wrong = true
		return p, nil
	}
	return period{From: from, To: min(to, last)}, nil
}

type liabilityBody struct {
	Period  period
	Hub     string
	Months  []paper.Month
	Sum     paper.Month
	Chart   page.Rows
	Expired int64 // of what ended in the period
	Ended   int64
}

// Breakage is the part of the points that ended which expired, in permille.
func (b *liabilityBody) Breakage() int64 { return page.Permille(b.Expired, b.Ended) }

func (c *Console) showLiability(v *visit) error {
	p, err := c.period(v)
	if err != nil {
		return err
	}
	b := liabilityBody{Period: p, Hub: c.o.Hub, Chart: page.Rows{Word: "console.liability.chart"}}
	report, err := c.o.Papers.Liability(v.r.Context(), p.From, p.To)
	switch {
	case errors.Is(err, papers.ErrInvalid):
		b.Period.Wrong, report = true, &papers.Report{}
	case errors.Is(err, papers.ErrNotCounted):
		report = &papers.Report{} // nothing is counted before the first night
	case err != nil:
		return err
	}
	b.Months, b.Expired, b.Ended = report.Months, report.Expired, report.Ended
	b.Sum = sumMonths(b.Months)
	for _, m := range b.Months {
		if m.Closing != 0 {
			b.Chart.All = append(b.Chart.All, page.Row{Label: m.Expiry.String(), To: m.Closing, Text: page.Amount(m.Closing, 0), Kind: "plus"})
		}
	}
	if b.Period.Wrong {
		return c.showStatus(v, http.StatusUnprocessableEntity, "liability", &b)
	}
	return c.show(v, "liability", &b)
}

// change is what movements come to. It and the sums fit, because the ledger
// bounds the sum of all points.
func change(m *paper.Movements) int64 {
	return m.Earned + m.ConvertedIn - m.ConvertedOut - m.Redeemed - m.Expired
}

func sumMonths(all []paper.Month) (sum paper.Month) {
	for i := range all {
		sum.Opening += all[i].Opening
		sum.Closing += all[i].Closing
		join(&sum.Movements, &all[i].Movements)
	}
	return sum
}

func join(to, more *paper.Movements) {
	to.Earned += more.Earned
	to.ConvertedIn += more.ConvertedIn
	to.ConvertedOut += more.ConvertedOut
	to.Redeemed += more.Redeemed
	to.Expired += more.Expired
}

type behindBody struct {
	Period period
	Hub    string
	Expiry ledger.Month
	Rows   []settlement.WindowMovements
	Sum    paper.Movements
}

// Change is what movements come to.
func (*behindBody) Change(m paper.Movements) int64 { return change(&m) }

// showBehind lists the windows behind the numbers of an expiry month.
func (c *Console) showBehind(v *visit) error {
	p, err := c.period(v)
	if err != nil {
		return err
	}
	b := behindBody{Period: p, Hub: c.o.Hub}
	if b.Expiry.UnmarshalText([]byte(v.r.PathValue("expiry"))) != nil {
		return errNotFound
	}
	if v.r.URL.Query().Has("all") {
		b.Period.From = max(1, p.To-papers.WindowsMax+1)
	}
	b.Rows, err = c.o.Papers.Behind(v.r.Context(), b.Expiry, b.Period.From, p.To)
	if err != nil && !errors.Is(err, papers.ErrNotCounted) {
		return err
	}
	for i := range b.Rows {
		join(&b.Sum, &b.Rows[i].Movements)
	}
	return c.show(v, "behind", &b)
}
