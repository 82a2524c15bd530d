package api

import (
	"strconv"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/web/problem"
)

// digits reads an amount that a schema has accepted; absent is 0.
func digits(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

func readPrices(all []MallPrice) (prices []mall.Price) {
	for _, p := range all {
		prices = append(prices, mall.Price{Tier: p.Tier, Channel: p.Channel, Points: digits(p.Points), Fen: digits(p.Fen)})
	}
	return prices
}

func readRatio(r *MallRatio) mall.Ratio { return mall.Ratio{Num: digits(r.Num), Den: digits(r.Den)} }

// readSale sets the bounds of the sale that are given.
func readSale(p *mall.Product, from, until *Instant) error {
	for _, b := range []struct {
		to   *int64
		text *Instant
		at   string
	}{{&p.SaleFrom, from, "/sale_from"}, {&p.SaleUntil, until, "/sale_until"}} {
		if b.text == nil || *b.text == "" {
			continue
		}
		ms, detail := parseInstant(*b.text)
		if detail != "" {
			return problem.Invalid(problem.At(b.at, "instant", detail))
		}
		*b.to = ms
	}
	return nil
}

func renderOffer(o mall.Offer) problem.Offer {
	return problem.Offer{Points: text(o.Points), Fen: text(o.Fen), ListPoints: text(o.List)}
}

func (a *API) renderProduct(s *mall.Shown) *MallProduct {
	p := s.Product
	out := &MallProduct{ID: p.ID, Kind: MallKind(p.Kind), Category: p.Category, Name: renderText(p.Name), Summary: renderText(p.Summary),
		Description: renderText(p.Description), Partner: p.Partner, Own: p.Own(), Offers: []MallOffer{}, ForYou: s.ForYou, Shelf: int(p.Shelf), Tiers: p.Tiers, Exclusive: p.Exclusive, Picture: p.Picture,
		SaleFrom: at(p.SaleFrom), SaleUntil: at(p.SaleUntil), QuantityMax: int(p.QuantityMax), Listed: p.Listed, OnSale: p.OnSale(a.o.Mall.Now()),
		Version: p.Version, UpdatedAt: at(p.UpdatedAt)}
	for _, o := range s.Offers {
		out.Offers = append(out.Offers, MallOffer(renderOffer(o)))
	}
	for _, price := range p.Prices {
		out.Prices = append(out.Prices, MallPrice{Tier: price.Tier, Channel: price.Channel, Points: text(price.Points), Fen: text(price.Fen)})
	}
	if s.Available >= 0 {
		left := text(s.Available)
		out.Available = &left
	}
	if p.BillFen > 0 {
		out.BillFen = text(p.BillFen)
	}
	if p.Bonus != (mall.Ratio{}) {
		out.Bonus = &MallRatio{Num: text(p.Bonus.Num), Den: text(p.Bonus.Den)}
	}
	return out
}

func renderStock(s *mall.Stock) *MallStock {
	return &MallStock{Product: s.Product, Available: text(s.Available), Reserved: text(s.Reserved), Consumed: text(s.Consumed), Version: s.Version}
}

// renderMallOrder leaves out the utility's number of the member, as a link does.
func renderMallOrder(o *mall.Order, codes []string) *MallOrder {
	points, fen := o.Total()
	out := &MallOrder{ID: o.ID.String(), Product: o.Product, Kind: MallKind(o.Kind), Name: renderText(o.Name), Quantity: int(o.Quantity),
		Points: text(points), Fen: text(fen), Status: MallOrderStatus(o.Status), Waiting: o.Step == mall.StepDispatch, Fast: o.Fast,
		ContractAccount: o.ContractAccount, Address: (*MallAddress)(o.Address), Reference: o.Reference, Codes: codes,
		Returned: int(o.Returned), CreatedAt: at(o.CreatedAt), FinishedAt: at(o.FinishedAt)}
	if o.Failure != nil {
		out.Failure = &Failure{Code: o.Failure.Code, Detail: o.Failure.Detail}
	}
	if o.BillFen > 0 {
		out.BillFen = text(o.BillFen)
	}
	return out
}

func renderReturn(v *mall.Return) *MallReturn {
	out := &MallReturn{ID: v.ID.String(), OrderID: v.Order.String(), Quantity: int(v.Quantity), Points: text(v.Points), Fen: text(v.Fen),
		Reason: v.Reason, Status: MallReturnStatusProcessing, CreatedAt: at(v.CreatedAt), FinishedAt: at(v.FinishedAt)}
	if v.Completed {
		out.Status = MallReturnStatusCompleted
	}
	return out
}

func readText(t MallText) mall.Text { return mall.Text{ZH: t.Zh, EN: t.En} }

func renderText(t mall.Text) MallText { return MallText{Zh: t.ZH, En: t.EN} }
