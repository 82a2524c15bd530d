package exchange_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// first plays a trick on the first n calls of a verb.
func first(n int64, verb connector.Verb, t trick) func(connector.Verb, connector.ID) trick {
	var played atomic.Int64
	return func(v connector.Verb, _ connector.ID) trick {
		if v == verb && played.Add(1) <= n {
			return t
		}
		return trick{}
	}
}

// both plays the tricks of both scripts, the first one's first.
func both(a, b func(connector.Verb, connector.ID) trick) func(connector.Verb, connector.ID) trick {
	return func(v connector.Verb, id connector.ID) trick {
		if t := a(v, id); t.do != behave {
			return t
		}
		return b(v, id)
	}
}

const always = 1 << 40

func TestAPartnersFaultsEndWell(t *testing.T) {
	tests := []struct {
		name   string
		way    string
		bank   string
		script func(connector.Verb, connector.ID) trick
		// expire has the deadline pass while the partner is being asked.
		expire bool
		status exchange.Status
		code   string
	}{
		{"a debit is declined", "in", "sky", first(1, connector.VerbDebit, trick{do: decline}), false, exchange.Failed, "insufficient_points"},
		{"the answer to a debit is lost", "in", "sky", first(1, connector.VerbDebit, trick{do: loseAnswer}), false, exchange.Completed, ""},
		{"a debit is lost", "in", "sky", first(3, connector.VerbDebit, trick{do: loseCall}), false, exchange.Completed, ""},
		{"a debit is late", "in", "sky", first(1, connector.VerbDebit, trick{do: delayCall}), false, exchange.Completed, ""},
		{"the status is lost too", "in", "sky", both(first(1, connector.VerbDebit, trick{do: loseAnswer}), first(3, connector.VerbStatus, trick{do: loseCall})), false, exchange.Completed, ""},
		{"the breaker is open while it is asked", "in", "sky", both(first(1, connector.VerbDebit, trick{do: loseAnswer}), first(3, connector.VerbStatus, trick{do: open})), false, exchange.Completed, ""},
		{"the breaker is open", "in", "sky", first(1, connector.VerbDebit, trick{do: open}), false, exchange.Failed, exchange.CodePartnerDown},
		{"a debit is not sent at first", "in", "sky", first(2, connector.VerbDebit, trick{do: notSent}), false, exchange.Completed, ""},
		{"the partner is busy at first", "in", "sky", first(2, connector.VerbDebit, trick{do: busy}), false, exchange.Completed, ""},
		{"no debit can be sent", "in", "sky", first(always, connector.VerbDebit, trick{do: notSent}), false, exchange.Failed, exchange.CodePartnerDown},
		{"a debit is refused as malformed", "in", "sky", first(1, connector.VerbDebit, trick{do: refuseCall}), false, exchange.Failed, exchange.CodePartnerRefused},
		{"a lost debit cannot be sent again until the deadline", "in", "sky", both(first(1, connector.VerbDebit, trick{do: loseAnswer}), first(always, connector.VerbStatus, trick{do: notSent})), true, exchange.Failed, exchange.CodeOutcomeUnknown},
		{"a lost debit never arrives", "in", "sky", first(always, connector.VerbDebit, trick{do: loseCall}), true, exchange.Failed, exchange.CodeOutcomeUnknown},
		{"a debit arrives after it was taken back", "in", "sky", both(first(always, connector.VerbDebit, trick{do: delayCall}), first(always, connector.VerbStatus, trick{do: loseCall})), true, exchange.Failed, exchange.CodeOutcomeUnknown},
		{"the refund is lost at first", "in", "sky", both(first(always, connector.VerbDebit, trick{do: loseCall}), first(3, connector.VerbReverse, trick{do: loseAnswer})), true, exchange.Failed, exchange.CodeOutcomeUnknown},

		{"a credit is declined", "out", "sky", first(1, connector.VerbCredit, trick{do: decline, code: connector.DeclineMembershipClosed}), false, exchange.Failed, "membership_closed"},
		{"the answer to a credit is lost", "out", "sky", first(1, connector.VerbCredit, trick{do: loseAnswer}), false, exchange.Completed, ""},
		{"a credit is lost", "out", "sky", first(1, connector.VerbCredit, trick{do: loseCall}), false, exchange.Completed, ""},
		{"no credit can be sent", "out", "sky", first(always, connector.VerbCredit, trick{do: notSent}), false, exchange.Failed, exchange.CodePartnerDown},
		{"a lost credit never arrives", "out", "sky", first(always, connector.VerbCredit, trick{do: loseCall}), true, exchange.Failed, exchange.CodeOutcomeUnknown},
		{"a credit stands that nobody would say so of", "out", "sky", both(first(1, connector.VerbCredit, trick{do: loseAnswer}), first(always, connector.VerbStatus, trick{do: loseCall})), true, exchange.Failed, exchange.CodeOutcomeUnknown},

		{"the second side declines", "between two that are called", "sky", first(1, connector.VerbCredit, trick{do: decline}), false, exchange.Reversed, "insufficient_points"},
		{"the second side is down", "between two that are called", "sky", first(always, connector.VerbCredit, trick{do: notSent}), true, exchange.Reversed, exchange.CodePartnerDown},
		{"the second side is down for a while", "between two that are called", "sky", first(9, connector.VerbCredit, trick{do: busy}), false, exchange.Completed, ""},
		{"the second side is silent", "between two that are called", "sky", first(always, connector.VerbCredit, trick{do: loseCall}), true, exchange.Reversed, exchange.CodeOutcomeUnknown},
		{"the second side loses its answer", "between two that are called", "sky", first(1, connector.VerbCredit, trick{do: loseAnswer}), false, exchange.Completed, ""},
		{"the first side declines", "between two that are called", "shop", first(1, connector.VerbDebit, trick{do: decline}), false, exchange.Failed, "insufficient_points"},
		{"the first side loses its answer", "between two that are called", "shop", first(1, connector.VerbDebit, trick{do: loseAnswer}), false, exchange.Completed, ""},
		{"what was pushed is credited nowhere", "from one that pushes to one that is called", "sky", first(1, connector.VerbCredit, trick{do: decline}), false, exchange.Reversed, "insufficient_points"},
		{"what was to be pushed is not debited", "from one that is called to one that pushes", "sky", first(1, connector.VerbDebit, trick{do: decline}), false, exchange.Failed, "insufficient_points"},
	}
	for _, test := range tests {
		t.Run(test.way+": "+test.name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			m := w.join(1)
			w.banks[test.bank].follow(test.script)
			c := w.begin(m, test.way, test.expire)
			w.eventually("the conversion ends", func() bool {
				w.banks[test.bank].arrive()
				c, _ = w.Conversion(context.Background(), staff, c.ID)
				return c.Step == exchange.StepDone
			})
			w.banks[test.bank].arrive()
			code := ""
			if c.Failure != nil {
				code = c.Failure.Code
			}
			if c.Status != test.status || code != test.code {
				t.Errorf("%s with %q, want %s with %q", c.Status, code, test.status, test.code)
			}
			w.audit(m)
		})
	}
}

// begin asks for a conversion and, if told, lets the deadline pass meanwhile.
func (w *world) begin(m member, name string, expire bool) *exchange.Conversion {
	w.t.Helper()
	for _, way := range ways {
		if way.name != name {
			continue
		}
		r := w.request(m, way.via, way.source, way.destination, way.from)
		r.Reference = way.reference
		c, _, err := w.Convert(context.Background(), way.party, r, 10*time.Millisecond)
		must(w.t, err)
		if expire {
			w.clock.advance(10 * time.Minute)
		}
		return c
	}
	w.t.Fatalf("there is no way %q", name)
	return nil
}

func TestASpentCreditStands(t *testing.T) {
	w := newWorld(t)
	w.start()
	m := w.join(1)
	b := w.banks["sky"]
	b.follow(both(first(1, connector.VerbCredit, trick{do: loseAnswer}), first(20, connector.VerbStatus, trick{do: loseCall})))
	c := w.begin(m, "out", false)
	w.eventually("the credit is there", func() bool { return b.balance(membership("sky", m.number)) > milesOpened })
	b.spend(membership("sky", m.number), milesOpened+1)
	w.clock.advance(10 * time.Minute)
	w.settle()
	c, err := w.Conversion(context.Background(), staff, c.ID)
	must(t, err)
	if c.Status != exchange.Completed || c.DestinationReference == "" {
		t.Errorf("%s with reference %q, want completed: the member has had the points", c.Status, c.DestinationReference)
	}
	b.spend(membership("sky", m.number), -milesOpened-1)
	w.audit(m)
}

func TestWhatCannotBeTakenBackInTimeIsOnTheOperatorsListUntilItIs(t *testing.T) {
	for _, test := range []struct {
		way  string
		verb connector.Verb
		want exchange.Status
	}{
		{"in", connector.VerbDebit, exchange.Failed},
		{"out", connector.VerbCredit, exchange.Failed},
		{"between two that are called", connector.VerbCredit, exchange.Reversed},
	} {
		t.Run(test.way, func(t *testing.T) {
			var seen atomic.Int64
			w := newWorld(t, func(o *exchange.Options) {
				o.Observe = func(ob exchange.Observation) {
					if ob.Status == exchange.Processing {
						seen.Add(1)
					}
				}
			})
			w.start()
			m := w.join(1)
			var down atomic.Bool
			down.Store(true)
			w.banks["sky"].follow(func(v connector.Verb, _ connector.ID) trick {
				switch {
				case !down.Load():
				case v == test.verb:
					return trick{do: loseAnswer}
				default:
					return trick{do: loseCall}
				}
				return trick{}
			})
			c := w.begin(m, test.way, true)
			w.eventually("it is on the list", func() bool {
				list, _, err := w.Escalated(context.Background())
				must(t, err)
				return len(list) == 1 && list[0].ID == c.ID && list[0].Status == exchange.Processing
			})
			w.eventually("it is in nobody's hands", func() bool { return w.UnderWay().Conversions == 0 })
			down.Store(false)
			w.settle()
			c, err := w.Conversion(context.Background(), staff, c.ID)
			must(t, err)
			if c.Status != test.want || c.TurnedAt == 0 {
				t.Errorf("%s, turned at %d; want %s", c.Status, c.TurnedAt, test.want)
			}
			if list, _, err := w.Escalated(context.Background()); err != nil || len(list) != 0 {
				t.Errorf("the list has still %d, error %v", len(list), err)
			}
			if seen.Load() != 1 {
				t.Errorf("the observer was told %d times, want once", seen.Load())
			}
			w.audit(m)
		})
	}
}

func TestARefundThatIsDeclinedIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	w.start()
	m := w.join(1)
	w.banks["sky"].follow(first(2, connector.VerbReverse, trick{do: decline, code: connector.DeclineOther}))
	w.refuseAfterDebit(m)
	c := w.convert(staff, w.request(m, "sky", "MILES", "EPT", 300))
	w.eventually("it is on the list", func() bool {
		list, _, err := w.Escalated(context.Background())
		must(t, err)
		return len(list) == 1
	})
	for i := 0; i < 100; i++ {
		w.clock.advance(time.Minute)
		if now, _ := w.Conversion(context.Background(), staff, c.ID); now.Step == exchange.StepDone {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.audit(m)
}

// refuseAfterDebit freezes the member's account while the partner debits.
func (w *world) refuseAfterDebit(m member) {
	b := w.banks["sky"]
	script := b.script
	b.follow(func(v connector.Verb, id connector.ID) trick {
		if v == connector.VerbDebit {
			submit(w.t, w.ledger, gateway, w.clock.now, &ledger.Freeze{Account: m.account, Frozen: true})
		}
		return script(v, id)
	})
}

func TestWhatTheLedgerRefusesAfterTheDebitIsGivenBack(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	w.refuseAfterDebit(m)
	c := w.convert(staff, w.request(m, "sky", "MILES", "EPT", 300))
	if c.Status != exchange.Failed || c.Failure.Code != string(ledger.CodeAccountFrozen) {
		t.Errorf("%s with %v", c.Status, c.Failure)
	}
	if n := w.banks["sky"].count(connector.VerbReverse); n != 1 {
		t.Errorf("%d reversals, want 1", n)
	}
	w.audit(m)
}

func TestAHangingPartnerFillsItsOwnPlacesOnly(t *testing.T) {
	const room = 8
	w := newWorld(t, func(o *exchange.Options) {
		all := append(companies[:0:0], companies...)
		all[0].Connector.MaxInFlight, all[0].Connector.MaxQueue = room/2, room/2
		o.Registry = registryOf(t, all)
	})
	m := w.join(1)
	block := make(chan struct{})
	w.banks["sky"].follow(first(always, connector.VerbDebit, trick{do: hang, block: block}))
	for i := range room {
		c, _, err := w.Convert(context.Background(), staff, w.request(m, "sky", "MILES", "EPT", 300), 0)
		if err != nil || c.Status != exchange.Processing {
			t.Fatalf("conversion %d with the hanging partner: %v, error %v", i, c, err)
		}
	}
	for range 3 {
		_, _, err := w.Convert(context.Background(), staff, w.request(m, "sky", "MILES", "EPT", 300), 0)
		var busy *exchange.Busy
		if !errors.As(err, &busy) || busy.RetryAfter <= 0 {
			t.Errorf("one more with the hanging partner: error %v, want busy", err)
		}
	}
	for range 10 * room {
		if c := w.convert(staff, w.request(m, "shop", "SHOP", "EPT", 9_000)); c.Status != exchange.Completed {
			t.Fatalf("with another partner: %s", c.Status)
		}
	}
	if n := w.UnderWay().Conversions; n != room {
		t.Errorf("%d are under way, want the %d of the hanging partner", n, room)
	}
	close(block)
	w.banks["sky"].follow(func(connector.Verb, connector.ID) trick { return trick{} })
	w.audit(m)
	if c := w.convert(staff, w.request(m, "sky", "MILES", "EPT", 300)); c.Status != exchange.Completed {
		t.Errorf("after the partner came back: %s", c.Status)
	}
}
