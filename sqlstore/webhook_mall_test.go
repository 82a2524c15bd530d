package sqlstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

func TestTheUtilityAloneIsToldOnceHowOrdersEnd(t *testing.T) {
	onEach(t, theUtilityAloneIsToldOnceHowOrdersEnd)
}

func theUtilityAloneIsToldOnceHowOrdersEnd(t *testing.T, open openFunc) {
	s, ctx := open(t), context.Background()
	utility, partner := subscribe(t, s, 900, "", "order.*", "return.completed"), subscribe(t, s, 901, "sky", "*")
	malltest.Stock(t, s, "lamp", 10)
	ends := func(n int, status mall.Status, why *mall.Failure) *mall.Order {
		t.Helper()
		o := malltest.Order(n, "lamp", 3)
		if existing, err := s.CreateMallOrder(ctx, o); err != nil || existing != nil {
			t.Fatal(existing, err)
		}
		o.Step, o.Status, o.Revision = mall.StepDispatch, mall.Paid, 2
		suite.Must(t, s.UpdateMallOrder(ctx, o))
		o.Step, o.Status, o.Failure, o.FinishedAt, o.Revision = mall.StepDone, status, why, 70+int64(n), 3
		suite.Must(t, s.UpdateMallOrder(ctx, o))
		if err := s.UpdateMallOrder(ctx, o); !errors.Is(err, mall.ErrChanged) {
			t.Fatalf("stored again it returned %v", err)
		}
		return o
	}
	kept := ends(1, mall.Fulfilled, nil)
	ends(2, mall.Cancelled, &mall.Failure{Code: mall.CodeCancelled, Detail: "the member cancelled it"})
	back := func(n int, quantity, before int64) {
		t.Helper()
		r := &mall.Return{ID: malltest.ID(n), Order: kept.ID, Client: "shop", Request: mall.Idempotency{Key: malltest.ID(n).String()}, Quantity: quantity,
			Before: before, Points: 100 * quantity, Fen: 50 * quantity, Reason: "broken", Step: mall.StepReverse, Revision: 1}
		if existing, err := s.CreateReturn(ctx, r); err != nil || existing != nil {
			t.Fatal(existing, err)
		}
		r.Step, r.Completed, r.FinishedAt, r.Revision = mall.StepDone, true, 90, 2
		suite.Must(t, s.UpdateReturn(ctx, r))
		if err := s.UpdateReturn(ctx, r); !errors.Is(err, mall.ErrChanged) {
			t.Fatalf("stored again it returned %v", err)
		}
	}
	back(10, 1, 0)
	back(11, 2, 1)
	if got, want := toldOf(t, s, utility), "1 order.fulfilled, 2 order.cancelled, 3 return.completed, 4 return.completed, 5 order.refunded"; got != want {
		t.Errorf("the utility is told %q, want %q", got, want)
	}
	if got := toldOf(t, s, partner); got != "" {
		t.Errorf("a partner is told %q", got)
	}
	account := ledger.Account{1}.String()
	for sequence, want := range map[int64]string{
		1: `{"order_id":"` + kept.ID.String() + `","account":"` + account + `","product":"lamp","kind":"goods","quantity":3,"points":"300","fen":"150"}`,
		4: `{"return_id":"` + malltest.ID(11).String() + `","order_id":"` + kept.ID.String() + `","account":"` + account + `","quantity":2,"points":"200","fen":"100"}`,
	} {
		m, err := s.Message(ctx, utility, sequence)
		if err != nil || m.Data != want {
			t.Errorf("message %d is %+v, %v, want %s", sequence, m, err, want)
		}
	}
	if m, err := s.Message(ctx, utility, 2); err != nil || m.At != 72 || !strings.Contains(m.Data, `"failure_code":"cancelled_by_member"`) {
		t.Errorf("the cancellation is told as %+v, %v", m, err)
	}
}
