package exchange_test

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// ways are the kinds of conversions there are.
var ways = []struct {
	name                string
	party               exchange.Party
	via                 string // whose link names the member
	source, destination string
	from                int64
	reference           string
}{
	{"in", staff, "sky", "MILES", "EPT", 3010, ""},
	{"out", sky, "sky", "EPT", "MILES", 1010, ""},
	{"out to a programme with decimals", shop, "shop", "EPT", "SHOP", 1010, ""},
	{"between two that are called", staff, "shop", "SHOP", "MILES", 30_010, ""},
	{"in, pushed", tele, "tele", "TELE", "EPT", 3010, "T-1"},
	{"out, pushed", tele, "tele", "EPT", "TELE", 1010, "T-2"},
	{"from one that pushes to one that is called", tele, "tele", "TELE", "MILES", 3010, "T-3"},
	{"from one that is called to one that pushes", tele, "tele", "MILES", "TELE", 3010, "T-4"},
}

func TestConversionsMoveBothSides(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			w := newWorld(t)
			m := w.join(1)
			r := w.request(m, way.via, way.source, way.destination, way.from)
			r.Reference = way.reference
			r.Evidence = &ledger.Evidence{JWS: "e30..c2ln", Body: ledger.Hash{1}}
			c := w.convert(way.party, r)
			if c.Status != exchange.Completed || c.From != way.from || c.To <= 0 || c.Fee <= 0 {
				t.Fatalf("conversion is %s: %d to %d, fee %d, %v", c.Status, c.From, c.To, c.Fee, c.Failure)
			}
			w.audit(m)
			receipt, err := w.Receipt(context.Background(), way.party, c.ID)
			must(t, err)
			if receipt.Transfer.Source == nil && receipt.Transfer.Destination == nil {
				t.Errorf("the receipt is of a %s without a leg", receipt.Transfer.Kind)
			}
			if !reflect.DeepEqual(receipt.Transfer.Evidence, r.Evidence) {
				t.Errorf("the receipt has the evidence %v", receipt.Transfer.Evidence)
			}
		})
	}
}

func TestAQuoteIsKeptToThePoint(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			w := newWorld(t)
			m := w.join(1)
			q, err := w.Quote(context.Background(), way.party, exchange.QuoteRequest{Source: way.source, Destination: way.destination, From: way.from})
			must(t, err)
			w.clock.advance(59 * time.Second)
			c := w.convert(way.party, exchange.ConvertRequest{QuoteID: q.ID, LinkID: m.links[way.via], Reference: way.reference, Idempotency: w.idem()})
			if c.Status != exchange.Completed || c.From != q.From || c.To != q.To || c.Fee != q.Fee || c.QuoteID != q.ID {
				t.Errorf("conversion %s of %d to %d, fee %d; the quote said %d to %d, fee %d", c.Status, c.From, c.To, c.Fee, q.From, q.To, q.Fee)
			}
			w.audit(m)
		})
	}
}

func TestHopelessRequestsAreRefusedBeforeAnythingMoves(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	other := w.join(2)
	must(t, w.Unlink(context.Background(), staff, other.links["sky"]))
	used, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 300})
	must(t, err)
	w.convert(staff, exchange.ConvertRequest{QuoteID: used.ID, LinkID: m.links["sky"], Idempotency: w.idem()})
	fresh, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 300})
	must(t, err)
	calls := w.banks["sky"].count(connector.VerbDebit)

	tests := []struct {
		name   string
		party  exchange.Party
		change func(r *exchange.ConvertRequest)
		code   string
	}{
		{"an unknown programme", staff, func(r *exchange.ConvertRequest) { r.Source = "NONE" }, exchange.CodeProgrammeUnknown},
		{"the same programme twice", staff, func(r *exchange.ConvertRequest) { r.Destination = "MILES" }, exchange.CodeSameProgramme},
		{"somebody else's programmes", shop, func(r *exchange.ConvertRequest) { r.LinkID = m.links["shop"] }, exchange.CodeNotYours},
		{"nothing", staff, func(r *exchange.ConvertRequest) { r.From = 0 }, "amount_out_of_range"},
		{"less than nothing", staff, func(r *exchange.ConvertRequest) { r.From = -300 }, "amount_out_of_range"},
		{"too little", staff, func(r *exchange.ConvertRequest) { r.From = 9 }, "amount_below_minimum"},
		{"too much", staff, func(r *exchange.ConvertRequest) { r.From = 500_010 }, "amount_above_maximum"},
		{"off the step", staff, func(r *exchange.ConvertRequest) { r.From = 301 }, "amount_off_step"},
		{"an unknown link", staff, func(r *exchange.ConvertRequest) { r.LinkID = fresh.ID }, exchange.CodeLinkMissing},
		{"an ended link", staff, func(r *exchange.ConvertRequest) { r.LinkID = other.links["sky"] }, exchange.CodeLinkMissing},
		{"another partner's link", sky, func(r *exchange.ConvertRequest) { r.LinkID = m.links["shop"] }, exchange.CodeLinkMissing},
		{"no link with the other side", staff, func(r *exchange.ConvertRequest) {
			r.LinkID, r.Source, r.Destination, r.From = other.links["shop"], "SHOP", "MILES", 30_010
		}, exchange.CodeLinkMissing},
		{"a reference where we do the work", staff, func(r *exchange.ConvertRequest) { r.Reference = "R" }, exchange.CodeReferenceRefused},
		{"no reference where the partner does it", tele, func(r *exchange.ConvertRequest) {
			r.Source, r.LinkID = "TELE", m.links["tele"]
		}, exchange.CodeReferenceNeeded},
		{"a reference with a space", tele, func(r *exchange.ConvertRequest) {
			r.Source, r.LinkID, r.Reference = "TELE", m.links["tele"], "T 1"
		}, exchange.CodeInvalid},
		{"a side that somebody else pushes", staff, func(r *exchange.ConvertRequest) {
			r.Source, r.LinkID = "TELE", m.links["tele"]
		}, exchange.CodeModeRefused},
		{"two sides that push", tele, func(r *exchange.ConvertRequest) {
			r.Source, r.Destination, r.LinkID, r.Reference = "TELE", "BEANS", m.links["tele"], "T-1"
		}, exchange.CodeModeRefused},
		{"a used quote", staff, func(r *exchange.ConvertRequest) { r.QuoteID = used.ID }, exchange.CodeQuoteUsed},
		{"a quote of another client", exchange.Party{Client: "utility-2"}, func(r *exchange.ConvertRequest) { r.QuoteID = fresh.ID }, exchange.CodeNotYours},
		{"a quote for another amount", staff, func(r *exchange.ConvertRequest) { r.QuoteID, r.From = fresh.ID, 310 }, exchange.CodeQuoteMismatch},
		{"a quote for other programmes", staff, func(r *exchange.ConvertRequest) { r.QuoteID, r.Source = fresh.ID, "SHOP" }, exchange.CodeQuoteMismatch},
		{"no idempotency key", staff, func(r *exchange.ConvertRequest) { r.Key = "" }, exchange.CodeInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := w.request(m, "sky", "MILES", "EPT", 300)
			test.change(&r)
			c, _, err := w.Convert(context.Background(), test.party, r, patient)
			var refusal *exchange.Refusal
			if !errors.As(err, &refusal) || refusal.Code != test.code || refusal.Detail == "" {
				t.Errorf("%v, error %v; want a refusal with %s", c, err, test.code)
			}
		})
	}
	t.Run("a quote of another company", func(t *testing.T) {
		_, _, err := w.Convert(context.Background(), sky, exchange.ConvertRequest{QuoteID: fresh.ID, LinkID: m.links["sky"], Idempotency: w.idem()}, patient)
		if !errors.Is(err, exchange.ErrNotFound) {
			t.Errorf("error %v, want not found", err)
		}
	})
	t.Run("an expired quote", func(t *testing.T) {
		w.clock.advance(61 * time.Second)
		_, _, err := w.Convert(context.Background(), staff, exchange.ConvertRequest{QuoteID: fresh.ID, LinkID: m.links["sky"], Idempotency: w.idem()}, patient)
		var refusal *exchange.Refusal
		if !errors.As(err, &refusal) || refusal.Code != exchange.CodeQuoteExpired {
			t.Errorf("error %v, want %s", err, exchange.CodeQuoteExpired)
		}
	})
	if n := w.banks["sky"].count(connector.VerbDebit); n != calls {
		t.Errorf("the partner was called %d times for requests that were refused", n-calls)
	}
	if n := len(w.all()); n != 1 {
		t.Errorf("%d conversions are stored, want the one that was granted", n)
	}
	w.audit(m, other)
}

func TestWhatTheLedgerWouldRefuseNeverBothersThePartner(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	submit(t, w.ledger, gateway, w.clock.now, &ledger.Freeze{Account: m.account, Frozen: true})
	_, _, err := w.Convert(context.Background(), staff, w.request(m, "sky", "MILES", "EPT", 300), patient)
	var refusal *exchange.Refusal
	if !errors.As(err, &refusal) || refusal.Code != string(ledger.CodeAccountFrozen) {
		t.Errorf("error %v, want %s", err, ledger.CodeAccountFrozen)
	}
	if n := w.banks["sky"].count(connector.VerbDebit); n != 0 {
		t.Errorf("the partner was asked for %d debits", n)
	}
	w.audit(m)
}

func TestAPushedConversionThatTheLedgerRefusesFails(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	submit(t, w.ledger, gateway, w.clock.now, &ledger.Freeze{Account: m.account, Frozen: true})
	for _, way := range ways {
		if way.reference == "" || way.source == "MILES" {
			continue
		}
		r := w.request(m, way.via, way.source, way.destination, way.from)
		r.Reference = way.reference
		c := w.convert(way.party, r)
		if c.Status != exchange.Failed || c.Failure == nil || c.Failure.Code != string(ledger.CodeAccountFrozen) {
			t.Errorf("%s: %s with %v", way.name, c.Status, c.Failure)
		}
	}
	w.audit(m)
}

func TestARepeatGetsTheSameConversion(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	q, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 300})
	must(t, err)
	r := exchange.ConvertRequest{QuoteID: q.ID, LinkID: m.links["sky"], Idempotency: w.idem()}
	first := w.convert(staff, r)

	again := func(what string) {
		t.Helper()
		c, replayed, err := w.Convert(context.Background(), staff, r, patient)
		if err != nil || !replayed || c.ID != first.ID || c.Status != exchange.Completed {
			t.Errorf("%s: %v, replayed %t, error %v", what, c, replayed, err)
		}
	}
	again("at once")
	w.clock.advance(time.Hour)
	again("after the quote has expired")
	must(t, w.Unlink(context.Background(), staff, m.links["sky"]))
	again("after the link has ended")

	r.Hash = ledger.Hash{2}
	if _, _, err := w.Convert(context.Background(), staff, r, patient); !errors.Is(err, exchange.ErrKeyReused) {
		t.Errorf("another body with the same key: error %v, want %v", err, exchange.ErrKeyReused)
	}
	r.Hash = ledger.Hash{1}
	if _, replayed, err := w.Convert(context.Background(), sky, r, patient); replayed || err == nil {
		t.Errorf("another client with the same key: replayed %t, error %v", replayed, err)
	}
	w.audit(m)
}

func TestWhileARequestWaitsItsRepeatIsTurnedAway(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	block := make(chan struct{})
	entered := make(chan struct{})
	var once sync.Once
	w.banks["sky"].follow(func(v connector.Verb, _ connector.ID) trick {
		if v == connector.VerbDebit {
			once.Do(func() { close(entered) })
			<-block
		}
		return trick{}
	})
	r := w.request(m, "sky", "MILES", "EPT", 300)
	done := make(chan *exchange.Conversion)
	go func() {
		c, _, err := w.Convert(context.Background(), staff, r, patient)
		if err != nil {
			t.Error(err)
		}
		done <- c
	}()
	<-entered
	if _, _, err := w.Convert(context.Background(), staff, r, 0); !errors.Is(err, exchange.ErrStillRunning) {
		t.Errorf("the repeat: error %v, want %v", err, exchange.ErrStillRunning)
	}
	r.Hash = ledger.Hash{9}
	if _, _, err := w.Convert(context.Background(), staff, r, 0); !errors.Is(err, exchange.ErrKeyReused) {
		t.Errorf("another request with the key: error %v, want %v", err, exchange.ErrKeyReused)
	}
	close(block)
	if c := <-done; c.Status != exchange.Completed {
		t.Errorf("the first is %s", c.Status)
	}
	w.audit(m)
}

func TestTheWorkGoesOnWithoutTheCaller(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	block := make(chan struct{})
	w.banks["sky"].follow(func(v connector.Verb, _ connector.ID) trick {
		if v == connector.VerbDebit {
			<-block
		}
		return trick{}
	})
	r := w.request(m, "sky", "MILES", "EPT", 300)
	c, replayed, err := w.Convert(context.Background(), staff, r, time.Millisecond)
	must(t, err)
	if c.Status != exchange.Processing || replayed {
		t.Fatalf("the first answer is %s, replayed %t", c.Status, replayed)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	c, replayed, err = w.Convert(gone, staff, r, patient)
	if err != nil || !replayed || c.Status != exchange.Processing {
		t.Errorf("a repeat whose caller has left: %v, replayed %t, error %v", c, replayed, err)
	}
	close(block)
	c, replayed, err = w.Convert(context.Background(), staff, r, patient)
	if err != nil || !replayed || c.Status != exchange.Completed {
		t.Errorf("a repeat that waits: %v, replayed %t, error %v", c, replayed, err)
	}
	w.audit(m)
}
