package api

import (
	"net/url"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/web/problem"
)

// monthsMax is the most months of one report.
const monthsMax = 24

func (a *API) getSpending(r *request) (reply, error) {
	query, err := r.query("from", "until")
	if err != nil {
		return reply{}, err
	}
	from, wrong := month(query, "from")
	until, bad := month(query, "until")
	if wrong = append(wrong, bad...); wrong == nil && (until < from || until-from >= monthsMax) {
		wrong = []problem.Field{problem.Parameter("until", "out_of_range", "must not be before from, and at most 24 months in all")}
	}
	if wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	out := MallSpendingReport{From: from.String(), Until: until.String(), Months: []MallMonth{}}
	var all, of mall.Spending
	err = a.o.Mall.Sales(r.context(), from, until, func(s *mall.Sale) error {
		if n := len(out.Months); n == 0 || out.Months[n-1].Month != s.Month.String() {
			out.Months, of = append(out.Months, MallMonth{Month: s.Month.String()}), mall.Spending{}
		}
		if err := all.Add(s); err != nil {
			return err
		}
		m := &out.Months[len(out.Months)-1]
		m.Products = append(m.Products, renderSales(s))
		err := of.Add(s)
		m.Spent = renderSpent(&of)
		return err
	})
	out.Spent = renderSpent(&all)
	return ok(&out), err
}

// month reads a parameter that must be there.
func month(query url.Values, name string) (ledger.Month, []problem.Field) {
	m, err := ledger.ParseMonth(query.Get(name))
	if err != nil {
		return 0, []problem.Field{problem.Parameter(name, "month", "must be a month, for example 2026-03")}
	}
	return m, nil
}

func renderSpent(s *mall.Spending) MallSpent {
	return MallSpent{OwnPoints: text(s.OwnPoints), Points: text(s.Points), OwnFen: text(s.OwnFen), Fen: text(s.Fen)}
}

func renderSales(s *mall.Sale) MallProductSales {
	return MallProductSales{Product: s.Product, Category: s.Category, Kind: MallKind(s.Kind), Partner: s.Partner, Orders: s.Orders, Quantity: s.Quantity,
		Points: text(s.Points), Fen: text(s.Fen), ReturnedPoints: text(s.ReturnedPoints), ReturnedFen: text(s.ReturnedFen)}
}
