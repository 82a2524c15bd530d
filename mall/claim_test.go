package mall_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

func TestWhatAMemberWishesToReturnIsGivenBackOnceStaffAgree(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	ctx := context.Background()
	r := w.request(w.member(1, 1000), "lamp")
	r.Quantity = 3
	o := w.place(r)
	_, err := w.AskReturn(ctx, "M-1", o.ID, 1, "broken")
	refusal(t, err, mall.CodeNotReturnable) // it was not sent yet
	_, err = w.Dispatch(ctx, o.ID, "SF-1")
	must(t, err)
	if _, err := w.AskReturn(ctx, "M-2", o.ID, 1, ""); !errors.Is(err, mall.ErrNotFound) {
		t.Errorf("somebody else's order: %v", err)
	}
	_, err = w.AskReturn(ctx, "M-1", o.ID, 4, "")
	refusal(t, err, mall.CodeQuantity)
	c, err := w.AskReturn(ctx, "M-1", o.ID, 2, "broken")
	must(t, err)
	if again, err := w.AskReturn(ctx, "M-1", o.ID, 1, "again"); err != nil || again.ID != c.ID {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	if _, err := w.Decline(ctx, "wu", c.ID, "show it to us"); err != nil {
		t.Error(err)
	}
	_, err = w.Grant(ctx, "wu", c.ID, true, time.Second)
	refusal(t, err, mall.CodeDecided)
	c, err = w.AskReturn(ctx, "M-1", o.ID, 2, "broken, see picture")
	must(t, err)
	c, err = w.Grant(ctx, "wu", c.ID, true, 10*time.Second)
	must(t, err)
	if c.State != mall.ClaimGranted || c.Checker != "wu" {
		t.Errorf("granted, it is %+v", c)
	}
	if o, err = w.Order(ctx, o.ID); err != nil || o.Returned != 2 || o.Status != mall.Fulfilled {
		t.Errorf("the order is %+v, %v", o, err)
	}
	w.consistent()
}
