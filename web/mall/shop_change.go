package mall

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pointgrid/pointgrid/mall"
)

func (m *Mall) askCancel(v *visit) error {
	o, err := m.orderOf(v)
	if err != nil {
		return err
	}
	if o.Step != mall.StepDispatch {
		http.Redirect(v.w, v.r, Area+"/orders/"+o.ID.String(), http.StatusSeeOther)
		return nil
	}
	return m.show(v, "order_cancel", m.orderLine(v, o))
}

func (m *Mall) cancelOrder(v *visit) error {
	o, err := m.orderOf(v)
	if err != nil {
		return err
	}
	path := "/orders/" + o.ID.String()
	o, err = m.o.Shop.Cancel(v.r.Context(), o.ID)
	var refusal *mall.Refusal
	switch {
	case errors.As(err, &refusal):
		return m.done(v, path, "flash.mall_order_too_late")
	case err != nil:
		return err
	case o.Status == mall.Cancelled:
		return m.done(v, path, "flash.mall_order_cancelled")
	}
	http.Redirect(v.w, v.r, Area+path, http.StatusSeeOther)
	return nil
}

// returnBody is the form of a return.
type returnBody struct {
	Line       orderLine
	Quantities []int64
	Reason     string
	Wrong      bool
}

// reasonMax bounds why something is returned, in bytes, as the mall does.
const reasonMax = 200

func (m *Mall) askReturn(v *visit) error {
	o, err := m.orderOf(v)
	if err != nil {
		return err
	}
	return m.returnPage(v, http.StatusOK, o, "")
}

func (m *Mall) returnPage(v *visit, status int, o *mall.Order, reason string) error {
	b := returnBody{Line: m.orderLine(v, o), Reason: reason, Wrong: reason != ""}
	for n := int64(1); n <= o.Quantity-o.Returned; n++ {
		b.Quantities = append(b.Quantities, n)
	}
	if o.Status != mall.Fulfilled || len(b.Quantities) == 0 {
		http.Redirect(v.w, v.r, Area+"/orders/"+o.ID.String(), http.StatusSeeOther)
		return nil
	}
	return m.showStatus(v, status, "order_return", b)
}

// claimReturn asks staff for a return. Nothing is given back before they agree.
func (m *Mall) claimReturn(v *visit) error {
	o, err := m.orderOf(v)
	if err != nil {
		return err
	}
	reason := strings.Join(strings.Fields(v.r.PostForm.Get("reason")), " ")
	if len(reason) > reasonMax {
		return m.returnPage(v, http.StatusUnprocessableEntity, o, reason)
	}
	path := "/orders/" + o.ID.String()
	_, err = m.o.Shop.AskReturn(v.r.Context(), v.Member, o.ID, whole(v.r.PostForm.Get("quantity")), reason)
	var refusal *mall.Refusal
	switch {
	case errors.As(err, &refusal):
		return m.done(v, path, "flash.mall_return_refused")
	case err != nil:
		return err
	}
	return m.done(v, path, "flash.mall_return_asked")
}
