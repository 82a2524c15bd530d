package exchange_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners"
)

func refusedWith(t tb, what string, err error, code string) {
	t.Helper()
	var refusal *exchange.Refusal
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.Detail == "" {
		t.Errorf("%s: error %v, want a refusal with %s", what, err, code)
	}
}

func TestAQuoteSaysBothAmountsTheFeeAndWhatRoundingLeaves(t *testing.T) {
	w := newWorld(t)
	before := w.clock.now().UnixMilli()
	q, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: "SHOP", Destination: "MILES", From: 30_010})
	must(t, err)
	// 300.10 SHOP at 3 : 1 are 100 points and 100/300 of one; 1.5 % of 100 are 1
	// point. 99 points less 1 of fee are 98; at 7 : 9 they are 126 miles exactly.
	if q.From != 30_010 || q.In.To != 99 || q.Out.From != 99 || q.Out.To != 126 || q.To != 126 || q.Fee != 2 {
		t.Errorf("%d to %d (points %d), fee %d", q.From, q.To, q.In.To, q.Fee)
	}
	want := []exchange.Residue{{Programme: "EPT", Numerator: 10, Denominator: 300}, {Programme: "MILES", Numerator: 0, Denominator: 7}}
	if len(q.Residues) != 2 || q.Residues[0] != want[0] || q.Residues[1] != want[1] {
		t.Errorf("residues %+v, want %+v", q.Residues, want)
	}
	if q.In.LockedAt != q.CreatedAt || q.Out.LockedAt != q.CreatedAt || q.CreatedAt < before || q.ExpiresAt != q.CreatedAt+60_000 {
		t.Errorf("created at %d, locked at %d and %d, expires at %d", q.CreatedAt, q.In.LockedAt, q.Out.LockedAt, q.ExpiresAt)
	}
}

func TestAQuoteExpiresNoLaterThanTheLedgersLock(t *testing.T) {
	w := newWorld(t)
	short := terms("sky", ledger.In)
	short.Version, short.LockSeconds = 2, 10
	agree(t, w.ledger, w.clock.now, companies[0], short)
	q, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 300})
	must(t, err)
	if q.ExpiresAt != q.CreatedAt+10_000 {
		t.Errorf("expires %d ms after it was made, want 10000", q.ExpiresAt-q.CreatedAt)
	}
}

func TestQuotesThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t)
	submit(t, w.ledger, gateway, w.clock.now, &ledger.SuspendPartner{Partner: "shop", Suspended: true, Reason: "audit"})
	tests := []struct {
		name  string
		party exchange.Party
		r     exchange.QuoteRequest
		code  string
	}{
		{"an unknown programme", staff, exchange.QuoteRequest{Source: "NONE", Destination: "EPT", From: 300}, exchange.CodeProgrammeUnknown},
		{"the same twice", staff, exchange.QuoteRequest{Source: "EPT", Destination: "EPT", From: 300}, exchange.CodeSameProgramme},
		{"somebody else's", tele, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 300}, exchange.CodeNotYours},
		{"a suspended partner", staff, exchange.QuoteRequest{Source: "SHOP", Destination: "EPT", From: 300}, "partner_suspended"},
		{"below the minimum", staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 9}, "amount_below_minimum"},
		{"above the maximum", staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 500_010}, "amount_above_maximum"},
		{"off the step", staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 301}, "amount_off_step"},
		{"nothing", staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT"}, "amount_out_of_range"},
		{"too little for the second leg", staff, exchange.QuoteRequest{Source: "MILES", Destination: "TELE", From: 20}, "amount_below_minimum"},
	}
	for _, test := range tests {
		_, err := w.Quote(context.Background(), test.party, test.r)
		refusedWith(t, test.name, err, test.code)
	}
}

func TestWithoutAnAgreementThereIsNoQuote(t *testing.T) {
	fresh := partners.Partner{Code: "fresh", Name: "Fresh", Programme: "FRESH", MSP: "FreshMSP", In: partners.Push, Out: partners.Push}
	w := newWorld(t, func(o *exchange.Options) {
		o.Registry = registryOf(t, append(companies[:len(companies):len(companies)], fresh))
	})
	ask := func() error {
		_, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: "FRESH", Destination: "EPT", From: 300})
		return err
	}
	refusedWith(t, "a partner that is not on the ledger", ask(), "partner_unknown")
	submit(t, w.ledger, gateway, w.clock.now, &ledger.RegisterPartner{Partner: "fresh", Programme: "FRESH", MSP: "FreshMSP"})
	w.clock.advance(2 * time.Second)
	refusedWith(t, "a partner without an agreement", ask(), exchange.CodeNoAgreement)
	later := terms("fresh", ledger.In)
	later.From = w.clock.now().Add(time.Hour).UnixMilli()
	agree(t, w.ledger, w.clock.now, fresh, later)
	w.clock.advance(2 * time.Second)
	refusedWith(t, "an agreement of tomorrow", ask(), exchange.CodeNoAgreement)
	w.clock.advance(time.Hour)
	must(t, ask())
}

func TestTheLedgerNeverRefusesAFreshQuotesAmounts(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	rapid.Check(t, func(t *rapid.T) {
		programmes := []string{"EPT", "MILES", "SHOP"}
		source := rapid.SampledFrom(programmes).Draw(t, "source")
		destination := rapid.SampledFrom(programmes).Draw(t, "destination")
		from := rapid.Int64Range(-5, 600_000).Draw(t, "from")
		q, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: source, Destination: destination, From: from})
		var refusal *exchange.Refusal
		if errors.As(err, &refusal) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		result, err := w.ledger.Check(context.Background(), gateway, commandOf(q, m))
		if err != nil || result.Code != ledger.CodeOK {
			t.Fatalf("quote %+v: the ledger says %s: %s, %v", q, result.Code, result.Message, err)
		}
		for _, l := range []*ledger.Leg{result.Entry.Transfer.Source, result.Entry.Transfer.Destination} {
			if l != nil && (l.Partner != "" && l.From <= 0) {
				t.Fatalf("leg %+v", l)
			}
		}
	})
}

func commandOf(q *exchange.Quote, m member) ledger.Command {
	c := ledger.Command{ID: q.ID}
	switch {
	case q.In != nil && q.Out != nil:
		c.Body = &ledger.CrossConvert{Account: m.account, Source: *q.In, Destination: *q.Out}
	case q.In != nil:
		c.Body = &ledger.ConvertIn{Account: m.account, Leg: *q.In}
	default:
		c.Body = &ledger.ConvertOut{Account: m.account, Leg: *q.Out}
	}
	return c
}

func TestANewAgreementIsPricedByAtOnceAndAnOldOneAMomentLonger(t *testing.T) {
	w := newWorld(t, func(o *exchange.Options) { o.AgreementsTTL = time.Hour })
	m := w.join(1)
	quote := func() *exchange.Quote {
		t.Helper()
		q, err := w.Quote(context.Background(), staff, exchange.QuoteRequest{Source: "MILES", Destination: "EPT", From: 300})
		must(t, err)
		return q
	}
	first := quote()

	better := terms("sky", ledger.In)
	better.Version, better.Rate.ToUnits = 2, 2_000_000
	proposed, err := w.Propose(context.Background(), staff, better)
	must(t, err)
	if _, err := w.Accept(context.Background(), sky, proposed.ID, better.Hash()); err != nil {
		t.Fatal(err)
	}
	if q := quote(); q.In.Agreement != proposed.ID || q.To <= first.To {
		t.Errorf("after the acceptance the quote is under %s and gives %d", q.In.Agreement, q.To)
	}

	// One that was accepted behind the service's back: its prices are read again
	// once the ledger has refused the old ones.
	best := better
	best.Version, best.Rate.ToUnits = 3, 3_000_000
	agree(t, w.ledger, w.clock.now, companies[0], best)
	w.clock.advance(time.Second)
	c := w.convert(staff, w.request(m, "sky", "MILES", "EPT", 300))
	if c.Status != exchange.Completed || c.To != gross(300, best) {
		t.Errorf("%s to %d with %v, want %d", c.Status, c.To, c.Failure, gross(300, best))
	}
}

func gross(from int64, terms ledger.Terms) int64 {
	a, _ := terms.Amounts(from, 0)
	return a.To
}

func TestAPushUnderOutdatedPricesFailsOnceAndNotTwice(t *testing.T) {
	w := newWorld(t, func(o *exchange.Options) { o.AgreementsTTL = time.Hour })
	m := w.join(1)
	push := func() *exchange.Conversion {
		r := w.request(m, "tele", "TELE", "EPT", 300)
		r.Reference = "T-1"
		return w.convert(tele, r)
	}
	if c := push(); c.Status != exchange.Completed {
		t.Fatalf("%s with %v", c.Status, c.Failure)
	}
	next := terms("tele", ledger.In)
	next.Version = 2
	agree(t, w.ledger, w.clock.now, companies[2], next)
	w.clock.advance(time.Second)
	if c := push(); c.Status != exchange.Failed || c.Failure.Code != string(ledger.CodeAgreementNotInForce) {
		t.Errorf("the first: %s with %v", c.Status, c.Failure)
	}
	if c := push(); c.Status != exchange.Completed {
		t.Errorf("the second: %s with %v", c.Status, c.Failure)
	}
}
