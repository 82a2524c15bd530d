package fabric_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
)

// lanesSeen is what the batches of a ledger with several lanes were.
type lanesSeen struct {
	mu        sync.Mutex
	spans     []span
	conflicts int
}

// span is the time for which a batch of a lane was under way.
type span struct {
	lane       uint32
	begun, end time.Time
}

func (s *lanesSeen) observe(b fabric.Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); b.CarriedOut > 0 {
		s.spans = append(s.spans, span{b.Lane, now.Add(-b.Total), now})
	}
}

func (s *lanesSeen) failed(f fabric.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Reason == fabric.ReasonConflict || f.Reason == fabric.ReasonMismatch {
		s.conflicts++
	}
}

// parallel counts the batches that were under way at the same time as one of
// another lane.
func (s *lanesSeen) parallel() (n int) {
	for i, a := range s.spans {
		for _, b := range s.spans[:i] {
			if a.lane != b.lane && a.begun.Before(b.end) && b.begun.Before(a.end) {
				n++
				break
			}
		}
	}
	return n
}

// TestLanesWorkAtTheSameTimeAndEachTransferHasOneWindow closes windows and nets them
// while conversions with two partners pour into two lanes.
func TestLanesWorkAtTheSameTimeAndEachTransferHasOneWindow(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	seen := &lanesSeen{}
	l := open(ctx, t, n, func(o *fabric.Options) { o.Observe, o.Failed = seen.observe, seen.failed })
	withSky, withMart := found(ctx, t, l, "sky", sky).load(ctx, t, l, 8), found(ctx, t, l, "mart", mart).load(ctx, t, l, 8)
	withSky.goesOn(ctx, 20) // with one lane
	must(ctx, t, l, utility, &ledger.SetLanes{Lanes: 2})
	a, err := l.Alliance(ctx)
	if err != nil || a.Lanes != 2 {
		t.Fatalf("there are %d lanes, %v", a.Lanes, err)
	}
	windows := []ledger.Date{a.Window}
	for range 3 {
		withSky.goesOn(ctx, 50)
		withMart.goesOn(ctx, 50)
		open := windows[len(windows)-1]
		must(ctx, t, l, utility, &ledger.CloseWindow{Window: open, Next: open + 1})
		netted(ctx, t, l, "sky", open)
		windows = append(windows, open+1)
	}
	withSky.goesOn(ctx, 50)
	withSky.end()
	withMart.end()
	seen.mu.Lock()
	t.Logf("%d batches, %d of them beside one of the other lane, %d attempts in vain", len(seen.spans), seen.parallel(), seen.conflicts)
	if seen.parallel() == 0 {
		t.Error("no two batches were under way at the same time")
	}
	if seen.conflicts > len(seen.spans) {
		t.Errorf("%d attempts were in vain for %d batches", seen.conflicts, len(seen.spans))
	}
	seen.mu.Unlock()
	eachOnce(ctx, t, l, windows, withSky, withMart)
	conserved(ctx, t, l)
	receiptsOfBothLanes(ctx, t, l, n, withSky)
}

// netted puts the figures of a closed window on the ledger, which compares them.
func netted(ctx context.Context, t *testing.T, l ledger.Ledger, partner string, window ledger.Date) {
	t.Helper()
	p, err := l.Position(ctx, partner, window)
	if err != nil {
		t.Fatal(err)
	}
	due, err := l.Due(ctx, partner)
	if err != nil {
		t.Fatal(err)
	}
	f := ledger.SettlementFigures{Net: p.Net(), Lines: p.Lines(), Brought: due.Brought, Carried: p.Net() + due.Brought}
	must(ctx, t, l, utility, &ledger.AdvanceSettlement{Partner: partner, Window: window, Step: ledger.SettlementNetted, Figures: &f})
}

// eachOnce checks that every acknowledged conversion lies in exactly one window and
// that the windows' positions are the sums of what lies in them.
func eachOnce(ctx context.Context, t *testing.T, l ledger.Ledger, windows []ledger.Date, loads ...*load) {
	t.Helper()
	found := map[ledger.ID]int{}
	for _, w := range windows {
		sums := map[string]int64{}
		if err := l.Transfers(ctx, w, func(e ledger.Entry) error {
			if s := e.Transfer.Source; s != nil {
				found[e.Transfer.ID]++
				sums[s.Partner] += s.From
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, own := range loads {
			p, err := l.Position(ctx, own.deal.code, w)
			if err != nil || p.In.From != sums[own.deal.code] {
				t.Errorf("the position of %s for %s is %+v, its transfers come to %d, %v", own.deal.code, w, p.In, sums[own.deal.code], err)
			}
		}
	}
	given := 0
	for _, own := range loads {
		given += len(own.given)
		for id := range own.given {
			if found[id] != 1 {
				t.Errorf("an acknowledged conversion lies in %d windows", found[id])
			}
		}
	}
	if len(found) != given {
		t.Errorf("the ledger has %d conversions, %d were acknowledged", len(found), given)
	}
}

// receiptsOfBothLanes verifies a receipt of each lane against the companies' roots.
func receiptsOfBothLanes(ctx context.Context, t *testing.T, l *fabric.Ledger, n *network.Network, w *load) {
	t.Helper()
	roots := alliance(ctx, t, profileOf(t, n), l)
	verified := map[uint32]bool{}
	for id, account := range w.accounts {
		lane := ledger.LaneOf(account, 2)
		if verified[lane] {
			continue
		}
		for deadline := time.Now().Add(20 * time.Second); ; {
			r, err := l.Receipt(ctx, id)
			if err == nil && !r.Provisional {
				if err := proof.Verify(&r, roots); err != nil {
					t.Errorf("the receipt of a transfer of lane %d: %v", r.Batch.Lane, err)
				}
				verified[r.Batch.Lane] = true
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("no receipt of lane %d: %v", lane, err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	if !verified[0] || !verified[1] {
		t.Errorf("receipts were verified of lanes %v", verified)
	}
}
