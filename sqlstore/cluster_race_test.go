package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/internal/suite"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/storetest"
	"github.com/pointgrid/pointgrid/web/idempotency"
)

// pair are the stores of two gateways.
func pair(t *testing.T) [2]*sqlstore.Store {
	t.Helper()
	c := newCluster(t)
	return [2]*sqlstore.Store{c.open(t, c.join(t), nil), c.open(t, c.join(t), nil)}
}

// both does something at two gateways at once, many times, and says how often it was
// granted.
func both(t *testing.T, stores [2]*sqlstore.Store, do func(s *sqlstore.Store, round int) (granted bool)) {
	t.Helper()
	for round := range 20 {
		var granted atomic.Int64
		var together sync.WaitGroup
		for _, s := range stores {
			for range 4 {
				together.Go(func() {
					if do(s, round) {
						granted.Add(1)
					}
				})
			}
		}
		together.Wait()
		if n := granted.Load(); n != 1 {
			t.Fatalf("round %d: it was granted %d times, want once", round, n)
		}
	}
}

func TestOfTwoGatewaysOneIsGrantedWhatThereIsOnce(t *testing.T) {
	ctx, now := context.Background(), time.UnixMilli(1_770_000_000_000)
	stores := pair(t)
	t.Run("an idempotency key", func(t *testing.T) {
		both(t, stores, func(s *sqlstore.Store, round int) bool {
			answer, err := s.Begin(ctx, idempotency.Request{Client: "sky", Route: "/v1/quotes", Key: fmt.Sprint(round)}, now, time.Minute)
			if err != nil && !errors.Is(err, idempotency.ErrRunning) || answer != nil {
				t.Errorf("answer %v, error %v, want that it is running", answer, err)
			}
			return err == nil
		})
	})
	t.Run("a client's assertion", func(t *testing.T) {
		both(t, stores, func(s *sqlstore.Store, round int) bool {
			// Those of the rounds before have expired, and are forgotten by both.
			at := now.Add(time.Duration(round) * time.Minute)
			fresh, err := s.UseAssertion(ctx, "sky", fmt.Sprint(round), at.Add(time.Second), at)
			if err != nil {
				t.Error(err)
			}
			return fresh
		})
	})
	t.Run("a quote", func(t *testing.T) {
		var made atomic.Uint64
		both(t, stores, func(s *sqlstore.Store, round int) bool {
			c := sample(1<<32 + made.Add(1))
			c.QuoteID = ledger.NewID(now, [10]byte{9: 16, 8: byte(round)})
			existing, err := exchangetest.Create(ctx, s, c)
			if err != nil && !errors.Is(err, exchange.ErrQuoteUsed) || existing != nil {
				t.Errorf("existing %v, error %v, want ErrQuoteUsed", existing, err)
			}
			return err == nil
		})
	})
	t.Run("a request for a conversion", func(t *testing.T) {
		var made atomic.Uint64
		both(t, stores, func(s *sqlstore.Store, round int) bool {
			c := sample(1<<33 + made.Add(1))
			c.Request.Key = fmt.Sprint("the key of round ", round)
			existing, err := exchangetest.Create(ctx, s, c)
			if err != nil {
				t.Error(err)
			}
			return existing == nil
		})
	})
	t.Run("a membership", func(t *testing.T) {
		both(t, stores, func(s *sqlstore.Store, round int) bool {
			l := &exchange.Link{ID: freshID(), Partner: "sky", Member: fmt.Sprint("M-", round), Membership: fmt.Sprint("S-", round), CreatedAt: 1}
			err := s.CreateLink(ctx, l)
			if err != nil && !errors.Is(err, exchange.ErrLinked) {
				t.Error(err)
			}
			return err == nil
		})
	})
}

// freshID is one that no other goroutine has.
func freshID() ledger.ID { return newID(1<<40 + uint64(shared.schemas.Add(1))) }

// Each gateway reverses on the sum that it has just read, so most are refused; what is
// taken must add up.
func TestReversalsAtTwoGatewaysAddUp(t *testing.T) {
	ctx, stores := context.Background(), pair(t)
	c := sample(1)
	c.Status, c.Outcome, c.Step = exchange.Completed, exchange.Completed, exchange.StepDone
	_, err := exchangetest.Create(ctx, stores[0], c)
	suite.Must(t, err)
	var taken atomic.Int64
	fromEach(6, 60, func(i int) {
		s := stores[i%2]
		now, err := s.Conversion(ctx, c.ID)
		if err != nil {
			t.Error(err)
			return
		}
		r := &exchange.Reversal{ID: freshID(), Conversion: c.ID, Party: c.Party, Request: exchange.Idempotency{Key: fmt.Sprint("r", i)},
			Source: c.Source, Amount: 1, Before: now.Reversed, Status: exchange.Processing, Step: exchange.StepReverse}
		if _, err := s.CreateReversal(ctx, r); err != nil {
			if !errors.Is(err, exchange.ErrReversalUnderWay) {
				t.Error(err)
			}
			return
		}
		r.Status, r.Step = exchange.Completed, exchange.StepDone
		if err := s.UpdateReversal(ctx, r); err != nil {
			t.Error(err)
		}
		if n := taken.Add(1); r.Before >= n {
			t.Errorf("a reversal was made on the sum %d when %d had been taken", r.Before, n-1)
		}
	})
	all, err := stores[0].Reversals(ctx, c.ID)
	suite.Must(t, err)
	sums := map[int64]bool{}
	for _, r := range all {
		sums[r.Before] = true
	}
	now, err := stores[1].Conversion(ctx, c.ID)
	suite.Must(t, err)
	if now.Reversed != taken.Load() || len(sums) != len(all) || taken.Load() == 0 {
		t.Errorf("%d were taken back by %d reversals on %d sums, the conversion has %d", taken.Load(), len(all), len(sums), now.Reversed)
	}
}

func TestStoresOfAClusterKeepThePortsOfTheConvertingRoutes(t *testing.T) {
	sharedServer(t)
	open := func(t *testing.T) *sqlstore.Store {
		c := newCluster(t)
		return c.open(t, c.join(t), nil)
	}
	t.Run("exchange", func(t *testing.T) {
		exchangetest.RunStore(t, func(t *testing.T) exchange.Store { return open(t) })
	})
	t.Run("idempotency", func(t *testing.T) {
		storetest.RunIdempotency(t, func(t *testing.T) idempotency.Store { return open(t) })
	})
}
