package exchangetest

import (
	"context"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
)

func quoteRoundTrip(t *testing.T, s exchange.Store) {
	full, bare := quote(1), quote(2)
	bare.Out, bare.Residues, bare.Party.Partner = nil, nil, ""
	wantAllSet(t, full)
	for _, q := range []*exchange.Quote{full, bare} {
		suite.Must(t, s.CreateQuote(context.Background(), q))
		got, err := s.Quote(context.Background(), q.ID)
		suite.Must(t, err)
		suite.WantEqual(t, "quote", got, q)
	}
}

func conversionRoundTrip(t *testing.T, s exchange.Store) {
	full, bare := conversion(1), conversion(2)
	bare.In, bare.QuoteID, bare.Party.Partner, bare.SourceMode, bare.SourceMembership = nil, ledger.ID{}, "", "", ""
	wantAllSet(t, full, "Outcome", "SourceReference", "Failure", "Reversed", "FinishedAt", "TurnedAt", "EscalatedAt", "Window")
	for _, c := range []*exchange.Conversion{full, bare} {
		create(t, s, c)
		suite.WantEqual(t, "by ID", stored(t, s, c), c)
		got, err := s.ConversionByKey(context.Background(), c.Party.Client, c.Request.Key)
		suite.Must(t, err)
		suite.WantEqual(t, "by key", got, c)
	}
}

func conversionUpdate(t *testing.T, s exchange.Store) {
	c, other := conversion(1), conversion(2)
	create(t, s, c)
	create(t, s, other)
	want := ended(c)
	wantAllSet(t, want, "Reversed")
	suite.Must(t, s.UpdateConversion(context.Background(), want))
	suite.WantEqual(t, "after the update", stored(t, s, c), want)
	suite.WantEqual(t, "the other one", stored(t, s, other), other)

	tampered := want.Clone()
	tampered.Member, tampered.From, tampered.Reversed, tampered.In, tampered.CreatedAt = "M-1", 1, 1, nil, 1
	suite.Must(t, s.UpdateConversion(context.Background(), tampered))
	suite.WantEqual(t, "after an update of what cannot change", stored(t, s, c), want)

	want.Failure, want.EscalatedAt = nil, 0
	suite.Must(t, s.UpdateConversion(context.Background(), want))
	suite.WantEqual(t, "after an update that clears", stored(t, s, c), want)
}

func notFound(t *testing.T, s exchange.Store) {
	ctx := context.Background()
	create(t, s, conversion(1))
	checks := map[string]func() error{
		"Quote":            func() error { _, err := s.Quote(ctx, id(9)); return err },
		"Conversion":       func() error { _, err := s.Conversion(ctx, id(9)); return err },
		"ConversionByKey":  func() error { _, err := s.ConversionByKey(ctx, "sky-1", "no such key"); return err },
		"UpdateConversion": func() error { return s.UpdateConversion(ctx, conversion(9)) },
		"Reversal":         func() error { _, err := s.Reversal(ctx, id(9)); return err },
		"CreateReversal": func() error {
			_, err := s.CreateReversal(ctx, reversal(10, conversion(9), 0, 1))
			return err
		},
		"UpdateReversal": func() error { return s.UpdateReversal(ctx, reversal(9, conversion(1), 0, 1)) },
		"Link":           func() error { _, err := s.Link(ctx, id(9)); return err },
		"LinkOf":         func() error { _, err := s.LinkOf(ctx, "sky", "M-1"); return err },
		"EndLink":        func() error { return s.EndLink(ctx, id(9), 1) },
	}
	for name, check := range checks {
		suite.WantErr(t, name, check(), exchange.ErrNotFound)
	}
}

func handsOutCopies(t *testing.T, s exchange.Store) {
	c := conversion(1)
	want := c.Clone()
	create(t, s, c)
	c.In.From, c.Step = 5, exchange.StepDone
	got := stored(t, s, c)
	suite.WantEqual(t, "after the caller changed its own", got, want)
	got.Out.To, got.Status = 6, exchange.Failed
	suite.WantEqual(t, "after a reader changed its own", stored(t, s, c), want)
}

func keyUsedAgain(t *testing.T, s exchange.Store) {
	first, again := conversion(1), conversion(2)
	create(t, s, first)
	again.Request.Key, again.Request.Hash, again.QuoteID = first.Request.Key, hash(99), first.QuoteID
	suite.Must(t, s.UpdateConversion(context.Background(), ended(first)))
	existing, err := Create(context.Background(), s, again)
	suite.Must(t, err)
	suite.WantEqual(t, "existing", existing, ended(first))
	_, err = s.Conversion(context.Background(), again.ID)
	suite.WantErr(t, "the second", err, exchange.ErrNotFound)

	again.QuoteID, again.Request.Key = id(700), "a new key"
	create(t, s, again)
}

func keyOfAnotherClient(t *testing.T, s exchange.Store) {
	first, other := conversion(1), conversion(2)
	other.Request.Key, other.Party.Client = first.Request.Key, "sky-2"
	create(t, s, first)
	create(t, s, other)
	got, err := s.ConversionByKey(context.Background(), "sky-2", first.Request.Key)
	suite.Must(t, err)
	suite.WantEqual(t, "the other client's", got, other)
}

func quoteUsedOnce(t *testing.T, s exchange.Store) {
	first, second := conversion(1), conversion(2)
	create(t, s, first)
	second.QuoteID = first.QuoteID
	_, err := Create(context.Background(), s, second)
	suite.WantErr(t, "the second use", err, exchange.ErrQuoteUsed)
	second.QuoteID = ledger.ID{}
	create(t, s, second)
	third := conversion(3)
	third.QuoteID = ledger.ID{}
	create(t, s, third)
}

func racingCreates(t *testing.T, s exchange.Store) {
	const racers = 32
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored := map[string]int{}
	for i := range racers {
		byKey, byQuote := conversion(1+i), conversion(101+i)
		byKey.Request.Key, byQuote.QuoteID = "one key", id(999)
		wg.Go(func() {
			for name, c := range map[string]*exchange.Conversion{"key": byKey, "quote": byQuote} {
				existing, err := Create(context.Background(), s, c)
				if name == "quote" && err != nil {
					suite.WantErr(t, "a racer's quote", err, exchange.ErrQuoteUsed)
					continue
				}
				if err != nil {
					t.Error(err)
				}
				if existing == nil {
					mu.Lock()
					stored[name]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	suite.WantEqual(t, "stored", stored, map[string]int{"key": 1, "quote": 1})
}

func unfinishedConversions(t *testing.T, s exchange.Store) {
	var want []ledger.ID
	for i := range 20 {
		c := conversion(20 - i)
		create(t, s, c)
		if i%3 == 0 {
			suite.Must(t, s.UpdateConversion(context.Background(), ended(c)))
		}
	}
	for n := 1; n <= 20; n++ {
		if (20-n)%3 != 0 {
			want = append(want, id(n).Root())
		}
	}
	var got []ledger.ID
	var after ledger.ID
	for {
		page, err := s.UnfinishedConversions(context.Background(), after, 4)
		suite.Must(t, err)
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			got = append(got, c.ID)
		}
		after = page[len(page)-1].ID
	}
	suite.WantEqual(t, "unfinished", got, want)
}

func unfinishedSlots(t *testing.T, s exchange.Store) {
	ctx := context.Background()
	slots := func(now int64) []uint8 {
		t.Helper()
		got, err := s.UnfinishedSlots(ctx, now)
		suite.Must(t, err)
		return got
	}
	if got := slots(0); len(got) != 0 {
		t.Errorf("slots of nothing: %v", got)
	}
	for n, slot := range []uint8{255, 3, 3, 0, 7} {
		c := conversion(n + 1)
		c.ID[14] = slot
		if n == 4 {
			c.Step, c.Deadline = exchange.StepReview, c.CreatedAt+100
		}
		create(t, s, c)
		if n == 3 {
			suite.Must(t, s.UpdateConversion(ctx, ended(c)))
			r := reversal(n+1, ended(c), 0, 1)
			r.ID[14] = 9
			if existing, err := s.CreateReversal(ctx, r); err != nil || existing != nil {
				t.Fatal(existing, err)
			}
		}
	}
	now := conversion(5).CreatedAt
	suite.WantEqual(t, "slots", slots(now), []uint8{3, 9, 255})
	suite.WantEqual(t, "slots once the review is over", slots(now+100), []uint8{3, 7, 9, 255})
}

func decideReview(t *testing.T, s exchange.Store) {
	ctx := context.Background()
	held := conversion(1)
	held.Step, held.Failure = exchange.StepReview, &exchange.Failure{Code: "velocity", Detail: "held"}
	create(t, s, held)
	next := held.Clone()
	next.Step, next.Failure, next.Deadline = exchange.StepDebit, nil, 1_770_000_999_000
	next.In.LockedAt, next.Out.LockedAt = next.In.LockedAt+5, next.Out.LockedAt+6
	suite.Must(t, s.DecideReview(ctx, next))
	suite.WantEqual(t, "after the decision", stored(t, s, held), next)
	other := held.Clone()
	other.Step = exchange.StepDone
	suite.WantErr(t, "a second decision", s.DecideReview(ctx, other), exchange.ErrNotFound)
	suite.WantEqual(t, "after a second decision", stored(t, s, held), next)
	suite.WantErr(t, "a decision about what is not there", s.DecideReview(ctx, conversion(9)), exchange.ErrNotFound)
}
