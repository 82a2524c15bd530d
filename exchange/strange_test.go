package exchange_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

func TestAQuoteOutlivesTheProcessThatGaveIt(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	q, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 300})
	must(t, err)
	w.shut()
	w.open()
	c := w.convert(staff, exchange.ConvertRequest{QuoteID: q.ID, LinkID: m.links["sky"], Idempotency: w.idem()})
	if c.Status != exchange.Completed || c.To != q.To {
		t.Errorf("%s to %d, want %d", c.Status, c.To, q.To)
	}
	w.audit(m)
}

func TestAnIdentifierThatStandsForSomethingElseWasNeverOurs(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	b := w.banks["sky"]
	b.follow(func(v connector.Verb, id connector.ID) trick {
		if v != connector.VerbDebit {
			return trick{}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.transfers[id] = &entry{kind: connector.Credit, transfer: connector.Transfer{ID: id, Amount: 5, Membership: "somebody"},
			answer: connector.Answer{Outcome: connector.Done, Reference: "X"}}
		return trick{do: loseCall}
	})
	c := w.convert(staff, w.request(m, "sky", "MILES", "EPT", 300))
	if c.Status != exchange.Failed || c.Failure.Code != exchange.CodePartnerRefused {
		t.Errorf("%s with %v", c.Status, c.Failure)
	}
	if n := b.count(connector.VerbReverse); n != 0 {
		t.Errorf("somebody else's transfer was reversed %d times", n)
	}
	w.audit(m)
}

func TestADebitThatThePartnerItselfReversedIsNotConverted(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	b := w.banks["sky"]
	b.follow(func(v connector.Verb, id connector.ID) trick {
		if v == connector.VerbStatus {
			b.reverse(connector.Reversal{ID: connector.ID{1}, TransferID: id, Amount: 300}, trick{})
		}
		if v == connector.VerbDebit {
			return trick{do: loseAnswer}
		}
		return trick{}
	})
	c := w.convert(staff, w.request(m, "sky", "MILES", "EPT", 300))
	if c.Status != exchange.Failed || c.Failure.Code != string(connector.DeclineReversedBeforeExecution) {
		t.Errorf("%s with %v", c.Status, c.Failure)
	}
	w.audit(m)
}

// What the ledger must not refuse and refuses all the same is never guessed
// about: it stays as it is, on the operator's list.
func TestWhatMustNotBeRefusedIsLeftToTheOperator(t *testing.T) {
	for _, test := range []struct {
		name  string
		trick trick
		step  exchange.Step
	}{
		{"a post", trick{}, exchange.StepPost},
		{"a void", trick{do: decline}, exchange.StepVoid},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.start()
			m := w.join(1)
			w.banks["sky"].follow(func(v connector.Verb, id connector.ID) trick {
				if v == connector.VerbCredit {
					// Behind our back somebody voids the hold.
					submit(t, w.ledger, gateway, w.clock.now, &ledger.Void{Hold: ledger.ID(id).Root(), Account: m.account})
				}
				return test.trick
			})
			c, _, err := w.Convert(context.Background(), staff, w.request(m, "sky", "EPT", "MILES", 1010), patient)
			must(t, err)
			if c.Status != exchange.Processing {
				t.Fatalf("%s, want processing", c.Status)
			}
			for range 3 {
				w.clock.advance(time.Hour)
				list, _, err := w.Escalated(context.Background())
				must(t, err)
				if len(list) != 1 || list[0].ID != c.ID || list[0].Step != test.step {
					t.Fatalf("the list is %v", list)
				}
			}
		})
	}
}

func TestAgreementsSurviveALedgerThatLosesItsAnswers(t *testing.T) {
	w := newWorld(t)
	next := mortal.Behaves
	w.reborn(&mortal.Life{}, func() mortal.Trick { return next })
	card := terms("sky", ledger.In)
	card.Version = 2

	next = mortal.Busy
	_, err := w.Propose(context.Background(), staff, card)
	var busy *exchange.Busy
	if !errors.As(err, &busy) {
		t.Errorf("a busy ledger: error %v", err)
	}
	next = mortal.LosesCall
	if _, err = w.Propose(context.Background(), staff, card); !errors.Is(err, ledger.ErrOutcomeUnknown) {
		t.Errorf("a ledger that did nothing: error %v", err)
	}
	next = mortal.LosesAnswer
	a, err := w.Propose(context.Background(), staff, card)
	must(t, err)
	a, err = w.Reject(context.Background(), sky, a.ID, "too dear")
	must(t, err)
	if a.Status != ledger.AgreementRejected {
		t.Errorf("%s", a.Status)
	}
	next = mortal.Behaves
	_, err = w.Reject(context.Background(), sky, a.ID, "too\ndear")
	refusedWith(t, "a reason of two lines", err, exchange.CodeInvalid)
}

func TestAClientOfACompanyThatIsNotRegisteredGetsNothing(t *testing.T) {
	w := newWorld(t)
	stranger := exchange.Party{Client: "x", Partner: "stranger"}
	_, err := w.Conversions(context.Background(), stranger, exchange.Filter{})
	refusedWith(t, "conversions", err, exchange.CodeNotYours)
	card := terms("stranger", ledger.In)
	_, err = w.Propose(context.Background(), stranger, card)
	refusedWith(t, "an agreement", err, exchange.CodeNotYours)
}
