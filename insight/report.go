package insight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// DaysMax is how many days a report covers at most. MonthlyFrom is from how many
// days on it tells months in place of days.
const (
	DaysMax     = 400
	MonthlyFrom = 63
)

// ErrInvalid: there is no report over such days.
var ErrInvalid = errors.New("insight: no such period")

// Report is what happened in some days, from and to included.
type Report struct {
	From, To ledger.Date
	Total    Sides
	Monthly  bool     // Times are months
	Times    []Period // without a gap
	Sources  []Line   // of points earned, by source
	Rules    []Line   // by rule; Other has those without one
	Channels []Channel
	Products []Product
	Partners []Partner
	Own      int64  // points spent on electricity's own products
	Months   []Head // twelve or more, the last is To's
	Crowd    Crowd
}

// Sides are points by the way they went, and how often.
type Sides struct {
	Earned, In, Spent, Out, Through, Expired Sums
}

func (s *Sides) of(side Side) *Sums {
	switch side {
	case Earned:
		return &s.Earned
	case In:
		return &s.In
	case Spent:
		return &s.Spent
	case Out:
		return &s.Out
	case Through:
		return &s.Through
	}
	return &s.Expired
}

// Came is what members got, Went what they used; together with what expired that
// is by how much their balances changed.
func (s *Sides) Came() int64 { return s.Earned.Points + s.In.Points }

// Went is what members used.
func (s *Sides) Went() int64 { return s.Spent.Points + s.Out.Points }

// Period is a day or a month.
type Period struct {
	Day ledger.Date // the first
	Sides
}

// Line is a sum with a name.
type Line struct {
	Name string
	Sums
}

// Channel is what came about in a channel.
type Channel struct {
	Name   string
	Earned Sums
	// Paid is the part of prepayments: what was paid and the points it earned, by which
	// channels are compared.
	Paid  Sums
	Spent Sums // orders of the mall
}

// Product is what was bought of one.
type Product struct {
	ID, Category, Partner string
	Sums
}

// Partner is what was converted from and to a partner's points, what passed
// through electricity points on either side, and what was bought of its products.
type Partner struct {
	Code                      string
	In, Out, Through, Product Sums
}

// Report adds up the days, both included. It returns [ErrInvalid] for a period that
// ends before it begins or has more than [DaysMax] days, and [ErrOverflow].
func (s *Service) Report(ctx context.Context, from, to ledger.Date) (*Report, error) {
	if from < 0 || to < from || to-from >= DaysMax {
		return nil, fmt.Errorf("%w: from %s to %s; at most %d days, the first comes first", ErrInvalid, from, to, DaysMax)
	}
	r := &Report{From: from, To: to, Monthly: to-from+1 >= MonthlyFrom}
	flows, err := s.store.InsightFlows(ctx, from, to)
	if err != nil {
		return nil, err
	}
	read := s.store.InsightDays
	if r.Monthly {
		read = s.store.InsightMonths
	}
	times, err := read(ctx, from, to)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(r.times(times), r.lines(flows)); err != nil {
		return nil, err
	}
	return r, s.crowd(ctx, r)
}

// times puts the sums by day into days or months, also those in which nothing was.
func (r *Report) times(days []Flow) error {
	for day := r.From; day <= r.To; day++ {
		if n := len(r.Times); n == 0 || !r.Monthly || r.Times[n-1].Day.Month() != day.Month() {
			r.Times = append(r.Times, Period{Day: day})
		}
	}
	for i := range days {
		f := &days[i]
		at := int(f.Day - r.From)
		if r.Monthly {
			at = int(f.Day.Month() - r.From.Month())
		}
		if err := errors.Join(r.Times[at].of(f.Side).Add(f.Sums), r.Total.of(f.Side).Add(f.Sums)); err != nil {
			return err
		}
	}
	return nil
}

// lines turns the sums into the tables of the report.
func (r *Report) lines(flows []Flow) error {
	b := book{sources: index[Line]{}, rules: index[Line]{}, channels: index[Channel]{}, products: index[Product]{}, partners: index[Partner]{}}
	var errs error
	for i := range flows {
		f := &flows[i]
		switch f.Side {
		case Earned:
			errs = errors.Join(errs, b.earned(f))
		case Spent, Out:
			errs = errors.Join(errs, b.used(f, &r.Own))
		case In:
			errs = errors.Join(errs, b.partner(f.Partner).In.Add(f.Sums))
		case Through:
			errs = errors.Join(errs, b.partner(f.Partner).Through.Add(f.Sums), b.partner(f.Toward).Through.Add(f.Sums))
		}
	}
	most := func(a, b int64) int { return cmp.Compare(b, a) }
	r.Sources = b.sources.sorted(func(x, y *Line) int { return cmp.Or(most(x.Points, y.Points), cmp.Compare(x.Name, y.Name)) })
	r.Rules = b.rules.sorted(func(x, y *Line) int { return cmp.Or(most(x.Points, y.Points), cmp.Compare(x.Name, y.Name)) })
	r.Channels = b.channels.sorted(func(x, y *Channel) int {
		return cmp.Or(most(x.Earned.Points, y.Earned.Points), cmp.Compare(x.Name, y.Name))
	})
	r.Products = b.products.sorted(func(x, y *Product) int { return cmp.Or(most(x.Points, y.Points), cmp.Compare(x.ID, y.ID)) })
	r.Partners = b.partners.sorted(func(x, y *Partner) int { return cmp.Compare(x.Code, y.Code) })
	return errs
}

// book gathers lines by name.
type book struct {
	sources, rules index[Line]
	channels       index[Channel]
	products       index[Product]
	partners       index[Partner]
}

type index[T any] map[string]*T

func (x index[T]) of(name string, fresh T) *T {
	if x[name] == nil {
		x[name] = &fresh
	}
	return x[name]
}

func (x index[T]) sorted(by func(a, b *T) int) []T {
	all := make([]*T, 0, len(x))
	for _, v := range x {
		all = append(all, v)
	}
	slices.SortFunc(all, by)
	own := make([]T, len(all))
	for i, v := range all {
		own[i] = *v
	}
	return own
}

func (b *book) partner(code string) *Partner { return b.partners.of(code, Partner{Code: code}) }

func (b *book) channel(name string) *Channel { return b.channels.of(name, Channel{Name: name}) }

// prepaid is the kind of the events by which channels are compared: those whose
// points follow from an amount.
const prepaid = "prepayment"

func (b *book) earned(f *Flow) error {
	err := b.sources.of(f.Source, Line{Name: f.Source}).Add(f.Sums)
	rule := cmp.Or(f.Item, Other)
	err = errors.Join(err, b.rules.of(rule, Line{Name: rule}).Add(f.Sums))
	if f.Channel == "" {
		return err
	}
	c := b.channel(f.Channel)
	if f.Source == prepaid {
		err = errors.Join(err, c.Paid.Add(f.Sums))
	}
	return errors.Join(err, c.Earned.Add(f.Sums))
}

// used counts what was spent in the mall, and what was converted, be it in the mall
// or at a partner.
func (b *book) used(f *Flow, own *int64) (err error) {
	if f.Side == Out {
		err = b.partner(f.Partner).Out.Add(f.Sums)
	} else if f.Partner != "" {
		err = b.partner(f.Partner).Product.Add(f.Sums)
	}
	if f.Source != Bought {
		return err
	}
	err = errors.Join(err, b.products.of(f.Item, Product{ID: f.Item, Category: f.Category, Partner: f.Partner}).Add(f.Sums))
	if f.Channel != "" {
		err = errors.Join(err, b.channel(f.Channel).Spent.Add(f.Sums))
	}
	if f.Side == Spent && f.Partner == "" {
		sum, ok := ledger.Add(*own, f.Points)
		if !ok {
			return ErrOverflow
		}
		*own = sum
	}
	return err
}
