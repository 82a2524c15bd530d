package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
)

func TestOfCallersThatRaceForTheSameThingOneWinsAndTheRestAreTold(t *testing.T) {
	onEach(t, ofCallersThatRaceForTheSameThingOneWinsAndTheRestAreTold)
}

func ofCallersThatRaceForTheSameThingOneWinsAndTheRestAreTold(t *testing.T, open openFunc) {
	s := open(t)
	const callers, keys, quotes = 64, 40, 40
	var stored, replayed, used atomic.Int64
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for n := range keys + quotes {
				c := sample(uint64(i)<<32 | uint64(n))
				if n < keys {
					c.Request.Key = fmt.Sprint("key", n)
				} else {
					c.QuoteID = idAt(1_770_000_000_000, uint64(n))
				}
				existing, err := exchangetest.Create(context.Background(), s, c)
				switch {
				case errors.Is(err, exchange.ErrQuoteUsed):
					used.Add(1)
				case err != nil:
					t.Error(err)
				case existing != nil:
					if existing.Request.Key != c.Request.Key {
						t.Errorf("key %s: got the conversion of %s", c.Request.Key, existing.Request.Key)
					}
					replayed.Add(1)
				default:
					stored.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if stored.Load() != keys+quotes || replayed.Load() != keys*(callers-1) || used.Load() != quotes*(callers-1) {
		t.Errorf("stored %d, replayed %d, refused %d", stored.Load(), replayed.Load(), used.Load())
	}
	if n := s.Stats().Retries; n != 0 {
		t.Errorf("%d writes had to be tried alone; conflicts that are expected must not fail a transaction", n)
	}
}

func TestAWriteThatBreaksARuleFailsAlone(t *testing.T) { onEach(t, aWriteThatBreaksARuleFailsAlone) }

func aWriteThatBreaksARuleFailsAlone(t *testing.T, open openFunc) {
	s := open(t)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			c := sample(uint64(i) << 32)
			if i%20 == 0 {
				c.Reversed = c.From + 1
			}
			_, err := exchangetest.Create(context.Background(), s, c)
			if (err != nil) != (i%20 == 0) {
				t.Errorf("conversion %d: error %v", i, err)
			}
			if _, err := s.Conversion(context.Background(), c.ID); errors.Is(err, exchange.ErrNotFound) != (i%20 == 0) {
				t.Errorf("reading conversion %d: error %v", i, err)
			}
		})
	}
	wg.Wait()
}

func TestNoMoreIsTakenBackThanWasConverted(t *testing.T) {
	onEach(t, noMoreIsTakenBackThanWasConverted)
}

func noMoreIsTakenBackThanWasConverted(t *testing.T, open openFunc) {
	s := open(t)
	ctx := context.Background()
	c := sample(1)
	c.Status, c.Outcome, c.Step = exchange.Completed, exchange.Completed, exchange.StepDone
	if _, err := exchangetest.Create(ctx, s, c); err != nil {
		t.Fatal(err)
	}
	r := &exchange.Reversal{ID: newID(2), Conversion: c.ID, Party: c.Party, Request: exchange.Idempotency{Key: "r"},
		Source: c.Source, Amount: c.From + 1, Status: exchange.Processing, Step: exchange.StepReverse}
	if _, err := s.CreateReversal(ctx, r); err != nil {
		t.Fatal(err)
	}
	done := r.Clone()
	done.Status, done.Step = exchange.Completed, exchange.StepDone
	if err := s.UpdateReversal(ctx, done); err == nil {
		t.Error("took back more than was converted")
	}
	if got, err := s.Reversal(ctx, r.ID); err != nil || got.Status != exchange.Processing {
		t.Errorf("the reversal is %+v, %v; want it as it was", got, err)
	}
	if got, err := s.Conversion(ctx, c.ID); err != nil || got.Reversed != 0 || got.Status != exchange.Completed {
		t.Errorf("the conversion is %+v, %v; want it as it was", got, err)
	}
}

func TestACompletedReversalStaysCompleted(t *testing.T) { onEach(t, aCompletedReversalStaysCompleted) }

func aCompletedReversalStaysCompleted(t *testing.T, open openFunc) {
	s := open(t)
	ctx := context.Background()
	c := sample(1)
	if _, err := exchangetest.Create(ctx, s, c); err != nil {
		t.Fatal(err)
	}
	r := &exchange.Reversal{ID: newID(2), Conversion: c.ID, Party: c.Party, Request: exchange.Idempotency{Key: "r"},
		Source: c.Source, Amount: 5, Status: exchange.Processing, Step: exchange.StepReverse}
	if _, err := s.CreateReversal(ctx, r); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		status exchange.Status
		wantOK bool
	}{{exchange.Completed, true}, {exchange.Failed, false}, {exchange.Processing, false}, {exchange.Completed, true}} {
		r.Status, r.Step = step.status, exchange.StepDone
		if err := s.UpdateReversal(ctx, r); (err == nil) != step.wantOK {
			t.Errorf("to %s: error %v", step.status, err)
		}
	}
	if got, err := s.Conversion(ctx, c.ID); err != nil || got.Reversed != 5 {
		t.Errorf("reversed is %d, %v; want 5, added once", got.Reversed, err)
	}
}

func TestTheTimeInAConversionsIDIsThatOfItsCreation(t *testing.T) {
	s := openNew(t)
	c := sample(1)
	c.CreatedAt -= 25 * 60 * 60 * 1000
	if _, err := exchangetest.Create(context.Background(), s, c); err == nil {
		t.Error("stored a conversion that lists by time would miss")
	}
}

func TestTheLimitOfAListIsChecked(t *testing.T) { onEach(t, theLimitOfAListIsChecked) }

func theLimitOfAListIsChecked(t *testing.T, open openFunc) {
	s := open(t)
	for _, limit := range []int{-1, 0, 201} {
		if _, err := s.Conversions(context.Background(), exchange.Filter{Limit: limit}); err == nil {
			t.Errorf("limit %d: no error", limit)
		}
	}
}

// Indexes, their conditions and the ways round them must not show: for any rows
// and any filter a list is what a walk over all rows gives.
func TestListsAreWhatAWalkOverAllRowsGives(t *testing.T) {
	onEach(t, listsAreWhatAWalkOverAllRowsGives)
}

func listsAreWhatAWalkOverAllRowsGives(t *testing.T, open openFunc) {
	stored, model := open(t), exchangetest.NewMemory()
	ctx := context.Background()
	programmes := []string{"EPT", "SKY", "SHOP", "TEL"}
	statuses := []exchange.Status{exchange.Processing, exchange.Completed, exchange.Failed, exchange.Reversed}
	n := uint64(0)
	const epoch = 1_770_000_000_000
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(0, 10).Draw(t, "rows") {
			n++
			c := sample(n)
			at := epoch + rapid.Int64Range(0, 1000).Draw(t, "created")
			c.ID = idAt(at+rapid.Int64Range(-5, 5).Draw(t, "apart"), n)
			c.CreatedAt = at
			c.Source = rapid.SampledFrom(programmes).Draw(t, "source")
			c.Destination = rapid.SampledFrom(programmes).Draw(t, "destination")
			c.Status = rapid.SampledFrom(statuses).Draw(t, "status")
			c.Step = rapid.SampledFrom([]exchange.Step{exchange.StepDone, exchange.StepLedger}).Draw(t, "step")
			c.EscalatedAt = rapid.Int64Range(0, 1).Draw(t, "escalated")
			for _, s := range []exchange.Store{stored, model} {
				if _, err := exchangetest.Create(ctx, s, c); err != nil {
					t.Fatal(err)
				}
			}
		}
		f := exchange.Filter{
			Programme:   rapid.SampledFrom(append(programmes, "")).Draw(t, "programme"),
			Status:      rapid.SampledFrom(append(statuses, "")).Draw(t, "of status"),
			Escalated:   rapid.Bool().Draw(t, "of escalated"),
			CreatedFrom: rapid.SampledFrom([]int64{0, epoch + 300}).Draw(t, "from"), CreatedUntil: rapid.SampledFrom([]int64{0, epoch + 700}).Draw(t, "until"),
			Limit: rapid.IntRange(1, 20).Draw(t, "limit"),
		}
		if rapid.Bool().Draw(t, "a later page") {
			f.Before = idAt(epoch+rapid.Int64Range(0, 1000).Draw(t, "before"), 0)
		}
		got, err := stored.Conversions(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		want, err := model.Conversions(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		if ids(got) != ids(want) {
			t.Errorf("filter %+v:\n got %s\nwant %s", f, ids(got), ids(want))
		}
	})
}

func ids(all []*exchange.Conversion) (text string) {
	for _, c := range all {
		text += c.ID.String() + "\n"
	}
	return text
}

func idAt(ms int64, n uint64) ledger.ID {
	id := newID(n)
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}

// A write that fails costs its neighbours one transaction more, not one each.
func TestAWriteThatFailsIsSingledOut(t *testing.T) { onEach(t, aWriteThatFailsIsSingledOut) }

func aWriteThatFailsIsSingledOut(t *testing.T, open openFunc) {
	s := open(t)
	fromEach(64, 640, func(i int) {
		c := sample(uint64(i) << 32)
		if i%64 == 0 {
			c.Reversed = c.From + 1
		}
		if _, err := exchangetest.Create(context.Background(), s, c); (err != nil) != (i%64 == 0) {
			t.Errorf("conversion %d: error %v", i, err)
		}
	})
	if n := s.Stats().Retries; n > 10 {
		t.Errorf("%d writes were tried alone, want no more than the 10 that fail", n)
	}
}
