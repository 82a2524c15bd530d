package projection_test

import (
	"context"
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/projection/projectiontest"
)

// run follows in the background until stop is called, which returns what Run did.
func run(f *projection.Follower) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

func TestItEqualsTheLedgerAfterEverythingThatALedgerCanDo(t *testing.T) {
	onEach(t, itEqualsTheLedgerAfterEverythingThatALedgerCanDo)
}

func itEqualsTheLedgerAfterEverythingThatALedgerCanDo(t *testing.T, s projection.Store) {
	clock := newClock()
	l := newLedger(t, clock, 5*time.Millisecond)
	stop := run(projection.New(projection.Options{Blocks: l, Store: s, Linger: time.Millisecond}))
	ledgertest.Run(t, target(l, clock))
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("following ended with %v", err)
	}
	catchUp(t, l, s)
	if r := verified(t, l, s); r.Transfers < 100 || r.Accounts < 10 || r.House < 10 || r.Positions < 10 {
		t.Errorf("only this was compared: %+v", r)
	}
}

// verifying is a ledger that is compared with its projections when it is closed.
type verifying struct {
	*embedded.Ledger
	t    *testing.T
	kept *projectiontest.Memory // brought up to date now and then
	n    int
}

func (v *verifying) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if v.n++; v.n%7 == 0 {
		catchUp(v.t, v.Ledger, v.kept)
	}
	return v.Ledger.Submit(ctx, caller, commands...)
}

func (v *verifying) Close() error {
	catchUp(v.t, v.Ledger, v.kept)
	verified(v.t, v.Ledger, v.kept)
	want := contentOf(v.t, v.kept)
	again := projectiontest.NewMemory()
	catchUp(v.t, v.Ledger, again)
	if got := contentOf(v.t, again); !reflect.DeepEqual(got, want) {
		v.t.Errorf("made anew it is %+v, made little by little %+v", got, want)
	}
	height, err := v.Ledger.Height(context.Background())
	must(v.t, err)
	for from := uint64(0); from <= height; from += 1 + height/5 {
		must(v.t, projection.Rewind(context.Background(), again, from))
		catchUp(v.t, v.Ledger, again)
		if got := contentOf(v.t, again); !reflect.DeepEqual(got, want) {
			v.t.Errorf("replayed from block %d it is %+v, was %+v", from, got, want)
		}
	}
	verified(v.t, v.Ledger, again)
	return v.Ledger.Close()
}

// TestRandomHistories compares, for each, the projection made little by little
// with the ledger, with one made at once and with replays from several heights.
func TestRandomHistories(t *testing.T) {
	ledgertest.RunProperties(t, func(t *testing.T) ledgertest.Target {
		clock := newClock()
		return target(&verifying{Ledger: newLedger(t, clock, 0), t: t, kept: projectiontest.NewMemory()}, clock)
	})
}

func TestReplayFromAnyHeightGivesTheSameRows(t *testing.T) {
	onEach(t, replayFromAnyHeightGivesTheSameRows)
}

func replayFromAnyHeightGivesTheSameRows(t *testing.T, s projection.Store) {
	clock := newClock()
	l := newLedger(t, clock, 0)
	newWorld(t, l, clock.Now, airline).some()
	catchUp(t, l, s)
	want := contentOf(t, s)
	at, err := s.Checkpoint(context.Background())
	must(t, err)
	for height := at.Height + 1; height+1 > 0; height-- {
		must(t, projection.Rewind(context.Background(), s, height))
		if now, err := s.Checkpoint(context.Background()); err != nil || now.Height != min(height, at.Height) {
			t.Fatalf("rewound to %d it is at %d, %v", height, now.Height, err)
		}
		catchUp(t, l, s)
		if got := contentOf(t, s); !reflect.DeepEqual(got, want) {
			t.Fatalf("replayed from %d it differs", height)
		}
	}
	verified(t, l, s)
}

func TestNewBlocksAreFollowedSoon(t *testing.T) {
	clock := newClock()
	l, s := newLedger(t, clock, 0), newStore(t)
	w := newWorld(t, l, clock.Now, airline)
	f := projection.New(projection.Options{Blocks: l, Store: s, Linger: time.Millisecond})
	stop := run(f)
	for n := range 20 {
		w.give(utility, w.convert(n, 100))
		given := time.Now()
		for {
			rows, err := s.History(context.Background(), member(n), nil, 10)
			must(t, err)
			if len(rows) == 1 {
				break
			}
			if time.Since(given) > 10*time.Second {
				t.Fatal("the transfer does not come")
			}
		}
	}
	for given := time.Now(); ; time.Sleep(time.Millisecond) { // rows are seen a moment before they are counted
		lag, err := f.Lag(context.Background())
		must(t, err)
		if lag == 0 {
			break
		}
		if time.Since(given) > 10*time.Second {
			t.Fatalf("lag stays %d", lag)
		}
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("following ended with %v", err)
	}
}

// weak is a store that fails now and then, before or after it did what it was
// asked for.
type weak struct {
	projection.Store
	n atomic.Int64
}

var errWeak = errors.New("the store is weak")

func (w *weak) Apply(ctx context.Context, g projection.Group) error {
	switch w.n.Add(1) % 4 {
	case 0:
		return errWeak
	case 2:
		return errors.Join(w.Store.Apply(ctx, g), errWeak)
	}
	return w.Store.Apply(ctx, g)
}

func TestErrorsOfTheStoreNeitherLoseNorDouble(t *testing.T) {
	clock := newClock()
	l, s := newLedger(t, clock, 0), projectiontest.NewMemory()
	newWorld(t, l, clock.Now, airline).some()
	height, err := l.Height(context.Background())
	must(t, err)
	f := projection.New(projection.Options{Blocks: l, Store: &weak{Store: s}, GroupMax: 30, Linger: time.Millisecond})
	stop := run(f)
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		if at, err := s.Checkpoint(context.Background()); err != nil || at.Height == height {
			must(t, err)
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("it does not get there")
		}
	}
	_ = stop() // it may be about to try again
	if _, faults := f.State(); faults < 2 {
		t.Errorf("it tried again %d times", faults)
	}
	verified(t, l, s)
}

func TestBlocksOfAnotherLedgerAreRefused(t *testing.T) {
	clock := newClock()
	l, other, s := newLedger(t, clock, 0), newLedger(t, clock, 0), newStore(t)
	newWorld(t, l, clock.Now, airline).some()
	clock.Advance(time.Second)
	w := newWorld(t, other, clock.Now, airline)
	w.some()
	w.some()
	catchUp(t, l, s)
	want := contentOf(t, s)
	if err := projection.New(projection.Options{Blocks: other, Store: s}).Run(context.Background()); !errors.Is(err, projection.ErrForeign) {
		t.Errorf("another ledger's blocks: %v, want ErrForeign", err)
	}
	if !reflect.DeepEqual(contentOf(t, s), want) {
		t.Error("something was changed")
	}
}

func TestATransferThatIsMissingAtTheEndIsNotADifference(t *testing.T) {
	clock := newClock()
	l, s := newLedger(t, clock, 0), newStore(t)
	w := newWorld(t, l, clock.Now, airline)
	w.some()
	catchUp(t, l, s)
	w.give(utility, w.convert(3, 100))
	if _, err := projection.Verify(context.Background(), l, s); !errors.Is(err, projection.ErrMoved) {
		t.Errorf("verifying a copy that is behind: %v, want ErrMoved", err)
	}
}

func TestAnEmptyLedgerHasAnEmptyProjection(t *testing.T) {
	l, s := newLedger(t, newClock(), 0), newStore(t)
	catchUp(t, l, s)
	if r := verified(t, l, s); r.Blocks != 0 || r.Transfers != 0 {
		t.Errorf("compared %+v", r)
	}
}
