package exchange_test

import (
	"context"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/partners/connector"
)

func slot(n uint8) func(*exchange.Options) {
	return func(o *exchange.Options) { o.Slot = &n }
}

// beside opens another gateway on the same ledger and store.
func (w *world) beside(change ...func(*exchange.Options)) *world {
	w.t.Helper()
	b := &world{t: w.t, clock: w.clock, ledger: w.ledger, store: w.store, banks: w.banks, options: w.options}
	for _, c := range change {
		c(&b.options)
	}
	b.keys.Store(1_000_000)
	b.open()
	return b
}

func TestIDsBearTheSlotOfTheirGateway(t *testing.T) {
	w := newWorld(t, slot(77))
	w.start()
	m := w.join(1)
	c := w.convert(staff, w.request(m, "sky", "MILES", "EPT", 300))
	r, _, err := w.Reverse(context.Background(), staff, exchange.ReverseRequest{Conversion: c.ID, Amount: 300, Idempotency: w.idem()}, patient)
	must(t, err)
	if exchange.SlotOf(c.ID) != 77 || exchange.SlotOf(r.ID) != 77 || c.ID.Root() != c.ID {
		t.Errorf("IDs are %s and %s, want slot 77 and room for steps", c.ID, r.ID)
	}
	w.audit(m)
}

// stranded leaves conversions of a gateway of slot 1 that has died, and opens one of
// slot 2.
func stranded(t *testing.T, n int) (w *world, m member) {
	t.Helper()
	dead := newWorld(t, slot(1))
	m = dead.join(1)
	dead.strand(m, "sky", "MILES", n)
	dead.shut()
	dead.banks["sky"].follow(func(connector.Verb, connector.ID) trick { return trick{} })
	w = dead.beside(slot(2))
	w.start()
	return w, m
}

func (w *world) wantUnfinished(want ...uint8) {
	w.t.Helper()
	got, err := w.Unfinished(context.Background())
	must(w.t, err)
	if string(got) != string(want) {
		w.t.Errorf("slots with unfinished work are %v, want %v", got, want)
	}
}

func TestAGatewayCarriesOnWhatOthersLeftOnceItHasAdoptedTheirSlots(t *testing.T) {
	w, m := stranded(t, 20)
	own := w.convert(staff, w.request(m, "shop", "SHOP", "EPT", 300))
	if own.Status != exchange.Completed {
		t.Errorf("its own is %s", own.Status)
	}
	for range 3 {
		w.Adopt(3) // it scans, and takes up nothing of slot 1
		w.wantUnfinished(1)
	}
	w.Adopt(1)
	w.audit(m)
	w.wantUnfinished()
}

// The retry comes to another gateway than the first request, which is at it still.
func TestARepeatAtAnotherGatewayWaitsForTheOneThatIsAtIt(t *testing.T) {
	a := newWorld(t, slot(1))
	a.start()
	b := a.beside(slot(2))
	b.start()
	m := a.join(1)
	block := make(chan struct{})
	a.banks["sky"].follow(first(1, connector.VerbDebit, trick{do: hang, block: block}))
	r := a.request(m, "sky", "MILES", "EPT", 300)
	c, _, err := a.Convert(context.Background(), staff, r, 0)
	must(t, err)
	a.eventually("the partner is called", func() bool { return a.banks["sky"].count(connector.VerbDebit) == 1 })
	again, replayed, err := b.Convert(context.Background(), staff, r, 100*time.Millisecond)
	if err != nil || !replayed || again.ID != c.ID || again.Status != exchange.Processing {
		t.Errorf("the repeat: %+v, replayed %t, error %v", again, replayed, err)
	}
	if n := a.banks["sky"].count(connector.VerbDebit); n != 1 {
		t.Errorf("the partner was called %d times, so both are at it", n)
	}
	time.AfterFunc(50*time.Millisecond, func() { close(block) })
	again, _, err = b.Convert(context.Background(), staff, r, patient)
	if err != nil || again.Status != exchange.Completed {
		t.Errorf("the repeat that waits: %+v, error %v", again, err)
	}
	a.audit(m)
}

func TestAReviewIsDecidedByAnyGatewayAndCarriedOnByItsOwn(t *testing.T) {
	s := &suspicious{}
	screening := func(o *exchange.Options) { o.Screening = s }
	a := newWorld(t, slot(1), screening)
	a.start()
	b := a.beside(slot(2), screening)
	b.start()
	m := a.join(1)
	c := a.convert(sky, a.request(m, "sky", "MILES", "EPT", 3000))
	if _, err := b.Release(context.Background(), c.ID); err != nil {
		t.Fatal(err)
	}
	a.audit(m)
	if got, err := b.Conversion(context.Background(), staff, c.ID); err != nil || got.Status != exchange.Completed {
		t.Errorf("after the release it is %+v, %v", got, err)
	}
	if n := a.banks["sky"].count(connector.VerbDebit); n != 1 {
		t.Errorf("the partner was called %d times", n)
	}
}
