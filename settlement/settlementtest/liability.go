package settlementtest

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/paper"
)

// Liability is a [settlement.LiabilityStore] in memory.
type Liability struct {
	mu      sync.Mutex
	windows map[ledger.Date][]paper.Month
}

var _ settlement.LiabilityStore = (*Liability)(nil)

// NewLiability returns an empty store.
func NewLiability() *Liability { return &Liability{windows: map[ledger.Date][]paper.Month{}} }

// SaveLiability implements [settlement.LiabilityStore].
func (l *Liability) SaveLiability(_ context.Context, window ledger.Date, moved []paper.Month) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, there := l.windows[window]; !there {
		l.windows[window] = slices.Clone(moved)
	}
	return nil
}

// LastLiability implements [settlement.LiabilityStore].
func (l *Liability) LastLiability(context.Context) (last ledger.Date, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err = settlement.ErrNotFound
	for w := range l.windows {
		last, err = max(last, w), nil
	}
	return last, err
}

// LiabilitySums implements [settlement.LiabilityStore].
func (l *Liability) LiabilitySums(_ context.Context, from, to ledger.Date) ([]paper.Month, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sums := paper.NewLiability()
	for w, moved := range l.windows {
		if from <= w && w <= to {
			if err := sums.Take(moved); err != nil {
				return nil, err
			}
		}
	}
	return sums.Moved(), nil
}

// LiabilityWindows implements [settlement.LiabilityStore].
func (l *Liability) LiabilityWindows(_ context.Context, expiry ledger.Month, from, to ledger.Date) (all []settlement.WindowMovements, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for w, moved := range l.windows {
		for i := range moved {
			if from <= w && w <= to && moved[i].Expiry == expiry {
				all = append(all, settlement.WindowMovements{Window: w, Movements: moved[i].Movements})
			}
		}
	}
	slices.SortFunc(all, func(a, b settlement.WindowMovements) int { return cmp.Compare(a.Window, b.Window) })
	return all, nil
}

// RunLiability checks that a store keeps the promises of
// [settlement.LiabilityStore]. open returns an empty store and cleans up after
// itself.
func RunLiability(t *testing.T, open func(t *testing.T) settlement.LiabilityStore) {
	s, ctx := open(t), context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.LastLiability(ctx); !errors.Is(err, settlement.ErrNotFound) {
		t.Errorf("the last of none: %v", err)
	}
	move := func(n int64) paper.Movements {
		return paper.Movements{Earned: n, ConvertedIn: -2 * n, ConvertedOut: 3 * n, Redeemed: 4 * n, Expired: 5 * n}
	}
	first := []paper.Month{{Expiry: 700, Movements: move(1)}, {Expiry: 701, Movements: move(10)}}
	must(s.SaveLiability(ctx, 20_000, first))
	must(s.SaveLiability(ctx, 20_001, nil))
	must(s.SaveLiability(ctx, 20_002, []paper.Month{{Expiry: 700, Movements: move(100)}}))
	must(s.SaveLiability(ctx, 20_000, []paper.Month{{Expiry: 700, Movements: move(7)}, {Expiry: 702, Movements: move(7)}})) // again, and not as it was
	if last, err := s.LastLiability(ctx); err != nil || last != 20_002 {
		t.Errorf("the last is %s, %v", last, err)
	}
	for _, c := range []struct {
		from, to ledger.Date
		want     []paper.Month
	}{{20_000, 20_000, first}, {20_001, 20_001, nil}, {0, 30_000, []paper.Month{{Expiry: 700, Movements: move(101)}, first[1]}}} {
		got, err := s.LiabilitySums(ctx, c.from, c.to)
		must(err)
		if len(got)+len(c.want) > 0 && !reflect.DeepEqual(got, c.want) {
			t.Errorf("sums from %s to %s\n got %+v\nwant %+v", c.from, c.to, got, c.want)
		}
	}
	got, err := s.LiabilityWindows(ctx, 700, 0, 30_000)
	must(err)
	if want := []settlement.WindowMovements{{Window: 20_000, Movements: move(1)}, {Window: 20_002, Movements: move(100)}}; !reflect.DeepEqual(got, want) {
		t.Errorf("windows\n got %+v\nwant %+v", got, want)
	}
}
