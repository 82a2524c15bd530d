//go:build unix

package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
)

// onLedger is what the ledger has of one conversion or reversal, by the ID that all
// its entries share.
type onLedger struct {
	recorded, held, posted, voided int // entries
	amount                         int64
	unwound                        int64 // by the conversion's own workflow
}

// stands reports whether there is one conversion, which nothing took back before it
// was completed.
func (e *onLedger) stands() bool {
	return e.recorded+e.posted == 1 && e.voided == 0 && e.held == e.posted && e.unwound == 0
}

// leftNothing reports whether everything that was done was undone.
func (e *onLedger) leftNothing() bool {
	return e.posted == 0 && e.held == e.voided && (e.recorded == 0 || e.unwound == e.amount)
}

// entries reads every transfer of the windows from the first to the last.
func entries(ctx context.Context, l ledger.Ledger, first, last ledger.Date) (map[string]*onLedger, error) {
	all := map[string]*onLedger{}
	for window := first; window <= last; window++ {
		err := l.Transfers(ctx, window, func(e ledger.Entry) error {
			add(all, &e.Transfer)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func add(all map[string]*onLedger, t *ledger.Transfer) {
	id := t.ID.Root().String()
	e := all[id]
	if e == nil {
		e = &onLedger{}
	}
	switch t.Kind {
	case ledger.KindConvertIn, ledger.KindConvertOut, ledger.KindCrossConvert:
		e.recorded, e.amount = e.recorded+1, t.Amount
	case ledger.KindHold:
		e.held, e.amount = e.held+1, t.Amount
	case ledger.KindPost:
		e.posted++
	case ledger.KindVoid:
		e.voided++
	case ledger.KindReverse:
		if t.Related.Root() == t.ID.Root() {
			e.unwound += t.Amount
			break
		}
		e.recorded, e.amount = e.recorded+1, t.Amount
	default:
		return
	}
	all[id] = e
}

// judgeLedger compares what callers were answered with what is on the ledger.
func (w *world) judgeLedger(all map[string]*onLedger) error {
	var broken []error
	known := map[string]bool{}
	for _, a := range w.load.all {
		known[a.id] = true
		broken = append(broken, judgeOne(all[a.id], a.outcome, a.amount, a))
		if a.back != nil {
			known[a.back.id] = true
			broken = append(broken, judgeOne(all[a.back.id], a.back.outcome, a.back.amount, a))
		}
	}
	for id, e := range all {
		if !known[id] {
			broken = append(broken, fmt.Errorf("the ledger has %s, which nobody asked for: %+v", id, *e))
		}
	}
	return first(broken)
}

func judgeOne(e *onLedger, outcome string, amount int64, a *asked) error {
	switch {
	case outcome == completed && (e == nil || !e.stands()):
		return fmt.Errorf("it was answered 201 and is not on the ledger once: %s: %+v", a, e)
	case outcome == completed && e.amount != amount:
		return fmt.Errorf("the ledger has another amount: %s: %+v", a, e)
	case outcome != completed && e != nil && !e.leftNothing():
		return fmt.Errorf("it %s, and is on the ledger: %s: %+v", outcome, a, e)
	}
	return nil
}

// brokenShown is how many broken laws an error shows.
const brokenShown = 5

// first joins the first errors, and says how many there are.
func first(all []error) error {
	all = slices.DeleteFunc(all, func(err error) bool { return err == nil })
	if len(all) <= brokenShown {
		return errors.Join(all...)
	}
	return errors.Join(append(all[:brokenShown:brokenShown], fmt.Errorf("and %d more", len(all)-brokenShown))...)
}

// judgeSums adds up every programme and compares each with its company's own books.
func (w *world) judgeSums(ctx context.Context, l ledger.Ledger) error {
	if _, err := sum(ctx, l, "EPT", ""); err != nil {
		return err
	}
	var said []string
	for _, c := range sandbox.Companies() {
		of, err := sum(ctx, l, c.Programme, "members/"+c.Code)
		if err != nil {
			return err
		}
		books, err := w.books(ctx, c.Code)
		if err != nil {
			return err
		}
		books -= w.load.pushed(c.Code)
		if of != books {
			return fmt.Errorf("the ledger gave %d %s to members, the company's books say %d", of, c.Programme, books)
		}
		said = append(said, fmt.Sprintf("%s %+d", c.Programme, of))
	}
	w.say("every programme sums to zero, no member is below; ledger and partners' books agree: %s", strings.Join(said, ", "))
	return nil
}

// sum checks a programme and returns the balance of one of its accounts.
func sum(ctx context.Context, l ledger.Ledger, programme, account string) (of int64, err error) {
	var total int64
	err = l.Balances(ctx, programme, func(b ledger.Balance) error {
		total += b.Amount
		if b.Account == account {
			of = b.Amount
		}
		if new(ledger.Account).UnmarshalText([]byte(b.Account)) == nil && b.Amount < 0 {
			return fmt.Errorf("a member has %d %s", b.Amount, programme)
		}
		return nil
	})
	if err == nil && total != 0 {
		err = fmt.Errorf("the sum over all %s accounts is %d", programme, total)
	}
	return of, err
}

// pushed is what a company has taken from its members by itself, less what it gave
// back.
func (l *load) pushed(company string) (amount int64) {
	for _, a := range l.all {
		if !a.push || a.company != company || a.outcome != completed {
			continue
		}
		amount += a.amount
		if a.back != nil && a.back.outcome == completed {
			amount -= a.back.amount
		}
	}
	return amount
}
