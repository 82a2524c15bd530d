package sqlstore

import (
	"context"
	"strconv"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/rewards"
	"github.com/pointgrid/pointgrid/settlement"
)

// conversions tells that conversions end.
func (o *outbox) conversions(all []*exchange.Conversion) (told, error) {
	t := told{outbox: o}
	if o.idle() {
		return t, nil
	}
	for _, c := range all {
		if c.Step != exchange.StepDone {
			continue
		}
		kind := webhooks.ConversionCompleted
		switch c.Status {
		case exchange.Failed:
			kind = webhooks.ConversionFailed
		case exchange.Reversed:
			kind = webhooks.ConversionReversed
		}
		if err := t.tell(conversionEvent(c, kind, c.FinishedAt), conversionEnds, c.ID[:]); err != nil {
			return t, err
		}
	}
	return t, nil
}

func conversionEvent(c *exchange.Conversion, t webhooks.Type, at int64) webhooks.Event {
	return webhooks.Event{Type: t, Partners: parties(c), At: at,
		Data: webhooks.Conversion{ConversionID: c.ID.String(), Source: c.Source, Destination: c.Destination,
			Amount: digits(c.From), DestinationAmount: digits(c.To), FailureCode: failureCode(c.Failure)}}
}

// parties are the companies that see a conversion.
func parties(c *exchange.Conversion) (codes []string) {
	if c.In != nil {
		codes = append(codes, c.In.Partner)
	}
	if c.Out != nil {
		codes = append(codes, c.Out.Partner)
	}
	return codes
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }

func failureCode(f *exchange.Failure) string {
	if f == nil {
		return ""
	}
	return f.Code
}

// toldOfReversal tells that a reversal ends, and that its conversion is reversed when
// that is the end of it.
func (s *Store) toldOfReversal(ctx context.Context, r *exchange.Reversal) (told, error) {
	t := told{outbox: &s.outbox}
	if r.Step != exchange.StepDone || s.outbox.idle() {
		return t, nil
	}
	c, err := s.Conversion(ctx, r.Conversion)
	if err != nil {
		return t, err
	}
	kind := webhooks.ReversalFailed
	if r.Status == exchange.Completed {
		kind = webhooks.ReversalCompleted
	}
	err = t.tell(webhooks.Event{Type: kind, Partners: parties(c), At: r.FinishedAt,
		Data: webhooks.Reversal{ReversalID: r.ID.String(), ConversionID: c.ID.String(), Source: r.Source, Amount: digits(r.Amount),
			FailureCode: failureCode(r.Failure)}}, reversalEnds, r.ID[:])
	if err == nil && r.Status == exchange.Completed {
		err = t.tell(conversionEvent(c, webhooks.ConversionReversed, r.FinishedAt), wholeReversed, r.ID[:])
	}
	return t, err
}

// settlement tells that a settlement reached a state.
func (t *told) settlement(s *settlement.Settlement) error {
	return t.tell(webhooks.Event{Type: webhooks.SettlementType(string(s.State)), Partners: []string{s.Partner}, At: s.UpdatedAt,
		Data: webhooks.Settlement{SettlementID: s.ID, Partner: s.Partner, Window: s.Window.String()}}, settlementMoves, s.ID, string(s.State))
}

// expiring tells the utility, and nobody else, that a member's points expire soon.
func (t *told) expiring(a *rewards.Announcement) error {
	return t.tell(webhooks.Event{Type: webhooks.PointsExpiring, At: a.CreatedAt,
		Data: webhooks.Expiring{Account: a.Account.String(), Expiry: a.Expiry.String(), Days: int64(a.Days), Amount: digits(a.Amount)}},
		expiryIsNew, a.Account[:], int64(a.Expiry), int64(a.Days))
}

// toldOfOrder tells the utility that an order of the mall ends.
func (o *outbox) toldOfOrder(x *mall.Order) (told, error) {
	t := told{outbox: o}
	if x.Step != mall.StepDone || o.idle() {
		return t, nil
	}
	kind := webhooks.OrderCancelled
	if x.Status == mall.Fulfilled {
		kind = webhooks.OrderFulfilled
	}
	return t, t.tell(orderEvent(x, kind, x.FinishedAt), mallOrderEnds, x.ID[:], x.Revision-1)
}

func orderEvent(x *mall.Order, t webhooks.Type, at int64) webhooks.Event {
	points, fen := x.Total()
	data := webhooks.Order{OrderID: x.ID.String(), Account: x.Account.String(), Product: x.Product, Kind: string(x.Kind), Quantity: x.Quantity,
		Points: digits(points), Fen: digits(fen)}
	if x.Failure != nil {
		data.FailureCode = x.Failure.Code
	}
	return webhooks.Event{Type: t, At: at, Data: data}
}

// toldOfReturn tells the utility that a return ends, and that its order is refunded
// when that is the end of it.
func (s *Store) toldOfReturn(ctx context.Context, r *mall.Return) (told, error) {
	t := told{outbox: &s.outbox}
	if !r.Completed || s.outbox.idle() {
		return t, nil
	}
	x, err := s.MallOrder(ctx, r.Order)
	if err != nil {
		return t, err
	}
	err = t.tell(webhooks.Event{Type: webhooks.ReturnCompleted, At: r.FinishedAt,
		Data: webhooks.Return{ReturnID: r.ID.String(), OrderID: x.ID.String(), Account: x.Account.String(), Quantity: r.Quantity,
			Points: digits(r.Points), Fen: digits(r.Fen)}}, mallReturnEnds, r.ID[:], r.Revision-1)
	if err == nil {
		err = t.tell(orderEvent(x, webhooks.OrderRefunded, r.FinishedAt), mallRefunded, r.ID[:], r.Revision-1)
	}
	return t, err
}
