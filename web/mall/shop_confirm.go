package mall

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
)

// client is as whom the pages order, beside the programs of the utility.
const client = "member-pages"

// orderWait is how long a member waits for the end of an order before the page says
// that it is under way.
const orderWait = 6 * time.Second

// confirmBody is what is shown before an order is made.
type confirmBody struct {
	Card        card
	Kind        mall.Kind
	Form        orderForm
	Offer       string
	Points, Fen int64 // in all
	BillFen     int64
	Before      int64 // points that can be used now
	After       int64
	ShownAt     int64
	Key         string
}

// confirmOrder shows what an order would be, or what stands in its way. Nothing is
// done yet.
func (m *Mall) confirmOrder(v *visit) error {
	s, err := m.o.Shop.Show(v.r.Context(), viewer(v), v.r.PathValue("product"))
	if err != nil {
		return err
	}
	form := readOrderForm(v.r.PostForm)
	if wrong := form.check(s.Product.Kind); wrong != nil {
		return m.productPage(v, http.StatusUnprocessableEntity, s, form, wrong)
	}
	b := confirmBody{Card: m.card(v, s), Kind: s.Product.Kind, Form: form, Offer: offerValue(form.Points, form.Fen), ShownAt: m.o.Shop.Now()}
	if b.Key, err = m.orderKey(v, s.Product, &form); err != nil {
		return err
	}
	if err := m.o.Shop.Check(v.r.Context(), m.request(v, s.Product, &form, b.Key, b.ShownAt)); err != nil {
		return m.refuseOrder(v, s, form, err)
	}
	p, err := m.purse(v)
	if err != nil {
		return err
	}
	// No overflow: the mall has accepted price and quantity.
	b.Points, b.Fen, b.BillFen = form.Points*form.Quantity, form.Fen*form.Quantity, s.Product.BillFen*form.Quantity
	b.Before, b.After = p.Usable, p.Usable-b.Points
	return m.show(v, "confirm", b)
}

// orderKey names an order before it is made. It follows from what is ordered and
// from the member's last order, so that the same form in two tabs, or sent twice, is
// one order, and the same wish later is another.
func (m *Mall) orderKey(v *visit, p *mall.Product, f *orderForm) (string, error) {
	last, err := m.o.Shop.Orders(v.r.Context(), mall.OrderFilter{Member: v.Member, Limit: 1})
	if err != nil {
		return "", err
	}
	var after ledger.ID
	if len(last) > 0 {
		after = last[0].ID
	}
	what := wish(p.ID, f)
	sum := sha256.Sum256(append(after[:], what[:]...))
	return hex.EncodeToString(sum[:16]), nil
}

// wish is what is ordered, as one value.
func wish(product string, f *orderForm) ledger.Hash {
	return sha256.Sum256(fmt.Appendf(nil, "%q %d %d %d %q %q", product, f.Quantity, f.Points, f.Fen, f.Contract, f.Address))
}

func (m *Mall) request(v *visit, p *mall.Product, f *orderForm, key string, shownAt int64) mall.Request {
	own := sha256.Sum256(append(v.account[:], key...)) // nobody can use up somebody else's keys
	r := mall.Request{Idempotency: mall.Idempotency{Key: hex.EncodeToString(own[:]), Hash: wish(p.ID, f)}, Client: client, Member: v.Member,
		Product: p.ID, Quantity: f.Quantity, Points: f.Points, Fen: f.Fen, ShownAt: shownAt, Channel: channel}
	if p.Kind == mall.BillCredit {
		r.ContractAccount = f.Contract
	}
	if (p.Kind == mall.Goods || p.Kind == mall.Service) && f.Address != (mall.Address{}) {
		address := f.Address
		r.Address = &address
	}
	return r
}

// placeOrder makes the order that was confirmed.
func (m *Mall) placeOrder(v *visit) error {
	s, err := m.o.Shop.Show(v.r.Context(), viewer(v), v.r.PostForm.Get("product"))
	if err != nil {
		return err
	}
	form, key := readOrderForm(v.r.PostForm), v.r.PostForm.Get("key")
	if b, err := hex.DecodeString(key); err != nil || len(b) != 16 {
		return errNotFound // no form of ours
	}
	o, again, err := m.o.Shop.Place(v.r.Context(), m.request(v, s.Product, &form, key, max(whole(v.r.PostForm.Get("shown_at")), 1)), orderWait)
	if err != nil {
		return m.refuseOrder(v, s, form, err)
	}
	path := "/orders/" + o.ID.String()
	switch {
	case again:
		return m.done(v, path, "flash.mall_order_again")
	case o.Status == mall.Fulfilled:
		return m.done(v, path, "flash.mall_order_done")
	case o.Step == mall.StepDispatch:
		return m.done(v, path, "flash.mall_order_placed")
	}
	http.Redirect(v.w, v.r, Area+path, http.StatusSeeOther)
	return nil
}

// refusedBody says why an order was not made, and what to do.
type refusedBody struct {
	Card   card
	Code   string
	Offers []mall.Offer // that count now
	Linked bool         // a way to the partners' page helps
	Short  int64        // points that are missing
}

// byField are refusals that are shown beside the field that caused them.
var byField = map[string]string{mall.CodeContractNeeded: "contract", mall.CodeForeignContract: "contract", mall.CodeAddressNeeded: "name"}

// statuses are those of answers to refusals that are not 422.
var statuses = map[string]int{mall.CodeBillingDown: http.StatusServiceUnavailable, mall.CodePaymentsDown: http.StatusServiceUnavailable}

func (m *Mall) refuseOrder(v *visit, s *mall.Shown, form orderForm, err error) error {
	var refusal *mall.Refusal
	var busy *mall.Busy
	switch {
	case errors.As(err, &busy):
		m.problem(v, http.StatusServiceUnavailable, "busy")
		return nil
	case errors.Is(err, mall.ErrKeyReused):
		m.problem(v, http.StatusConflict, "form")
		return nil
	case !errors.As(err, &refusal):
		return err
	}
	if field, ok := byField[refusal.Code]; ok {
		return m.productPage(v, http.StatusUnprocessableEntity, s, form, map[string]string{field: "mall.shop.wrong." + refusal.Code})
	}
	b := refusedBody{Card: m.card(v, s), Code: refusal.Code, Offers: refusal.Offers}
	if refusal.Code == string(ledger.CodeInsufficientPoints) {
		p, err := m.purse(v)
		if err != nil {
			return err
		}
		b.Short = form.Points*form.Quantity - p.Usable // the mall has accepted price and quantity
	}
	if !m.o.Pages.Has("mall.shop.refused." + b.Code + ".title") {
		b.Code = "generic"
	}
	status, ok := statuses[refusal.Code]
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	return m.showStatus(v, status, "refused", b)
}
