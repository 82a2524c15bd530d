package backsim_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/mall"
	"github.com/pointgrid/pointgrid/mall/backoffice"
	"github.com/pointgrid/pointgrid/mall/backsim"
	"github.com/pointgrid/pointgrid/mall/malltest"
)

func owns(member, account string) bool { return member == "M-1" && account == "C-1" }

// overHTTP serves a system and returns a client for it.
func overHTTP(t *testing.T, s *backsim.System) *backoffice.Client {
	t.Helper()
	server := httptest.NewServer(s.Handler(nil))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	c, err := backoffice.New(backoffice.Options{URL: server.URL, Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// is checks the outcome of a call.
func is(t *testing.T, what string, want mall.Outcome) func(mall.Answer, error) {
	return func(a mall.Answer, err error) {
		t.Helper()
		if err != nil || a.Outcome != want {
			t.Errorf("%s: %+v, %v; want %s", what, a, err, want)
		}
	}
}

func TestItKeepsThePromisesOfThePortsOverHTTP(t *testing.T) {
	s := backsim.New(owns)
	c, ctx := overHTTP(t, s), t.Context()
	for account, want := range map[string]bool{"C-1": true, "C-2": false, "a b/c?d": false} {
		if got, err := c.Owns(ctx, "M-1", account); err != nil || got != want {
			t.Errorf("account %q: %t, %v", account, got, err)
		}
	}
	credit := mall.Credit{Order: malltest.ID(1), ContractAccount: "C-1", Member: "M-1", Fen: 500}
	is(t, "a credit nobody knows", mall.NeverSeen)(c.CreditStatus(ctx, credit.Order))
	for range 2 {
		is(t, "a credit", mall.Done)(c.Apply(ctx, credit))
	}
	is(t, "its status", mall.Done)(c.CreditStatus(ctx, credit.Order))
	credit.Fen++
	if _, err := c.Apply(ctx, credit); err == nil || errors.Is(err, mall.ErrNotSent) {
		t.Errorf("another credit under the ID: %v", err)
	}
	is(t, "a withdrawal before the credit", mall.Done)(c.Withdraw(ctx, malltest.ID(2)))
	credit.Order = malltest.ID(2)
	is(t, "a credit that was withdrawn", mall.Declined)(c.Apply(ctx, credit))
	credit.Order, credit.ContractAccount = malltest.ID(3), "C-2"
	is(t, "a credit for a foreign account", mall.Declined)(c.Apply(ctx, credit))

	charge := mall.Charge{Order: malltest.ID(1), Member: "M-1", Fen: 900}
	is(t, "capturing nothing", mall.Declined)(c.Capture(ctx, charge))
	is(t, "a charge", mall.Done)(c.Authorise(ctx, charge))
	is(t, "its capture", mall.Done)(c.Capture(ctx, charge))
	is(t, "its status", mall.Done)(c.PaymentStatus(ctx, charge.Order))
	for range 2 {
		is(t, "a part back", mall.Done)(c.Repay(ctx, mall.Repayment{ID: malltest.ID(9), Order: charge.Order, Fen: 300}))
	}
	is(t, "more than is left", mall.Declined)(c.Repay(ctx, mall.Repayment{ID: malltest.ID(10), Order: charge.Order, Fen: 601}))
	released := mall.Charge{Order: malltest.ID(4), Member: "M-1", Fen: 1}
	is(t, "a repayment before the charge", mall.Done)(c.Repay(ctx, mall.Repayment{ID: released.Order, Order: released.Order, Fen: 1}))
	is(t, "a charge that was released", mall.Declined)(c.Authorise(ctx, released))
	if b := s.Books(); b.Bills["C-1"] != 500 || b.Cash != 600 || b.Held != 0 {
		t.Errorf("books are %+v", b)
	}
}

func TestFaultsAreUnknownOutcomes(t *testing.T) {
	s := backsim.New(owns)
	c := overHTTP(t, s)
	for n, kind := range []backsim.Trouble{backsim.Hang, backsim.LoseCall, backsim.LoseAnswer} {
		s.Break(backsim.Fault{Verb: "apply", Kind: kind, Count: 1})
		credit := mall.Credit{Order: malltest.ID(n), ContractAccount: "C-1", Member: "M-1", Fen: 5}
		if _, err := c.Apply(t.Context(), credit); err == nil || errors.Is(err, mall.ErrNotSent) {
			t.Errorf("%s: %v, want an unknown outcome", kind, err)
		}
		is(t, "once more", mall.Done)(c.Apply(t.Context(), credit))
	}
	nobody, err := backoffice.New(backoffice.Options{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.Apply(t.Context(), mall.Credit{}); !errors.Is(err, mall.ErrNotSent) {
		t.Errorf("to nobody: %v, want ErrNotSent", err)
	}
}

func TestAnUnsignedCallIsRefused(t *testing.T) {
	s := backsim.New(owns)
	server := httptest.NewServer(s.Handler(func(*http.Request, []byte) error { return errors.New("no signature") }))
	defer server.Close()
	c, err := backoffice.New(backoffice.Options{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Apply(t.Context(), mall.Credit{Order: malltest.ID(1), ContractAccount: "C-1", Member: "M-1", Fen: 5}); err == nil || s.Books().Credits != 0 {
		t.Errorf("it was taken: %v", err)
	}
}

func TestBooksSurviveACrashInTheMiddleOfALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "books")
	ctx := context.Background()
	for n := range 3 {
		s, err := backsim.Open(path, owns)
		if err != nil {
			t.Fatal(err)
		}
		if b := s.Books(); b.Bills["C-1"] != int64(n)*7 || b.Cash != int64(n)*2 {
			t.Fatalf("after %d lives the books are %+v", n, b)
		}
		is(t, "a credit", mall.Done)(s.Apply(ctx, mall.Credit{Order: malltest.ID(n), ContractAccount: "C-1", Member: "M-1", Fen: 7}))
		charge := mall.Charge{Order: malltest.ID(n), Fen: 3}
		is(t, "a charge", mall.Done)(s.Authorise(ctx, charge))
		is(t, "a capture", mall.Done)(s.Capture(ctx, charge))
		is(t, "a repayment", mall.Done)(s.Repay(ctx, mall.Repayment{ID: malltest.ID(100 + n), Order: charge.Order, Fen: 1}))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"credit":{"order":`); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}
