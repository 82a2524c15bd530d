package paymenttest

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/netting"
	"github.com/pointgrid/pointgrid/settlement/payment"
)

// Run checks that a store keeps the promises of [payment.Store]. open returns an
// empty store and cleans up after itself.
func Run(t *testing.T, open func(t *testing.T) payment.Store) {
	suite.Run(t, open, suite.Promises[payment.Store]{
		{"an order comes back as it was, with its payments", roundTrip},
		{"a payment is in one order", taken},
		{"an order and its payments change together, by one at a time", versions},
		{"orders are paged, newest first", pages},
		{"a payment changes by one at a time", payments},
		{"a reading is kept once", readings},
		{"what is not there is not found", missing},
	})
}

// sample is an order with every field set, of two payments of settlement n.
func sample(n int64) *payment.Order {
	window := ledger.Date(20_000 + n)
	id := window.String() + ".sky"
	party := func(name string) bank.Party {
		return bank.Party{Name: name, Account: "1001", BIC: "ICBKCNBJ", CNAPS: "102290000012"}
	}
	o := &payment.Order{ID: fmt.Sprintf("PG-%d", n), State: payment.Releasing, Settlements: []string{id}, Maker: desk.Person{ID: "m"}, PreparedAt: 10 + n,
		Checker: desk.Person{ID: "c"}, ReleasedAt: 20, Execute: 20_001, Digest: ledger.Hash{1}, Reason: "no", Version: 1}
	for i, c := range []netting.Channel{netting.GrossIn, netting.GrossOut} {
		p := payment.Payment{Reference: fmt.Sprintf("%s/%d", id, i), Order: o.ID, Settlement: id, Partner: "sky", Window: window, Channel: c, Attempt: 2,
			Payer: "sky", From: party("云程航空"), To: party("电力"), Cents: 1_234, State: payment.Ordered, BankReference: "b", ConfirmedOn: 20_002, Version: 1}
		if c == netting.GrossOut {
			p.Payer, p.Payee = p.Payee, p.Payer
		}
		o.Payments = append(o.Payments, p)
	}
	return o
}

func wantOrder(t *testing.T, s payment.Store, want *payment.Order) {
	t.Helper()
	got, err := s.Order(context.Background(), want.ID)
	suite.Must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("order\n got %+v\nwant %+v", got, want)
	}
}

func roundTrip(t *testing.T, s payment.Store) {
	ctx := context.Background()
	full := sample(1)
	bare := &payment.Order{ID: "PG-bare", State: payment.Prepared, Settlements: []string{"2026-11-21.tel"}, Maker: desk.Person{ID: "m"}, Version: 1}
	for _, o := range []*payment.Order{full, bare} {
		suite.Must(t, s.CreateOrder(ctx, o))
		wantOrder(t, s, o)
	}
	for i := range full.Payments {
		got, err := s.Payment(ctx, full.Payments[i].Reference)
		suite.Must(t, err)
		if *got != full.Payments[i] {
			t.Errorf("payment\n got %+v\nwant %+v", got, full.Payments[i])
		}
	}
}

func taken(t *testing.T, s payment.Store) {
	ctx := context.Background()
	suite.Must(t, s.CreateOrder(ctx, sample(1)))
	suite.WantErr(t, "the same order", s.CreateOrder(ctx, sample(1)), payment.ErrTaken)
	other := sample(2)
	other.Payments[1] = sample(1).Payments[1]
	other.Payments[1].Order = other.ID
	suite.WantErr(t, "a payment of another order", s.CreateOrder(ctx, other), payment.ErrTaken)
	_, err := s.Order(ctx, other.ID)
	suite.WantErr(t, "the order that was not stored", err, payment.ErrNotFound)
	_, err = s.Payment(ctx, other.Payments[0].Reference)
	suite.WantErr(t, "its other payment", err, payment.ErrNotFound)
	wantOrder(t, s, sample(1))
}

func versions(t *testing.T, s payment.Store) {
	ctx := context.Background()
	suite.Must(t, s.CreateOrder(ctx, sample(1)))
	suite.WantErr(t, "the same version", s.UpdateOrder(ctx, sample(1)), payment.ErrChanged)
	o := sample(1)
	o.Version, o.State = 2, payment.Released
	o.Payments[0].State, o.Payments[0].Version = payment.Dropped, 2
	suite.Must(t, s.UpdateOrder(ctx, o))
	wantOrder(t, s, o)
	o.Payments[0].State = payment.Ordered
	suite.WantErr(t, "the same version again", s.UpdateOrder(ctx, o), payment.ErrChanged)
	if p, err := s.Payment(ctx, o.Payments[0].Reference); err != nil || p.State != payment.Dropped {
		t.Errorf("a payment was changed without its order: %+v, %v", p, err)
	}
	suite.WantErr(t, "an unknown order", s.UpdateOrder(ctx, &payment.Order{ID: "x", Version: 2}), payment.ErrChanged)
}

func pages(t *testing.T, s payment.Store) {
	ctx := context.Background()
	for n := int64(1); n <= 5; n++ {
		o := sample(n)
		if n%2 == 0 {
			o.State = payment.Prepared
		}
		if n == 4 {
			o.PreparedAt = sample(3).PreparedAt // the ID decides
		}
		suite.Must(t, s.CreateOrder(ctx, o))
	}
	var got []string
	for before := ""; ; {
		page, err := s.Orders(ctx, before, 2)
		suite.Must(t, err)
		if len(page) == 0 {
			break
		}
		for _, o := range page {
			got = append(got, o.ID)
			if len(o.Payments) != 2 {
				t.Errorf("order %s has %d payments", o.ID, len(o.Payments))
			}
		}
		before = page[len(page)-1].ID
	}
	if want := []string{"PG-5", "PG-4", "PG-3", "PG-2", "PG-1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("paged %v, want %v", got, want)
	}
	unreleased, err := s.Unreleased(ctx)
	suite.Must(t, err)
	if len(unreleased) != 3 || unreleased[0].ID != "PG-1" || unreleased[2].ID != "PG-5" || len(unreleased[0].Payments) != 2 {
		t.Errorf("being released are %+v", unreleased)
	}
}

func payments(t *testing.T, s payment.Store) {
	ctx := context.Background()
	o := sample(1)
	suite.Must(t, s.CreateOrder(ctx, o))
	suite.Must(t, s.CreateOrder(ctx, sample(2)))
	p := o.Payments[1]
	suite.WantErr(t, "the same version", s.UpdatePayment(ctx, &p), payment.ErrChanged)
	p.Version, p.State, p.BankReference, p.ConfirmedOn = 2, payment.Confirmed, "银行", 20_005
	suite.Must(t, s.UpdatePayment(ctx, &p))
	suite.WantErr(t, "the same version again", s.UpdatePayment(ctx, &p), payment.ErrChanged)
	all, err := s.PaymentsOf(ctx, p.Settlement)
	suite.Must(t, err)
	if len(all) != 2 || *all[0] != o.Payments[0] || *all[1] != p {
		t.Errorf("payments of the settlement: %+v", all)
	}
	if none, err := s.PaymentsOf(ctx, "2020-01-01.sky"); err != nil || len(none) != 0 {
		t.Errorf("of another: %+v, %v", none, err)
	}
}

func readings(t *testing.T, s payment.Store) {
	ctx := context.Background()
	full := &payment.Reading{Digest: ledger.Hash{1}, Name: "对账.xml", By: desk.Person{ID: "m"}, At: 5, Entries: 2, Settled: []string{"2026-11-21.sky"},
		Outcomes: []payment.Outcome{{Verdict: bank.WrongAmount, Reference: "r", Partner: "sky", Cents: 1 << 53, Ordered: 7, Date: 20_000, Break: "b"}}}
	bare := &payment.Reading{Digest: ledger.Hash{2}, Name: "x", At: 6}
	for _, r := range []*payment.Reading{full, bare} {
		suite.Must(t, s.SaveReading(ctx, r))
		got, err := s.Reading(ctx, r.Digest)
		suite.Must(t, err)
		if !reflect.DeepEqual(got, r) {
			t.Errorf("reading\n got %+v\nwant %+v", got, r)
		}
	}
	again := *full
	again.Name = "other"
	suite.Must(t, s.SaveReading(ctx, &again))
	all, err := s.Readings(ctx, 10)
	suite.Must(t, err)
	if len(all) != 2 || all[0].Digest != bare.Digest || all[1].Name != full.Name {
		t.Errorf("readings %+v", all)
	}
	if first, err := s.Readings(ctx, 1); err != nil || len(first) != 1 {
		t.Errorf("one reading: %+v, %v", first, err)
	}
}

func missing(t *testing.T, s payment.Store) {
	ctx := context.Background()
	_, err := s.Order(ctx, "x")
	suite.WantErr(t, "Order", err, payment.ErrNotFound)
	_, err = s.Orders(ctx, "x", 5)
	suite.WantErr(t, "Orders", err, payment.ErrNotFound)
	_, err = s.Payment(ctx, "x")
	suite.WantErr(t, "Payment", err, payment.ErrNotFound)
	_, err = s.Reading(ctx, ledger.Hash{9})
	suite.WantErr(t, "Reading", err, payment.ErrNotFound)
	suite.WantErr(t, "UpdatePayment", s.UpdatePayment(ctx, &payment.Payment{Reference: "x", Version: 1}), payment.ErrChanged)
}
