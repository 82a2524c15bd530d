package exchange_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

func (w *world) reverseOf(c *exchange.Conversion, amount int64) exchange.ReverseRequest {
	r := exchange.ReverseRequest{Conversion: c.ID, Amount: amount, Reason: "order cancelled", Idempotency: w.idem()}
	if c.SourceMode == "push" || c.DestinationMode == "push" {
		r.Reference = "REV-1"
	}
	return r
}

func (w *world) reverse(c *exchange.Conversion, amount int64) *exchange.Reversal {
	w.t.Helper()
	r, _, err := w.Reverse(context.Background(), c.Party, w.reverseOf(c, amount), patient)
	must(w.t, err)
	return r
}

// completed makes a conversion by name.
func (w *world) completed(m member, name string) *exchange.Conversion {
	w.t.Helper()
	c := w.begin(m, name, false)
	w.settle()
	c, err := w.Conversion(context.Background(), staff, c.ID)
	must(w.t, err)
	if c.Status != exchange.Completed {
		w.t.Fatalf("%s: %s, %v", name, c.Status, c.Failure)
	}
	return c
}

func TestReversalsLeaveEverythingAsIfOnlyTheRestHadBeenConverted(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			w := newWorld(t)
			m := w.join(1)
			c := w.completed(m, way.name)
			left := c.From
			for _, part := range []int64{1, 7, left / 3, 2, left - 10 - left/3} {
				r := w.reverse(c, part)
				if r.Status != exchange.Completed {
					t.Fatalf("reversing %d: %s, %v", part, r.Status, r.Failure)
				}
				if left -= part; left > 0 {
					w.audit(m)
				}
			}
			c, err := w.Conversion(context.Background(), staff, c.ID)
			must(t, err)
			if c.Status != exchange.Reversed || c.Reversed != c.From || c.Outcome != exchange.Completed {
				t.Errorf("%s with %d of %d reversed, outcome %s", c.Status, c.Reversed, c.From, c.Outcome)
			}
			w.audit(m)
		})
	}
}

func TestReversalsThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	c, pushed := w.completed(m, "in"), w.completed(m, "in, pushed")
	gone := w.completed(m, "out")
	w.reverse(gone, gone.From)
	tests := []struct {
		name   string
		party  exchange.Party
		of     *exchange.Conversion
		change func(r *exchange.ReverseRequest)
		code   string
	}{
		{"nothing", staff, c, func(r *exchange.ReverseRequest) { r.Amount = 0 }, "amount_out_of_range"},
		{"more than there was", staff, c, func(r *exchange.ReverseRequest) { r.Amount = c.From + 1 }, "above_original"},
		{"what was reversed", staff, gone, func(*exchange.ReverseRequest) {}, exchange.CodeNotCompleted},
		{"a reference where we do the work", staff, c, func(r *exchange.ReverseRequest) { r.Reference = "R" }, exchange.CodeReferenceRefused},
		{"no reference where the partner does it", tele, pushed, func(r *exchange.ReverseRequest) { r.Reference = "" }, exchange.CodeReferenceNeeded},
		{"a side that somebody else pushes", staff, pushed, func(*exchange.ReverseRequest) {}, exchange.CodeModeRefused},
		{"a reason with a line break", staff, c, func(r *exchange.ReverseRequest) { r.Reason = "a\nb" }, exchange.CodeInvalid},
	}
	for _, test := range tests {
		r := w.reverseOf(test.of, 1)
		test.change(&r)
		_, _, err := w.Reverse(context.Background(), test.party, r, patient)
		var refusal *exchange.Refusal
		if !errors.As(err, &refusal) || refusal.Code != test.code {
			t.Errorf("%s: error %v, want %s", test.name, err, test.code)
		}
	}
	if _, _, err := w.Reverse(context.Background(), shop, w.reverseOf(c, 1), patient); !errors.Is(err, exchange.ErrNotFound) {
		t.Errorf("somebody else's: error %v, want not found", err)
	}
	w.audit(m)
}

func TestSpentPointsAreNotTakenBack(t *testing.T) {
	t.Run("electricity points", func(t *testing.T) {
		w := newWorld(t)
		m := w.join(1)
		c := w.completed(m, "in")
		submit(t, w.ledger, gateway, w.clock.now, &ledger.Hold{Account: m.account, Amount: pointsOpened + c.To - 1, To: "mall"})
		if r := w.reverse(c, c.From); r.Status != exchange.Failed || r.Failure.Code != "insufficient_points" {
			t.Errorf("%s with %v", r.Status, r.Failure)
		}
		if n := w.banks["sky"].count(connector.VerbReverse); n != 0 {
			t.Errorf("the partner was asked to give back %d times", n)
		}
	})
	t.Run("partner points", func(t *testing.T) {
		w := newWorld(t)
		m := w.join(1)
		c := w.completed(m, "out")
		w.banks["sky"].spend(membership("sky", m.number), milesOpened+1)
		if r := w.reverse(c, c.From); r.Status != exchange.Failed || r.Failure.Code != "insufficient_points" {
			t.Errorf("%s with %v", r.Status, r.Failure)
		}
		w.banks["sky"].spend(membership("sky", m.number), -milesOpened-1)
		w.audit(m)
	})
}

func TestAReversalUnderWayKeepsAnotherOut(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	c := w.completed(m, "in")
	block := make(chan struct{})
	w.banks["sky"].follow(func(v connector.Verb, _ connector.ID) trick {
		if v == connector.VerbReverse {
			<-block
		}
		return trick{}
	})
	r := w.reverseOf(c, 100)
	first, _, err := w.Reverse(context.Background(), staff, r, 0)
	must(t, err)
	if first.Status != exchange.Processing {
		t.Errorf("the first is %s", first.Status)
	}
	if _, _, err := w.Reverse(context.Background(), staff, w.reverseOf(c, 100), 0); !errors.Is(err, exchange.ErrReversalUnderWay) {
		t.Errorf("another one: error %v, want %v", err, exchange.ErrReversalUnderWay)
	}
	close(block)
	again, replayed, err := w.Reverse(context.Background(), staff, r, patient)
	if err != nil || !replayed || again.ID != first.ID || again.Status != exchange.Completed {
		t.Errorf("the repeat: %+v, replayed %t, error %v", again, replayed, err)
	}
	r.Hash = ledger.Hash{5}
	if _, _, err := w.Reverse(context.Background(), staff, r, patient); !errors.Is(err, exchange.ErrKeyReused) {
		t.Errorf("another body with the key: error %v", err)
	}
	w.reverse(c, c.From-100)
	r.Hash = ledger.Hash{1}
	if again, replayed, err := w.Reverse(context.Background(), staff, r, patient); err != nil || !replayed || again.ID != first.ID {
		t.Errorf("the repeat once all is reversed: %+v, replayed %t, error %v", again, replayed, err)
	}
	w.audit(m)
}

func TestAPartnersFaultsInReversalsEndWell(t *testing.T) {
	tests := []struct {
		name   string
		way    string
		bank   string
		script func(connector.Verb, connector.ID) trick
		status exchange.Status
	}{
		{"giving back is lost", "in", "sky", first(3, connector.VerbReverse, trick{do: loseCall}), exchange.Completed},
		{"the answer to giving back is lost", "in", "sky", first(3, connector.VerbReverse, trick{do: loseAnswer}), exchange.Completed},
		{"giving back cannot be sent", "in", "sky", first(9, connector.VerbReverse, trick{do: notSent}), exchange.Completed},
		{"taking back is lost", "out", "sky", first(3, connector.VerbReverse, trick{do: loseCall}), exchange.Completed},
		{"the answer to taking back is lost", "out", "sky", first(3, connector.VerbReverse, trick{do: loseAnswer}), exchange.Completed},
		{"taking back cannot be sent", "out", "sky", first(3, connector.VerbReverse, trick{do: notSent}), exchange.Failed},
		{"taking back is refused as malformed", "out", "sky", first(1, connector.VerbReverse, trick{do: refuseCall}), exchange.Failed},
		{"taking back is declined", "out", "sky", first(1, connector.VerbReverse, trick{do: decline, code: connector.DeclineOther}), exchange.Failed},
		{"taking back is lost between two", "between two that are called", "sky", first(2, connector.VerbReverse, trick{do: loseCall}), exchange.Completed},
		{"giving back is lost between two", "between two that are called", "shop", first(2, connector.VerbReverse, trick{do: loseAnswer}), exchange.Completed},
		{"taking back is declined between two", "between two that are called", "sky", first(1, connector.VerbReverse, trick{do: decline, code: connector.DeclineOther}), exchange.Failed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			m := w.join(1)
			c := w.completed(m, test.way)
			w.banks[test.bank].follow(test.script)
			r := w.reverse(c, 170)
			if r.Status != test.status || (r.Status == exchange.Failed) != (r.Failure != nil) {
				t.Errorf("%s with %v, want %s", r.Status, r.Failure, test.status)
			}
			w.audit(m)
			if test.status == exchange.Failed {
				if r := w.reverse(c, c.From); r.Status != exchange.Completed {
					t.Errorf("a second try is %s", r.Status)
				}
				w.audit(m)
			}
		})
	}
}

func TestAReversalThatPassesItsDeadlineIsOnTheListUntilItIsDone(t *testing.T) {
	for _, way := range []string{"in", "out", "between two that are called"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			m := w.join(1)
			c := w.completed(m, way)
			w.banks["sky"].follow(first(always, connector.VerbReverse, trick{do: loseAnswer}))
			r, _, err := w.Reverse(context.Background(), staff, w.reverseOf(c, 170), 0)
			must(t, err)
			w.eventually("the partner is asked", func() bool { return w.banks["sky"].count(connector.VerbReverse) > 0 })
			w.clock.advance(1e12)
			w.eventually("it is on the list", func() bool {
				_, list, err := w.Escalated(context.Background())
				must(t, err)
				return len(list) == 1 && list[0].ID == r.ID
			})
			w.banks["sky"].follow(func(connector.Verb, connector.ID) trick { return trick{} })
			w.settle()
			all, err := w.Reversals(context.Background(), staff, c.ID)
			must(t, err)
			if len(all) != 1 || all[0].Status != exchange.Completed || all[0].EscalatedAt != 0 {
				t.Errorf("reversals are %+v", all)
			}
			w.audit(m)
		})
	}
}

func TestWhatWasTakenBackForARefusedReversalIsCreditedAgain(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	c := w.completed(m, "out")
	b := w.banks["sky"]
	b.follow(func(v connector.Verb, _ connector.ID) trick {
		if v == connector.VerbReverse {
			// Somebody else reverses it on the ledger, behind our back.
			submit(t, w.ledger, gateway, w.clock.now, &ledger.Reverse{Original: c.ID.Step(1), Account: c.Account, Amount: c.From})
		}
		return trick{}
	})
	before := b.balance(membership("sky", m.number))
	r := w.reverse(c, c.From)
	if r.Status != exchange.Failed || r.Failure.Code != string(ledger.CodeAboveOriginal) {
		t.Errorf("%s with %v", r.Status, r.Failure)
	}
	if now := b.balance(membership("sky", m.number)); now != before {
		t.Errorf("the member has %d miles, had %d", now, before)
	}
}
