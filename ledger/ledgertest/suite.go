package ledgertest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// suite is the ledger under test and what the subtests share.
type suite struct {
	*testing.T // of the subtest under way
	Target
	ctx        context.Context
	fresh      bool // the ledger was empty when the suite began
	hub        string
	seen       map[ledger.Code]bool
	programmes map[string]bool // that the suite made
}

// sub runs a subtest and checks afterwards that no points came from nowhere.
func (s *suite) sub(t *testing.T, run func(*suite)) {
	s.T = t
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	s.ctx = ctx
	run(s)
	if !t.Failed() {
		s.conserved()
	}
}

// begin initialises an empty ledger.
func (s *suite) begin(t *testing.T) {
	s.sub(t, func(s *suite) {
		a, err := s.Ledger.Alliance(s.ctx)
		if errors.Is(err, ledger.ErrNotFound) {
			s.fresh = true
			s.refused(ledger.CodeNotInitialised, &ledger.Issue{Account: s.member(), Amount: 1, Expiry: 700})
			s.ok(&ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(s.Now().UTC())})
			a, err = s.Ledger.Alliance(s.ctx)
		}
		s.check(err)
		if a.MSP != s.Utility.MSP {
			s.Fatalf("the ledger belongs to %q, the target's utility is %q", a.MSP, s.Utility.MSP)
		}
		s.hub = a.Hub
	})
}

func (s *suite) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// missing checks that a read did not find what it asked for.
func (s *suite) missing(what string, err error) {
	s.Helper()
	if !errors.Is(err, ledger.ErrNotFound) {
		s.Errorf("%s returned %v, want %v", what, err, ledger.ErrNotFound)
	}
}

// id returns a new ID.
func (s *suite) id() ledger.ID {
	var random [10]byte
	rand.Read(random[:])
	return ledger.NewID(s.Now(), random)
}

// member returns an account that nobody has used.
func (s *suite) member() (a ledger.Account) {
	rand.Read(a[:])
	return a
}

// text returns n random characters of a to z and 2 to 7.
func text(n int) string { return strings.ToLower(rand.Text()[:n]) }

func (s *suite) command(body ledger.Body) ledger.Command {
	return ledger.Command{ID: s.id(), Body: body}
}

// submit gives commands and counts the codes they end with.
func (s *suite) submit(caller ledger.Identity, commands ...ledger.Command) []ledger.Result {
	s.Helper()
	results, err := s.Ledger.Submit(s.ctx, caller, commands...)
	s.check(err)
	if len(results) != len(commands) {
		s.Fatalf("%d results for %d commands", len(results), len(commands))
	}
	for i, r := range results {
		s.seen[r.Code] = true
		if (r.Code == ledger.CodeOK) != (r.Message == "") {
			s.Errorf("a %s ended with code %s and message %q", commands[i].Body.Kind(), r.Code, r.Message)
		}
	}
	return results
}

// okAs gives a command that must succeed and returns its transfer.
func (s *suite) okAs(caller ledger.Identity, body ledger.Body) ledger.Transfer {
	s.Helper()
	r := s.submit(caller, s.command(body))[0]
	if r.Code != ledger.CodeOK {
		s.Fatalf("a %s was refused: %s: %s", body.Kind(), r.Code, r.Message)
	}
	return r.Entry.Transfer
}

// ok is okAs by the utility.
func (s *suite) ok(body ledger.Body) ledger.Transfer {
	s.Helper()
	return s.okAs(s.Utility, body)
}

// refusedAs gives a command that must end with a code.
func (s *suite) refusedAs(caller ledger.Identity, code ledger.Code, body ledger.Body) {
	s.Helper()
	if r := s.submit(caller, s.command(body))[0]; r.Code != code {
		s.Errorf("a %s ended with %s %s, want %s", body.Kind(), r.Code, r.Message, code)
	}
}

// refused is refusedAs by the utility.
func (s *suite) refused(code ledger.Code, body ledger.Body) {
	s.Helper()
	s.refusedAs(s.Utility, code, body)
}

// window returns the open window.
func (s *suite) window() ledger.Date {
	s.Helper()
	a, err := s.Ledger.Alliance(s.ctx)
	s.check(err)
	return a.Window
}

// closeUntil closes the window; next is the one that opens.
func (s *suite) closeUntil(next ledger.Date) {
	s.Helper()
	s.ok(&ledger.CloseWindow{Window: s.window(), Next: next})
}

// nextMonth closes the window; one in the month after opens.
func (s *suite) nextMonth() {
	s.Helper()
	next := s.window()
	for m := next.Month(); next.Month() == m; {
		next++
	}
	s.closeUntil(next)
}

// account returns a member's account, empty if there is none.
func (s *suite) account(a ledger.Account) ledger.AccountState {
	s.Helper()
	state, err := s.Ledger.Account(s.ctx, a)
	if errors.Is(err, ledger.ErrNotFound) {
		return ledger.AccountState{Account: a}
	}
	s.check(err)
	return state
}

// balances returns all accounts of a programme and checks their order.
func (s *suite) balances(programme string) map[string]int64 {
	s.Helper()
	all, last := map[string]int64{}, ""
	s.check(s.Ledger.Balances(s.ctx, programme, func(b ledger.Balance) error {
		if b.Account <= last {
			s.Errorf("account %s of %s comes after %s", b.Account, programme, last)
		}
		all[b.Account], last = b.Amount, b.Account
		return nil
	}))
	return all
}

// conserved checks that the accounts of every programme add up to zero.
func (s *suite) conserved() {
	s.Helper()
	s.programmes[s.hub] = true
	for programme := range s.programmes {
		var sum int64
		for _, n := range s.balances(programme) {
			sum += n
		}
		if sum != 0 {
			s.Errorf("the accounts of %s add up to %d", programme, sum)
		}
	}
}

// await polls until a condition holds.
func (s *suite) await(what string, holds func() bool) {
	s.Helper()
	for !holds() {
		select {
		case <-s.ctx.Done():
			s.Fatalf("waited %s for %s", timeout, what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// each runs one case of a table as a subtest.
func (s *suite) each(name string, run func()) {
	outer := s.T
	defer func() { s.T = outer }()
	outer.Run(name, func(t *testing.T) {
		s.T = t
		run()
	})
}
