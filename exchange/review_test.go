package exchange_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
)

// suspicious holds everything, and counts.
type suspicious struct {
	counted atomic.Int64
	err     error
}

func (s *suspicious) Screen(context.Context, *exchange.Conversion) (string, error) {
	s.counted.Add(1)
	return "velocity", s.err
}

func (s *suspicious) Drop(*exchange.Conversion) { s.counted.Add(-1) }

func heldWorld(t *testing.T, change ...func(*exchange.Options)) (*world, *suspicious) {
	t.Helper()
	s := &suspicious{}
	w := newWorld(t, append(change, func(o *exchange.Options) { o.Screening = s })...)
	w.start()
	return w, s
}

func TestAHeldConversionMovesNothingUntilItIsReleased(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			w, _ := heldWorld(t)
			m := w.join(1)
			r := w.request(m, way.via, way.source, way.destination, way.from)
			r.Reference = way.reference
			c := w.convert(way.party, r)
			if rule, until := c.Review(); rule != "velocity" || until != c.CreatedAt+(72*time.Hour).Milliseconds() || c.Status != exchange.Processing {
				t.Fatalf("it is %s at %s, rule %q until %d", c.Status, c.Step, rule, until)
			}
			account, err := w.ledger.Account(context.Background(), m.account)
			must(t, err)
			if account.Available() != pointsOpened || len(account.Holds) != 0 || w.banks["sky"].balance(membership("sky", m.number)) != milesOpened {
				t.Error("something moved before the release")
			}
			held, err := w.Held(context.Background(), ledger.ID{}, 10)
			must(t, err)
			if len(held) != 1 || held[0].ID != c.ID {
				t.Fatalf("held are %v", held)
			}
			_, err = w.Release(context.Background(), c.ID)
			must(t, err)
			w.audit(m)
			if c, err = w.Conversion(context.Background(), staff, c.ID); err != nil || c.Status != exchange.Completed || c.Failure != nil {
				t.Errorf("after the release it is %s with %v, %v", c.Status, c.Failure, err)
			}
		})
	}
}

func TestARefusedConversionFailsAndNothingMoved(t *testing.T) {
	w, _ := heldWorld(t)
	m := w.join(1)
	c := w.convert(sky, w.request(m, "sky", "MILES", "EPT", 3000))
	for range 2 {
		got, err := w.Refuse(context.Background(), c.ID)
		must(t, err)
		if got.Status != exchange.Failed || got.Failure.Code != exchange.CodeReviewRefused {
			t.Errorf("it is %s with %v", got.Status, got.Failure)
		}
	}
	if got, err := w.Release(context.Background(), c.ID); err != nil || got.Status != exchange.Failed {
		t.Errorf("a release after the refusal: %+v, %v", got, err)
	}
	w.audit(m)
}

func TestAReviewThatTakesTooLongIsRefused(t *testing.T) {
	w, _ := heldWorld(t, func(o *exchange.Options) { o.ReviewWithin = time.Hour })
	m := w.join(1)
	c := w.convert(sky, w.request(m, "sky", "MILES", "EPT", 3000))
	w.clock.advance(2 * time.Hour)
	w.audit(m)
	if c, err := w.Conversion(context.Background(), staff, c.ID); err != nil || c.Status != exchange.Failed || c.Failure.Code != exchange.CodeReviewExpired {
		t.Errorf("it is %+v, %v", c, err)
	}
}

// The agreements lock rates for an hour.
func TestAReviewLongerThanTheRatesLockCostsTheMemberNothing(t *testing.T) {
	w, _ := heldWorld(t)
	m := w.join(1)
	c := w.convert(sky, w.request(m, "sky", "MILES", "EPT", 3000))
	w.clock.advance(30 * time.Hour)
	_, err := w.Release(context.Background(), c.ID)
	must(t, err)
	w.audit(m)
	if got, err := w.Conversion(context.Background(), staff, c.ID); err != nil || got.Status != exchange.Completed || got.To != c.To {
		t.Errorf("it is %+v, %v", got, err)
	}
}

// Before the partner is asked for anything.
func TestWhatTheLedgerWouldRefuseAfterTheReviewEndsAtOnce(t *testing.T) {
	w, _ := heldWorld(t)
	m := w.join(1)
	c := w.convert(sky, w.request(m, "sky", "MILES", "EPT", 3000))
	submit(t, w.ledger, gateway, w.clock.now, &ledger.Freeze{Account: m.account, Frozen: true})
	got, err := w.Release(context.Background(), c.ID)
	must(t, err)
	if got.Status != exchange.Failed || got.Failure.Code != string(ledger.CodeAccountFrozen) {
		t.Errorf("it is %s with %v", got.Status, got.Failure)
	}
	w.audit(m)
}

func TestOfManyWhoDecideOneDoes(t *testing.T) {
	w, _ := heldWorld(t)
	m := w.join(1)
	c := w.convert(sky, w.request(m, "sky", "MILES", "EPT", 3000))
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			decide := w.Release
			if n%2 == 1 {
				decide = w.Refuse
			}
			var busy *exchange.Busy
			if _, err := decide(context.Background(), c.ID); err != nil && !errors.As(err, &busy) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.audit(m)
}

func TestARepeatedRequestIsCountedOnce(t *testing.T) {
	w, s := heldWorld(t)
	m := w.join(1)
	r := w.request(m, "sky", "MILES", "EPT", 3000)
	for range 3 {
		w.convert(sky, r)
	}
	if n := s.counted.Load(); n != 1 {
		t.Errorf("%d were counted, want 1", n)
	}
}

func TestWithoutAnAnswerOfTheScreeningNothingIsMade(t *testing.T) {
	w, s := heldWorld(t)
	s.err = errors.New("the store does not answer")
	if _, _, err := w.Convert(context.Background(), sky, w.request(w.join(1), "sky", "MILES", "EPT", 3000), patient); !errors.Is(err, s.err) {
		t.Errorf("error %v", err)
	}
	if all := w.all(); len(all) != 0 {
		t.Errorf("%d were made", len(all))
	}
}
