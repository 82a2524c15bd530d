package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/ledger"
)

// earn reports a day's events, as the billing system would in the evening. They are
// the same however often the day is begun.
func (h *History) earn(ctx context.Context, day ledger.Date, now time.Time) error {
	c, err := h.Client(UtilityClient)
	if err != nil {
		return err
	}
	var events []map[string]string
	for _, e := range h.Life.Events(day) {
		// What a day's clock has not reached yet is left out.
		if e.OccurredAt > now.UnixMilli() {
			continue
		}
		events = append(events, map[string]string{"id": e.ID, "member": e.Member, "contract_account": e.Contract, "kind": string(e.Kind), "channel": string(e.Channel),
			"segment": e.Segment, "occurred_at": time.UnixMilli(e.OccurredAt).UTC().Format(time.RFC3339), "amount": strconv.FormatInt(e.Amount, 10)})
	}
	if len(events) == 0 {
		return nil
	}
	_, err = c.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/reward_events", Body: map[string]any{"events": events}}, nil)
	return err
}

// buy makes a day's orders, side by side.
func (h *History) buy(ctx context.Context, day ledger.Date, late bool) error {
	all := h.Life.Purchases(day, late)
	errs := make(chan error, len(all))
	for i := range all {
		go func() { errs <- h.order(ctx, fmt.Sprintf("history-%s-order-%d", day, i), &all[i]) }()
	}
	var failed []error
	for range all {
		failed = append(failed, <-errs)
	}
	return errors.Join(failed...)
}

type offer struct {
	Points string `json:"points"`
	Fen    string `json:"fen"`
}

func (h *History) order(ctx context.Context, key string, b *Purchase) error {
	c, err := h.Client(UtilityClient)
	if err != nil {
		return err
	}
	var shown struct{ Offers []offer }
	look := client.Request{Method: http.MethodGet, Path: "/v1/products/" + b.Product + "?channel=" + b.Channel, Header: http.Header{"PointGrid-Member": {Member(b.Member)}}}
	var refused *client.Problem
	_, err = c.Do(ctx, look, &shown)
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return nil // it is on the exclusive shelf, and the member is not
	}
	if err != nil || len(shown.Offers) == 0 {
		return err
	}
	body := map[string]any{"member": Member(b.Member), "product": b.Product, "quantity": b.Quantity, "price": shown.Offers[0], "channel": b.Channel}
	if b.Cash {
		body["price"] = shown.Offers[len(shown.Offers)-1]
	}
	bill, address := asks(b.Product)
	if bill {
		body["contract_account"] = ContractAccount(Member(b.Member))
	}
	if address {
		body["address"] = AddressOf(b.Member)
	}
	var made struct {
		ID      string
		Waiting bool
	}
	_, err = c.Do(ctx, client.Request{Method: http.MethodPost, Path: "/v1/orders", Body: body, Key: key}, &made)
	if errors.As(err, &refused) && refused.Status == http.StatusUnprocessableEntity {
		return nil // somebody has too little, or it is sold out; that happens
	}
	if err != nil || !made.Waiting {
		return err
	}
	return h.carryOut(ctx, key, "/v1/orders/"+made.ID, b)
}

// carryOut sends an order off, cancels it, or takes it back.
func (h *History) carryOut(ctx context.Context, key, path string, b *Purchase) (err error) {
	switch b.Fate {
	case Cancelled:
		err = h.post(ctx, UtilityClient, path+"/cancellation", nil, nil)
	case Sent, Returned:
		err = h.post(ctx, UtilityClient, path+"/shipment", map[string]string{"reference": "SF-" + key}, nil)
	}
	if err != nil || b.Fate != Returned {
		return err
	}
	c, err := h.Client(UtilityClient)
	if err == nil {
		_, err = c.Do(ctx, client.Request{Method: http.MethodPost, Path: path + "/returns", Key: key + "-back",
			Body: map[string]any{"quantity": b.Quantity, "reason": "不合适 / not what I wanted", "restock": true}}, nil)
	}
	return err
}
