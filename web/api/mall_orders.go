package api

import (
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/web/idempotency"
	"github.com/pointgrid/pointgrid/web/problem"
)

func orderPath(id ledger.ID) string { return "/v1/orders/" + id.String() }

func (a *API) createOrder(r *request, b MallOrderRequest) (reply, error) {
	key, err := r.mallKey()
	if err != nil {
		return reply{}, err
	}
	asked := mall.Request{Idempotency: key, Client: r.party.Client, Member: b.Member, Product: b.Product, Quantity: int64(b.Quantity),
		Points: digits(b.Price.Points), Fen: digits(b.Price.Fen), Channel: b.Channel, ContractAccount: b.ContractAccount, Address: (*mall.Address)(b.Address)}
	if b.ShownAt != "" {
		var detail string
		if asked.ShownAt, detail = parseInstant(b.ShownAt); detail != "" {
			return reply{}, problem.Invalid(problem.At("/shown_at", "instant", detail))
		}
	}
	wait, preferred := preferredWait(r.c.Request.Header)
	o, replayed, err := a.o.Mall.Place(r.context(), asked, wait)
	if err != nil {
		return reply{}, err
	}
	answer := reply{status: http.StatusCreated, replayed: replayed, waited: preferred, location: orderPath(o.ID)}
	switch {
	case o.Status == mall.Cancelled:
		return reply{}, cancelledOrder(o, answer)
	case o.Status != mall.Fulfilled && o.Status != mall.Refunded && o.Step != mall.StepDispatch:
		answer.status = http.StatusAccepted
	}
	answer.body = renderMallOrder(o, nil)
	return answer, nil
}

// cancelledOrder is the answer about an order that did not come about.
func cancelledOrder(o *mall.Order, answer reply) error {
	p := problem.New(http.StatusUnprocessableEntity, o.Failure.Code, o.Failure.Detail)
	p.OrderID = o.ID.String()
	return &endedWithout{problem: p, reply: answer}
}

// mallKey returns the key of an operation of the mall that needs one.
func (r *request) mallKey() (mall.Idempotency, error) {
	if r.key == "" {
		return mall.Idempotency{}, idempotency.Missing()
	}
	return mall.Idempotency{Key: r.key, Hash: r.hash()}, nil
}

func (a *API) getOrder(r *request) (reply, error) {
	o, err := a.orderOf(r)
	if err != nil {
		return reply{}, err
	}
	codes, err := a.o.Mall.Codes(r.context(), o)
	if err != nil {
		return reply{}, err
	}
	return ok(renderMallOrder(o, codes)), nil
}

// orderOf returns the order that the path names.
func (a *API) orderOf(r *request) (*mall.Order, error) {
	if _, err := r.query(); err != nil {
		return nil, err
	}
	id, err := r.id("id")
	if err != nil {
		return nil, err
	}
	return a.o.Mall.Order(r.context(), id)
}

func (a *API) listOrders(r *request) (reply, error) {
	query, err := r.query("status", "waiting", "limit", "cursor")
	if err != nil {
		return reply{}, err
	}
	page, err := r.page(query)
	if err != nil {
		return reply{}, err
	}
	member, err := r.memberNamed()
	if err != nil {
		return reply{}, err
	}
	status, wrong := oneOf(query, "status", "reserved", "held", "paid", "cancelling", "fulfilled", "cancelled", "refunded")
	waiting, bad := oneOf(query, "waiting", "true", "false")
	if wrong = append(wrong, bad...); wrong != nil {
		return reply{}, problem.Invalid(wrong...)
	}
	f := mall.OrderFilter{Member: member, Status: mall.Status(status), Waiting: waiting == "true", Limit: page.limit}
	if len(page.after) > len(ledger.ID{}) {
		f.Before = ledger.ID(page.after[1:])
		f.After, f.AfterFast = f.Before, page.after[0] == 1
	}
	found, err := a.o.Mall.Orders(r.context(), f)
	if err != nil {
		return reply{}, err
	}
	return orderPage(r, page, found), nil
}

// orderPage is a page, whose cursor says where its last order stands in either
// sequence.
func orderPage(r *request, page page, found []*mall.Order) reply {
	out := MallOrderPage{Orders: make([]MallOrder, 0, len(found))}
	var last []byte
	for _, o := range found {
		out.Orders = append(out.Orders, *renderMallOrder(o, nil))
		last = append([]byte{0}, o.ID[:]...)
		if o.Fast {
			last[0] = 1
		}
	}
	answer := ok(&out)
	out.NextCursor, answer.link = r.next(page, len(found), last)
	return answer
}

func (a *API) dispatchOrder(r *request, b MallDispatch) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	o, err := a.o.Mall.Dispatch(r.context(), id, b.Reference)
	if err != nil {
		return reply{}, err
	}
	return ok(renderMallOrder(o, nil)), nil
}

func (a *API) cancelOrder(r *request) (reply, error) {
	o, err := a.orderOf(r)
	if err == nil {
		o, err = a.o.Mall.Cancel(r.context(), o.ID)
	}
	if err != nil {
		return reply{}, err
	}
	return ok(renderMallOrder(o, nil)), nil
}

func (a *API) createReturn(r *request, b MallReturnRequest) (reply, error) {
	key, err := r.mallKey()
	if err != nil {
		return reply{}, err
	}
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	wait, preferred := preferredWait(r.c.Request.Header)
	v, replayed, err := a.o.Mall.GiveBack(r.context(), mall.ReturnRequest{Idempotency: key, Client: r.party.Client, Order: id,
		Quantity: int64(b.Quantity), Reason: b.Reason, Restock: b.Restock}, wait)
	if err != nil {
		return reply{}, err
	}
	answer := reply{status: http.StatusCreated, replayed: replayed, waited: preferred, location: orderPath(id) + "/returns", body: renderReturn(v)}
	if !v.Completed {
		answer.status = http.StatusAccepted
	}
	return answer, nil
}

func (a *API) listReturns(r *request) (reply, error) {
	o, err := a.orderOf(r)
	if err != nil {
		return reply{}, err
	}
	found, err := a.o.Mall.Returns(r.context(), o.ID)
	if err != nil {
		return reply{}, err
	}
	out := MallReturnList{Returns: make([]MallReturn, 0, len(found))}
	for _, v := range found {
		out.Returns = append(out.Returns, *renderReturn(v))
	}
	return ok(&out), nil
}

// mallProblem returns the problem that an error of the mall is, or nil.
func mallProblem(refusal *mall.Refusal) *problem.Problem {
	switch refusal.Code {
	case mall.CodeBillingDown, mall.CodePaymentsDown:
		return later(refusal.Code, refusal.Detail, 5*time.Second)
	case mall.CodeDecided:
		return problem.New(http.StatusConflict, refusal.Code, refusal.Detail)
	}
	p := problem.New(http.StatusUnprocessableEntity, refusal.Code, refusal.Detail)
	for _, o := range refusal.Offers {
		p.Offers = append(p.Offers, renderOffer(o))
	}
	return p
}
