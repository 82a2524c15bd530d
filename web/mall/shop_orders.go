package mall

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/support"
	"github.com/pointgrid/pointgrid/web/page"
)

// orderLine is an order as the list has it.
type orderLine struct {
	ID, Name, Picture string
	Quantity          int64
	Points, Fen       int64 // in all
	At                int64
	Status            string // part of the key mall.order.status.STATUS
	Level             string // colour of its badge
}

func (m *Mall) orderLine(v *visit, o *mall.Order) orderLine {
	points, fen := o.Total()
	l := orderLine{ID: o.ID.String(), Name: pick(v.lang, o.Name), Picture: pictureURL(o.Picture, o.Kind), Quantity: o.Quantity, Points: points, Fen: fen, At: o.CreatedAt}
	l.Status, l.Level = standing(o)
	return l
}

// standing says in a word where an order stands.
func standing(o *mall.Order) (status, level string) {
	switch {
	case o.Status == mall.Fulfilled && o.Kind == mall.Goods:
		return "sent", "ok"
	case o.Status == mall.Fulfilled:
		return "done", "ok"
	case o.Status == mall.Refunded:
		return "returned", ""
	case o.Status == mall.Cancelled:
		return "cancelled", ""
	case o.Status == mall.Cancelling:
		return "cancelling", "warn"
	case o.Step == mall.StepDispatch && o.Kind == mall.Goods:
		return "to_send", "info"
	case o.Step == mall.StepDispatch:
		return "to_do", "info"
	}
	return "under_way", "info"
}

// ordersBody is a page of the member's orders.
type ordersBody struct {
	Orders     []orderLine
	Home, Next string
}

const ordersPage = 20

func (m *Mall) showOrders(v *visit) error {
	f := mall.OrderFilter{Member: v.Member, Limit: ordersPage + 1}
	var b ordersBody
	if before := v.r.URL.Query().Get("before"); before != "" {
		var err error
		if f.Before, err = ledger.ParseID(before); err != nil {
			return errNotFound
		}
		b.Home = Area + "/orders"
	}
	found, err := m.o.Shop.Orders(v.r.Context(), f)
	if err != nil {
		return err
	}
	if len(found) > ordersPage {
		found = found[:ordersPage]
		b.Next = Area + "/orders?before=" + url.QueryEscape(found[ordersPage-1].ID.String())
	}
	for _, o := range found {
		b.Orders = append(b.Orders, m.orderLine(v, o))
	}
	return m.show(v, "orders", b)
}

// orderBody is what the page of an order shows.
type orderBody struct {
	Line       orderLine
	Order      *mall.Order
	Story      []chapter
	Codes      []string
	Returns    []*mall.Return
	Claim      *mall.Claim // the last one
	UnderWay   bool        // the page asks for itself again
	Failure    string
	CanCancel  bool
	CanReturn  bool
	Proof      bool
	Conversion string // where the conversion is, of partner points
	Dispute    string // where to dispute it; empty is nowhere
}

// orderOf finds the order that the path names; somebody else's is not there.
func (m *Mall) orderOf(v *visit) (*mall.Order, error) {
	id, err := ledger.ParseID(v.r.PathValue("order"))
	if err != nil {
		return nil, errNotFound
	}
	o, err := m.o.Shop.Order(v.r.Context(), id)
	if err == nil && o.Member != v.Member {
		return nil, errNotFound
	}
	return o, err
}

func (m *Mall) showOrder(v *visit) error {
	o, err := m.orderOf(v)
	if err != nil {
		return err
	}
	b := orderBody{Line: m.orderLine(v, o), Order: o, Story: story(o), UnderWay: o.Step != mall.StepDone && o.Step != mall.StepDispatch,
		CanCancel: o.Step == mall.StepDispatch, Proof: posted(o), Dispute: m.disputeWay(support.Order, o.ID)}
	if b.Codes, err = m.o.Shop.Codes(v.r.Context(), o); err != nil {
		return err
	}
	if b.Returns, err = m.o.Shop.Returns(v.r.Context(), o.ID); err != nil {
		return err
	}
	if err := m.claimOf(v, o, &b); err != nil {
		return err
	}
	if o.Failure != nil {
		b.Failure = "generic"
		if m.o.Pages.Has("mall.order.failure." + o.Failure.Code) {
			b.Failure = o.Failure.Code
		}
	}
	if o.Kind == mall.PartnerPoints && o.Reference != "" && m.has("/conversions") {
		b.Conversion = Area + "/conversions/" + url.PathEscape(o.Reference)
	}
	if !b.UnderWay {
		return m.show(v, "order", b)
	}
	f := m.frame(v)
	f.Refresh, f.Body = &page.Refresh{URL: v.r.URL.Path, Seconds: 3}, b
	m.o.Pages.Render(v.w, v.r, http.StatusOK, "mall/order", f)
	return nil
}

// claimOf adds what the member wishes to return, and whether they may ask.
func (m *Mall) claimOf(v *visit, o *mall.Order, b *orderBody) error {
	if o.Status != mall.Fulfilled && o.Status != mall.Refunded || o.Kind != mall.Goods && o.Kind != mall.Service {
		return nil
	}
	claims, err := m.o.Shop.Claims(v.r.Context(), mall.ClaimFilter{Order: o.ID, Limit: 1})
	if err != nil {
		return err
	}
	if len(claims) > 0 {
		b.Claim = claims[0]
	}
	b.CanReturn = o.Status == mall.Fulfilled && o.Returned < o.Quantity && (b.Claim == nil || b.Claim.State != mall.ClaimOpen)
	return nil
}

// posted reports whether an order's points were posted on the ledger.
func posted(o *mall.Order) bool {
	return o.Kind != mall.PartnerPoints && (o.Status == mall.Fulfilled || o.Status == mall.Refunded)
}

// showProof hands out the ledger's receipt, which anybody can verify by themselves.
func (m *Mall) showProof(v *visit) error {
	o, err := m.orderOf(v)
	if err != nil {
		return err
	}
	if !posted(o) {
		return errNotFound
	}
	receipt, err := m.o.Ledger.Receipt(v.r.Context(), o.PostID())
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(receipt, "", "  ")
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="receipt-`+o.ID.String()+`.json"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = v.w.Write(append(b, '\n')) // an error is that of the connection
	return nil
}
