package ledgertest_test

import (
	"context"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// target returns a target over a new ledger in memory.
func target(lazy bool) ledgertest.Target {
	now := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	m := ledgertest.NewMemory(clock)
	m.Lazy, m.Strict = lazy, true
	t := ledgertest.Target{
		Ledger:   m,
		Utility:  ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"},
		Partners: []ledger.Identity{{MSP: "AirlineMSP", Subject: "loyalty"}, {MSP: "RetailMSP", Subject: "loyalty"}},
		Now:      clock,
		Advance:  func(d time.Duration) { now = now.Add(d) },
		Verify:   func(r *ledger.Receipt) error { return r.Verify(m.Keys()) },
	}
	if lazy {
		t.AwaitCheckpoint = func(ctx context.Context) error {
			_, err := m.Submit(ctx, t.Utility, ledger.Command{ID: ledger.NewID(now, [10]byte{}), Body: &ledger.Checkpoint{}})
			return err
		}
	}
	return t
}

func TestMemoryAgainstTheModel(t *testing.T) {
	ledgertest.RunProperties(t, func(*testing.T) ledgertest.Target { return target(false) })
}

func TestMemory(t *testing.T) { ledgertest.Run(t, target(false)) }

func TestMemoryWithoutCheckpointsOfItsOwn(t *testing.T) { ledgertest.Run(t, target(true)) }
