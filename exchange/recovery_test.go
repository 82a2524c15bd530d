package exchange_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/internal/mortal"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
)

// strand leaves n conversions from a programme unfinished, their debits not
// answered.
func (w *world) strand(m member, partner, programme string, n int) {
	w.t.Helper()
	w.banks[partner].follow(first(always, connector.VerbDebit, trick{do: hang}))
	for range n {
		_, _, err := w.Convert(context.Background(), staff, w.request(m, partner, programme, "EPT", 300), 0)
		must(w.t, err)
	}
	w.eventually("all have been sent", func() bool { return w.banks[partner].count(connector.VerbDebit) >= n })
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Close(ended); err == nil {
		w.t.Fatal("the service was closed with conversions under way, and did not say so")
	}
	w.open()
}

func TestStartTakesUpWhatAnEarlierProcessLeft(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	w.strand(m, "sky", "MILES", 20)
	w.banks["sky"].follow(func(connector.Verb, connector.ID) trick { return trick{} })
	w.start()
	w.audit(m)
	for _, c := range w.all() {
		if c.Status != exchange.Completed {
			t.Errorf("%s is %s, %v", c.ID, c.Status, c.Failure)
		}
	}
}

func TestARepeatTakesUpWhatAnEarlierProcessLeft(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	block := make(chan struct{})
	w.banks["sky"].follow(first(1, connector.VerbDebit, trick{do: hang, block: block}))
	r := w.request(m, "sky", "MILES", "EPT", 300)
	c, _, err := w.Convert(context.Background(), staff, r, 0)
	must(t, err)
	w.shut()
	w.open() // but not started: nothing is taken up by itself
	again, replayed, err := w.Convert(context.Background(), staff, r, patient)
	if err != nil || !replayed || again.ID != c.ID || again.Status != exchange.Completed {
		t.Errorf("the repeat: %+v, replayed %t, error %v", again, replayed, err)
	}
	w.audit(m)
}

func TestRecoveryIsBounded(t *testing.T) {
	w := newWorld(t, func(o *exchange.Options) { o.RecoveryMax = 12 })
	m := w.join(1)
	w.strand(m, "sky", "MILES", 60)
	var now, most atomic.Int64
	w.banks["sky"].follow(func(v connector.Verb, _ connector.ID) trick {
		n := now.Add(1)
		for was := most.Load(); n > was && !most.CompareAndSwap(was, n); was = most.Load() {
		}
		time.Sleep(time.Millisecond)
		now.Add(-1)
		return trick{}
	})
	w.start()
	w.audit(m)
	if most.Load() > 3 {
		t.Errorf("%d calls of the recovery at a time to one partner, want at most a quarter of 12", most.Load())
	}
}

func TestAHangingPartnerDoesNotHoldUpTheRecoveryOfOthers(t *testing.T) {
	w := newWorld(t, func(o *exchange.Options) { o.RecoveryMax = 8 })
	m := w.join(1)
	w.strand(m, "sky", "MILES", 30)
	w.strand(m, "shop", "SHOP", 30)
	block := make(chan struct{})
	w.banks["sky"].follow(func(connector.Verb, connector.ID) trick { return trick{do: hang, block: block} })
	w.banks["shop"].follow(func(connector.Verb, connector.ID) trick { return trick{} })
	w.start()
	w.eventually("the other partner's are done", func() bool {
		done := 0
		for _, c := range w.all() {
			if c.Source == "SHOP" && c.Status == exchange.Completed {
				done++
			}
		}
		return done == 30
	})
	unfinished, err := w.store.UnfinishedConversions(context.Background(), ledger.ID{}, 100)
	must(t, err)
	if len(unfinished) != 30 {
		t.Errorf("%d are unfinished, want the 30 of the hanging partner", len(unfinished))
	}
	close(block)
	w.banks["sky"].follow(func(connector.Verb, connector.ID) trick { return trick{} })
	w.audit(m)
}

func TestCloseLetsWhatIsUnderWayFinish(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	block := make(chan struct{})
	w.banks["sky"].follow(func(v connector.Verb, _ connector.ID) trick {
		if v == connector.VerbDebit {
			<-block
		}
		return trick{}
	})
	c, _, err := w.Convert(context.Background(), staff, w.request(m, "sky", "MILES", "EPT", 300), 0)
	must(t, err)
	closed := make(chan error, 1)
	go func() { closed <- w.Close(context.Background()) }()
	w.eventually("no more requests are taken", func() bool {
		_, _, err := w.Convert(context.Background(), staff, w.request(m, "shop", "SHOP", "EPT", 300), 0)
		var busy *exchange.Busy
		return errors.As(err, &busy)
	})
	close(block)
	must(t, <-closed)
	stored, err := w.store.Conversion(context.Background(), c.ID)
	must(t, err)
	if stored.Status != exchange.Completed {
		t.Errorf("%s after Close", stored.Status)
	}
	must(t, w.Close(context.Background()))
	if err := w.Start(context.Background()); err == nil {
		t.Error("a closed service was started")
	}
}

// flakyStore fails its first writes of updates.
type flakyStore struct {
	exchange.Store
	fails atomic.Int64
}

func (s *flakyStore) UpdateConversion(ctx context.Context, c *exchange.Conversion) error {
	if s.fails.Add(-1) >= 0 {
		return errors.New("the disk is full")
	}
	return s.Store.UpdateConversion(ctx, c)
}

func (s *flakyStore) UpdateConversions(ctx context.Context, all []*exchange.Conversion) error {
	if s.fails.Add(-1) >= 0 {
		return errors.New("the disk is full")
	}
	return s.Store.UpdateConversions(ctx, all)
}

func TestAStoreThatFailsForAWhileLosesNothing(t *testing.T) {
	for _, fails := range []int64{1, 3, 5, 17} {
		w := newWorld(t)
		m := w.join(1)
		store := &flakyStore{Store: w.store}
		w.options.Store = store
		w.open()
		w.start()
		store.fails.Store(fails)
		for _, way := range []string{"in", "out", crossed, "in, pushed"} {
			w.begin(m, way, false)
		}
		w.audit(m)
		for _, c := range w.all() {
			if c.Status != exchange.Completed {
				t.Errorf("after %d failures %s is %s", fails, c.ID, c.Status)
			}
		}
	}
}

func TestTheLedgersFaultsEndWell(t *testing.T) {
	for name, trick := range map[string]mortal.Trick{"busy": mortal.Busy, "lost": mortal.LosesCall, "lost after the work": mortal.LosesAnswer} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.join(1)
			var calls atomic.Int64
			w.reborn(&mortal.Life{}, func() mortal.Trick {
				if calls.Add(1)%3 == 0 {
					return mortal.Behaves
				}
				return trick
			})
			w.start()
			for _, way := range ways {
				if c := w.completed(m, way.name); c.From > 20 {
					w.reverse(c, 20)
				}
			}
			w.audit(m)
		})
	}
}

func TestWithALedgerThatIsDownTheOperatorIsTold(t *testing.T) {
	w := newWorld(t)
	m := w.join(1)
	var up atomic.Bool
	w.reborn(&mortal.Life{}, func() mortal.Trick {
		if up.Load() {
			return mortal.Behaves
		}
		return mortal.LosesCall
	})
	w.start()
	for _, way := range []string{"in", "out", "out, pushed"} {
		w.begin(m, way, true)
	}
	w.eventually("all are on the list", func() bool {
		list, _, err := w.Escalated(context.Background())
		must(t, err)
		return len(list) == 3
	})
	up.Store(true)
	w.audit(m)
}

func TestTheWholeHouseIsBounded(t *testing.T) {
	w := newWorld(t, func(o *exchange.Options) { o.TotalMax = 2 })
	m := w.join(1)
	block := make(chan struct{})
	for _, b := range w.banks {
		b.follow(func(connector.Verb, connector.ID) trick { return trick{do: hang, block: block} })
	}
	for _, from := range []string{"sky", "shop"} {
		_, _, err := w.Convert(context.Background(), staff, w.request(m, from, map[string]string{"sky": "MILES", "shop": "SHOP"}[from], "EPT", 300), 0)
		must(t, err)
	}
	_, _, err := w.Convert(context.Background(), staff, w.request(m, "sky", "EPT", "MILES", 300), 0)
	var busy *exchange.Busy
	if !errors.As(err, &busy) {
		t.Errorf("one more: error %v, want busy", err)
	}
	close(block)
}

func TestAServiceSaysWhatItLacks(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*exchange.Options){
		"ledger":       func(o *exchange.Options) { o.Ledger = nil },
		"store":        func(o *exchange.Options) { o.Store = nil },
		"clock":        func(o *exchange.Options) { o.Now = nil },
		"identity":     func(o *exchange.Options) { o.Identity.MSP = "" },
		"members":      func(o *exchange.Options) { o.Members = nil },
		"hub":          func(o *exchange.Options) { o.Hub = "e" },
		"a duration":   func(o *exchange.Options) { o.Deadline = -1 },
		"a bound":      func(o *exchange.Options) { o.TotalMax = -1 },
		"the registry": func(o *exchange.Options) { o.Registry = nil },
	} {
		o := w.options
		change(&o)
		if _, err := exchange.New(o); err == nil {
			t.Errorf("%s is missing or wrong, and New says nothing", name)
		}
	}
	o := w.options
	o.Hub = "KWH"
	s, err := exchange.New(o)
	must(t, err)
	if err := s.Start(context.Background()); err == nil {
		t.Error("the ledger has another hub, and Start says nothing")
	}
}
