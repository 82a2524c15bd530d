package mall_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

func TestEveryKindIsFulfilled(t *testing.T) {
	for _, cash := range []bool{false, true} {
		for _, product := range []string{"bill", "film", "miles", "lamp", "audit"} {
			if cash && product == "miles" {
				continue
			}
			t.Run(fmt.Sprint(product, " with cash ", cash), func(t *testing.T) {
				w := newWorld(t, malltest.NewMemory())
				r := w.request(w.member(1, 1000), product)
				if cash {
					r = withCash(r)
				}
				o := w.place(r)
				if o.Kind == mall.Goods || o.Kind == mall.Service {
					want := map[bool]mall.Status{false: mall.Holding, true: mall.Paid}[cash]
					if o.Status != want || o.Step != mall.StepDispatch {
						t.Fatalf("the order is %s at %s, want %s and waiting", o.Status, o.Step, want)
					}
					w.consistent()
					for range 2 {
						sent, err := w.Dispatch(context.Background(), o.ID, "SF-1")
						must(t, err)
						o = sent
					}
				}
				if o.Status != mall.Fulfilled || o.Month == 0 {
					t.Fatalf("the order is %+v", o)
				}
				w.consistent()
				again, replayed, err := w.Place(context.Background(), r, time.Second)
				if err != nil || !replayed || again.ID != o.ID {
					t.Errorf("a repeat: %+v, %t, %v", again, replayed, err)
				}
				r.Hash[0]++
				if _, _, err := w.Place(context.Background(), r, time.Second); !errors.Is(err, mall.ErrKeyReused) {
					t.Errorf("another body under the key: %v", err)
				}
			})
		}
	}
}

func TestWhatTheMallDoesNotSell(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	rich, poor, gold := w.member(1, 1000), w.member(2, 30), w.member(7, 1000)
	ctx := context.Background()
	sale := malltest.Product("sale", mall.Service)
	sale.SaleFrom, sale.SaleUntil = w.Now()+1_000_000, w.Now()+2_000_000
	exclusive := malltest.Product("exclusive", mall.Service)
	exclusive.Tiers = []string{"gold"}
	hidden := malltest.Product("hidden", mall.Service)
	hidden.Listed = false
	for _, p := range []*mall.Product{sale, exclusive, hidden} {
		must(t, w.SaveProduct(ctx, "ops", p))
	}
	for _, c := range []struct {
		name, member, product string
		change                func(*mall.Request)
		code                  string
	}{
		{"no such product", rich, "nothing", nil, mall.CodeProductUnknown},
		{"a forged price", rich, "bill", func(r *mall.Request) { r.Points = 1 }, mall.CodePriceChanged},
		{"a price of two halves", rich, "bill", func(r *mall.Request) { r.Points = pricePoints / 2 }, mall.CodePriceChanged},
		{"shown long ago", rich, "bill", func(r *mall.Request) { r.ShownAt = w.Now() - 3_600_000 }, mall.CodeOfferExpired},
		{"shown in the future", rich, "bill", func(r *mall.Request) { r.ShownAt = w.Now() + 3_600_000 }, mall.CodeOfferExpired},
		{"a foreign contract account", rich, "bill", func(r *mall.Request) { r.ContractAccount = "C-2" }, mall.CodeForeignContract},
		{"no contract account", rich, "bill", func(r *mall.Request) { r.ContractAccount = "" }, mall.CodeContractNeeded},
		{"no address", rich, "lamp", func(r *mall.Request) { r.Address = nil }, mall.CodeAddressNeeded},
		{"half an address", rich, "lamp", func(r *mall.Request) { r.Address = &mall.Address{Name: "x"} }, mall.CodeInvalid},
		{"a control character in an address", rich, "lamp", func(r *mall.Request) { r.Address.Street = "a\x00b" }, mall.CodeInvalid},
		{"no units", rich, "lamp", func(r *mall.Request) { r.Quantity = 0 }, mall.CodeQuantity},
		{"too many units", rich, "lamp", func(r *mall.Request) { r.Quantity = 11 }, mall.CodeQuantity},
		{"sold out", gold, "exclusive", nil, mall.CodeSoldOut},
		{"another tier's", rich, "exclusive", nil, mall.CodeTierExcluded},
		{"before the sale", rich, "sale", nil, mall.CodeNotOnSale},
		{"not listed", rich, "hidden", nil, mall.CodeNotOnSale},
		{"too few points", poor, "bill", nil, string(ledger.CodeInsufficientPoints)},
		{"a member without an account", "M-99", "bill", nil, string(ledger.CodeInsufficientPoints)},
		{"a channel that is none", rich, "bill", func(r *mall.Request) { r.Channel = "<b>" }, mall.CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := w.request(c.member, c.product)
			if c.change != nil {
				c.change(&r)
			}
			_, _, err := w.Place(ctx, r, time.Second)
			got := refusal(t, err, c.code)
			if c.code == mall.CodePriceChanged && !slices.Equal(got.Offers, []mall.Offer{{Points: 50, Fen: 2000, List: 50}, {Points: 100, List: 100}}) {
				t.Errorf("the refusal has the offers %+v", got.Offers)
			}
		})
	}
	w.consistent()
	orders, err := w.Orders(ctx, mall.OrderFilter{Limit: 9})
	if err != nil || len(orders) != 0 {
		t.Errorf("%d orders are remembered, %v", len(orders), err)
	}
}

func TestScriptInNamesStaysText(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	o := w.place(w.request(w.member(1, 1000), "lamp"))
	got, err := w.Order(context.Background(), o.ID)
	must(t, err)
	if got.Address.Street != "<script>alert(1)</script>" {
		t.Errorf("the street is %q", got.Address.Street)
	}
}

func TestACancelledOrderLeavesNoTrace(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	m := w.member(1, 1000)
	before := w.lots(m)
	o := w.place(withCash(w.request(m, "lamp")))
	for range 2 {
		got, err := w.Cancel(context.Background(), o.ID)
		must(t, err)
		if got.Status != mall.Cancelled || got.Failure.Code != mall.CodeCancelled {
			t.Errorf("the order is %+v", got)
		}
	}
	if got := w.lots(m); !reflect.DeepEqual(got, before) {
		t.Errorf("lots are %v, want %v", got, before)
	}
	_, err := w.Dispatch(context.Background(), o.ID, "SF-1")
	refusal(t, err, mall.CodeNotWaiting)
	bill := w.place(w.request(m, "bill"))
	_, err = w.Cancel(context.Background(), bill.ID)
	refusal(t, err, mall.CodeNotCancellable)
	w.consistent()
}

func TestAReservationTimesOutOnce(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	m := w.member(1, 1000)
	o := w.place(w.request(m, "lamp"))
	w.clock.advance(14*24*time.Hour + time.Minute)
	if got := w.ended(o.ID); got.Status != mall.Cancelled || got.Failure.Code != mall.CodeTimedOut {
		t.Errorf("the order is %+v", got)
	}
	w.consistent()
}

func TestTwoTabsOrderOnce(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	r := w.request(w.member(1, 1000), "bill")
	ids := make(chan ledger.ID, 8)
	for range 8 {
		go func() {
			o, _, err := w.Place(context.Background(), r, 5*time.Second)
			if err != nil {
				t.Error(err)
				ids <- ledger.ID{}
				return
			}
			ids <- o.ID
		}()
	}
	first := <-ids
	for range 7 {
		if id := <-ids; id != first {
			t.Errorf("orders %s and %s", first, id)
		}
	}
	w.ended(first)
	w.consistent()
}

func TestReturnsGiveTheSameLotsBack(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	ctx := context.Background()
	m := w.member(1, 1000) // 333, 333, 334
	before := w.lots(m)
	r := withCash(w.request(m, "lamp"))
	r.Quantity = 10
	o := w.place(r)
	back := func(key string, n int64) (*mall.Return, error) {
		v, _, err := w.GiveBack(ctx, mall.ReturnRequest{Idempotency: mall.Idempotency{Key: key, Hash: ledger.Hash{byte(n)}}, Client: "shop",
			Order: o.ID, Quantity: n, Reason: "坏了", Restock: n == 4}, 5*time.Second)
		return v, err
	}
	_, err := back("early", 1)
	refusal(t, err, mall.CodeNotReturnable)
	_, err = w.Dispatch(ctx, o.ID, "SF-1")
	must(t, err)
	spent := w.lots(m) // 500 of the first two lots
	if spent[0].Amount != 166 {
		t.Fatalf("lots are %v", spent)
	}
	v, err := back("a", 4)
	must(t, err)
	if !v.Completed || v.Points != 200 || v.Fen != 8000 {
		t.Errorf("the return is %+v", v)
	}
	again, err := back("a", 4)
	if err != nil || again.ID != v.ID {
		t.Errorf("the same return again: %+v, %v", again, err)
	}
	if _, err := back("a", 5); !errors.Is(err, mall.ErrKeyReused) {
		t.Errorf("another under the key: %v", err)
	}
	_, err = back("b", 7)
	refusal(t, err, mall.CodeQuantity)
	w.consistent()
	_, err = back("c", 6)
	must(t, err)
	if got := w.lots(m); !reflect.DeepEqual(got, before) {
		t.Errorf("lots are %v, want %v", got, before)
	}
	if got, err := w.Order(ctx, o.ID); err != nil || got.Status != mall.Refunded || got.Returned != 10 {
		t.Errorf("the order is %+v, %v", got, err)
	}
	w.consistent()
}

func TestABillingSystemThatMisbehavesCreditsOnceOrNot(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []backsim.Fault
		late   bool // the deadline passes
		want   mall.Status
		code   string
	}{
		{"an answer is lost", []backsim.Fault{{Verb: "apply", Kind: backsim.LoseAnswer, Count: 1}}, false, mall.Fulfilled, ""},
		{"a call is lost", []backsim.Fault{{Verb: "apply", Kind: backsim.LoseCall, Count: 1}}, false, mall.Fulfilled, ""},
		{"questions are lost too", []backsim.Fault{{Verb: "apply", Kind: backsim.LoseAnswer, Count: 1}, {Verb: "status", Kind: backsim.LoseCall, Count: 3}}, false, mall.Fulfilled, ""},
		{"it declines", []backsim.Fault{{Verb: "apply", Kind: backsim.Decline, Count: 1}}, false, mall.Cancelled, mall.CodeBillingDeclined},
		{"it takes its time for ever", []backsim.Fault{{Verb: "apply", Kind: backsim.Pending}}, true, mall.Cancelled, mall.CodeOutcomeUnknown},
		{"nothing reaches it", []backsim.Fault{{Verb: "apply", Kind: backsim.LoseCall}}, true, mall.Cancelled, mall.CodeOutcomeUnknown},
		{"it does and never says", []backsim.Fault{{Verb: "apply", Kind: backsim.LoseAnswer}, {Verb: "status", Kind: backsim.LoseCall}}, true, mall.Cancelled, mall.CodeOutcomeUnknown},
		{"it does, never says, and does not take it back", []backsim.Fault{{Verb: "apply", Kind: backsim.LoseAnswer}, {Verb: "status", Kind: backsim.LoseCall}, {Verb: "withdraw", Kind: backsim.Decline}}, true, mall.Fulfilled, ""},
		{"it says nothing until long after the deadline", []backsim.Fault{{Verb: "apply", Kind: backsim.LoseAnswer}, {Verb: "status", Kind: backsim.LoseCall}, {Verb: "withdraw", Kind: backsim.LoseAnswer, Count: 30}}, true, mall.Cancelled, mall.CodeOutcomeUnknown},
	} {
		for _, cash := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, ", cash ", cash), func(t *testing.T) {
				w := newWorld(t, malltest.NewMemory())
				for _, f := range c.faults {
					if !w.back.Break(f) {
						t.Fatalf("%+v is no fault", f)
					}
				}
				r := w.request(w.member(1, 1000), "bill")
				if cash {
					r = withCash(r)
				}
				wait := 5 * time.Second
				if c.late {
					wait = 0
				}
				o, _, err := w.Place(context.Background(), r, wait)
				must(t, err)
				if c.late {
					w.until(o.ID, "asks the billing system", func(o *mall.Order) bool { return o.Step == mall.StepApply })
					w.clock.advance(2 * time.Minute)
				}
				got := w.ended(o.ID)
				code := ""
				if got.Failure != nil {
					code = got.Failure.Code
				}
				if got.Status != c.want || code != c.code {
					t.Errorf("the order is %s %+v, want %s %s", got.Status, got.Failure, c.want, c.code)
				}
				w.consistent()
				// A call that was on its way all the time comes after all.
				late, _ := w.back.Apply(context.Background(), mall.Credit{Order: o.ID, ContractAccount: "C-1", Member: "M-1", Fen: got.BillFen})
				if c.want == mall.Cancelled && late.Outcome == mall.Done {
					t.Error("a late call was carried out")
				}
				w.consistent()
			})
		}
	}
}

func TestAPaymentThatFailsGivesEverythingBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault backsim.Fault
		late  mall.Step // at which the deadline passes
		want  mall.Status
	}{
		{"declined", backsim.Fault{Verb: "authorise", Kind: backsim.Decline, Count: 1}, "", mall.Cancelled},
		{"the answer is lost", backsim.Fault{Verb: "authorise", Kind: backsim.LoseAnswer, Count: 2}, "", mall.Holding},
		{"the call is lost", backsim.Fault{Verb: "authorise", Kind: backsim.LoseCall, Count: 2}, "", mall.Holding},
		{"the member never confirms", backsim.Fault{Verb: "authorise", Kind: backsim.Pending}, mall.StepAuthorise, mall.Cancelled},
		{"the capture is declined", backsim.Fault{Verb: "capture", Kind: backsim.Decline, Count: 1}, "", mall.Cancelled},
		{"the capture's answer is lost", backsim.Fault{Verb: "capture", Kind: backsim.LoseAnswer, Count: 3}, "", mall.Holding},
		{"the capture hangs", backsim.Fault{Verb: "capture", Kind: backsim.LoseAnswer}, mall.StepCapture, mall.Cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, malltest.NewMemory())
			w.back.Break(c.fault)
			o, _, err := w.Place(context.Background(), withCash(w.request(w.member(1, 1000), "lamp")), 0)
			must(t, err)
			if c.late != "" {
				w.until(o.ID, "waits for the provider", func(o *mall.Order) bool { return o.Step == c.late })
				w.clock.advance(2 * time.Minute)
			}
			if c.want == mall.Cancelled {
				w.ended(o.ID)
			} else {
				w.until(o.ID, "waits for dispatch", func(o *mall.Order) bool { return o.Step == mall.StepDispatch })
			}
			w.consistent()
		})
	}
}

func TestPartnerPointsGoThroughTheExchange(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	w.bourse.silent = 3
	r := w.request(w.member(1, 1000), "miles")
	r.Quantity = 3
	o := w.place(r)
	if o.Status != mall.Fulfilled || o.Reference != "CONV-1" || w.bourse.done[o.ID] != (mall.Purchase{Order: o.ID, Member: "M-1", Partner: "sky", Points: 300}) {
		t.Errorf("the order is %+v, the exchange has %+v", o, w.bourse.done)
	}
	w.bourse.decline = true
	if o := w.place(w.request("M-1", "miles")); o.Status != mall.Cancelled || *o.Failure != (mall.Failure{Code: mall.CodeExchangeDeclined, Detail: "the exchange declined: link_missing"}) {
		t.Errorf("the order is %+v", o)
	}
	w.consistent()
}

func TestCodesAreGivenOnceAndOnlyToTheirOrder(t *testing.T) {
	w := newWorld(t, malltest.NewMemory())
	ctx := context.Background()
	m := w.member(1, 100_000)
	seen := map[string]bool{}
	for range inStock / 2 {
		r := w.request(m, "film")
		r.Quantity = 2
		o := w.place(r)
		codes, err := w.Codes(ctx, o)
		must(t, err)
		if len(codes) != 2 {
			t.Fatalf("codes are %v", codes)
		}
		for _, c := range codes {
			if seen[c] {
				t.Errorf("code %s was given twice", c)
			}
			seen[c] = true
		}
	}
	_, _, err := w.Place(ctx, w.request(m, "film"), time.Second)
	refusal(t, err, mall.CodeSoldOut)
	w.consistent()
	log, err := w.Changes(ctx, "film")
	must(t, err)
	for _, e := range log {
		if strings.Contains(e.Detail, "FILM-") {
			t.Errorf("the log has a code: %s", e.Detail)
		}
	}
}
