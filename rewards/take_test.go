package rewards_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/rewards"
)

func TestAnEventIsIssuedOnceAndNamesItsRule(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	e := w.paid("PAY-1", 200)
	r := w.ended(w.take(e), rewards.Issued, 360)
	entry, err := w.ledger.Find(context.Background(), r.Transfer())
	must(t, err)
	if want := "rule=prepayment version=1 event=PAY-1 channel=app"; entry.Transfer.Reason != want || entry.Transfer.Amount != 360 {
		t.Errorf("the ledger has %+v, want 360 with the reason %s", entry.Transfer, want)
	}
	if again := w.take(e); !again.Replayed || again.Record.Points != 360 {
		t.Errorf("the same event again is answered %+v", again)
	}
	e.Amount++
	if o := w.take(e); !errors.Is(o.Err, rewards.ErrConflict) {
		t.Errorf("another event with the ID is answered %v", o.Err)
	}
	many := w.Take(context.Background(), []rewards.Event{w.paid("PAY-2", 10), w.paid("PAY-2", 10), w.paid("PAY-2", 11), w.paid("PAY-3", 10)})
	w.ended(many[0], rewards.Issued, 15)
	if !many[1].Replayed || !errors.Is(many[2].Err, rewards.ErrConflict) || many[3].Err != nil {
		t.Errorf("an ID that comes three times in a batch is answered %+v", many)
	}
	if got := w.account("M-1").Available(); got != 390 {
		t.Errorf("the member has %d points, want 390", got)
	}
}

func TestWhatIsWrongWithAnEventIsSaidAndNotKept(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	for name, c := range map[string]struct {
		change func(*rewards.Event)
		code   string
	}{
		"from the future":       {func(e *rewards.Event) { e.OccurredAt += int64(time.Hour / time.Millisecond) }, rewards.CodeFuture},
		"too old":               {func(e *rewards.Event) { e.OccurredAt -= 401 * 86_400_000 }, rewards.CodeTooOld},
		"of an unknown member":  {func(e *rewards.Event) { e.Member = "M-99" }, rewards.CodeMemberUnknown},
		"by an unknown channel": {func(e *rewards.Event) { e.Channel = "pigeon" }, rewards.CodeChannelUnknown},
		"of an unknown kind":    {func(e *rewards.Event) { e.Kind = "birthday" }, rewards.CodeKindUnknown},
		"of less than nothing":  {func(e *rewards.Event) { e.Amount = -1 }, rewards.CodeInvalid},
		"of too much":           {func(e *rewards.Event) { e.Amount = 10_000_000_001 }, rewards.CodeInvalid},
		"with a strange ID":     {func(e *rewards.Event) { e.ID = "a b" }, rewards.CodeInvalid},
		"with a long ID":        {func(e *rewards.Event) { e.ID = strings.Repeat("a", 65) }, rewards.CodeInvalid},
		"with a strange member": {func(e *rewards.Event) { e.Member = "'; --" }, rewards.CodeInvalid},
		"with a script segment": {func(e *rewards.Event) { e.Segment = "<script>" }, rewards.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			e := w.paid("PAY-"+strings.ReplaceAll(name, " ", "-"), 10)
			right := e
			c.change(&e)
			refusedWith(t, w.take(e).Err, c.code)
			if e.ID == right.ID {
				w.ended(w.take(right), rewards.Issued, 15) // nothing of the wrong one stands in its way
			}
		})
	}
}

func TestACancelledEventGivesItsPointsBack(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, ladderOfSteps())
	w.ended(w.take(w.paid("PAY-1", 200)), rewards.Issued, 360)
	w.ended(w.take(w.paid("PAY-2", 20)), rewards.Issued, 30)
	hold := w.give(&ledger.Hold{Account: w.account("M-1").Account, Amount: 300, To: "mall"})
	w.give(&ledger.Post{Account: hold.Account, Hold: hold.ID})
	r := w.ended(w.Cancel(ctx, "PAY-1", "cheque bounced"), rewards.Cancelled, 360)
	if r.Taken != 90 || r.Debt != 270 {
		t.Errorf("%d were taken and %d are owed, want 90 and 270", r.Taken, r.Debt)
	}
	if a := w.account("M-1"); a.Available() != 0 || a.Debt != 270 {
		t.Errorf("the account has %d points and owes %d, want 0 and 270", a.Available(), a.Debt)
	}
	if o := w.Cancel(ctx, "PAY-1", "again"); !o.Replayed || o.Record.CancelReason != "cheque bounced" {
		t.Errorf("a second cancellation is answered %+v", o)
	}
	if o := w.take(w.paid("PAY-1", 200)); !o.Replayed || o.Record.State != rewards.Cancelled {
		t.Errorf("the event sent again is answered %+v", o)
	}
	r = w.ended(w.take(w.paid("PAY-3", 200)), rewards.Issued, 360)
	if a := w.account("M-1"); r.Filled != 270 || a.Available() != 90 || a.Debt != 0 {
		t.Errorf("the next event filled %d; the account has %d and owes %d, want 270, 90 and 0", r.Filled, a.Available(), a.Debt)
	}
}

func TestAnEventThatWasCancelledBeforeItCameEarnsNothing(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	w.ended(w.Cancel(context.Background(), "PAY-1", "typed twice"), rewards.Cancelled, 0)
	r := w.ended(w.take(w.paid("PAY-1", 200)), rewards.Cancelled, 0)
	if r.CancelReason != "typed twice" || r.Member != "M-1" {
		t.Errorf("the event is %+v", r)
	}
	if o := w.take(w.paid("PAY-1", 200)); !o.Replayed || o.Record.State != rewards.Cancelled {
		t.Errorf("the event again is answered %+v", o)
	}
	if e := w.paid("PAY-1", 201); !errors.Is(w.take(e).Err, rewards.ErrConflict) {
		t.Error("another event under its ID is no conflict")
	}
	if got := w.account("M-1").Available(); got != 0 {
		t.Errorf("the member has %d points", got)
	}
}

func TestWhatTheLedgerRefusesIsRejected(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	w.give(&ledger.Freeze{Account: w.account("M-1").Account, Frozen: true})
	r := w.ended(w.take(w.paid("PAY-1", 200)), rewards.RejectedByHouse, 360)
	if r.Code != string(ledger.CodeAccountFrozen) || r.Detail == "" || !r.Transfer().IsZero() {
		t.Errorf("it was rejected with %+v", r)
	}
	w.ended(w.Cancel(context.Background(), "PAY-1", ""), rewards.Cancelled, 360)
}

func TestPointsThatHaveExpiredAreNotTakenBack(t *testing.T) {
	short := ladderOfSteps()
	short.LotMonths = 1
	w := newWorld(t, short)
	w.ended(w.take(w.paid("PAY-1", 200)), rewards.Issued, 360)
	w.give(&ledger.CloseWindow{Window: day(w.clock.Now()), Next: day(w.clock.Now()) + 70})
	w.clock.Advance(70 * 24 * time.Hour)
	r := w.ended(w.Cancel(context.Background(), "PAY-1", "late"), rewards.Cancelled, 360)
	if r.Code != string(ledger.CodeLotExpired) || r.Taken != 0 || r.Debt != 0 {
		t.Errorf("the cancellation ended with %+v", r)
	}
}

func TestAnUnknownOutcomeIsFoundOut(t *testing.T) {
	for name, fault := range map[string]func(*faulty){
		"nothing was done":          func(f *faulty) { f.before = 1 },
		"it was done":               func(f *faulty) { f.after = 1 },
		"it was done the next time": func(f *faulty) { f.before, f.after = 2, 2 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ladderOfSteps())
			fault(w.ledger)
			if o := w.take(w.paid("PAY-1", 200)); !errors.Is(o.Err, rewards.ErrPending) || o.Record.State != rewards.Issuing {
				t.Fatalf("the answer is %+v, want pending", o)
			}
			w.await("PAY-1", rewards.Issued)
			fault(w.ledger)
			if o := w.Cancel(context.Background(), "PAY-1", "no"); !errors.Is(o.Err, rewards.ErrPending) || o.Record.State != rewards.Cancelling {
				t.Fatalf("the answer is %+v, want pending", o)
			}
			w.await("PAY-1", rewards.Cancelled)
			if a := w.account("M-1"); a.Available() != 0 || a.Debt != 0 {
				t.Errorf("the account is %+v", a)
			}
		})
	}
}

// await polls until an event has come to a state.
func (w *world) await(id string, state rewards.State) {
	w.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if r, err := w.Record(context.Background(), id); err == nil && r.State == state {
			return
		}
	}
	w.Fatalf("%s did not come to %s", id, state)
}

func TestACancellationWaitsForAnUnknownOutcome(t *testing.T) {
	w := newWorld(t, ladderOfSteps())
	w.ledger.mu.Lock()
	w.ledger.before = 1
	w.ledger.mu.Unlock()
	w.take(w.paid("PAY-1", 200))
	o := w.Cancel(context.Background(), "PAY-1", "no")
	w.ended(o, rewards.Cancelled, 360)
	if a := w.account("M-1"); a.Available() != 0 || a.Debt != 0 {
		t.Errorf("the account is %+v", a)
	}
}

func TestALongNameOfEverythingFitsTheLedger(t *testing.T) {
	long := ladderOfSteps()
	long.Code = "r" + strings.Repeat("x", 31)
	w := newWorld(t, long)
	w.ended(w.take(w.paid(strings.Repeat("E", 64), 200)), rewards.Issued, 360)
}
