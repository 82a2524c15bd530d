package fabric

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// moved is a time that tests move forward.
type moved struct{ at atomic.Int64 }

func (m *moved) now() time.Time          { return time.UnixMilli(m.at.Load()) }
func (m *moved) advance(d time.Duration) { m.at.Add(d.Milliseconds()) }

// fakeTarget is a ledger on a new network in memory.
func fakeTarget(t *testing.T, every time.Duration) ledgertest.Target {
	m := &moved{}
	m.at.Store(time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC).UnixMilli())
	l, n := openFake(t, func(o *Options) { o.Clock, o.CheckpointEvery = m.now, every })
	return ledgertest.Target{
		Ledger: l, Now: m.now, Advance: m.advance,
		Utility:  ledger.Identity{MSP: fakeCompanies[0], Subject: "gateway"},
		Partners: []ledger.Identity{{MSP: fakeCompanies[1], Subject: "loyalty"}, {MSP: fakeCompanies[2], Subject: "loyalty"}},
		Verify:   func(r *ledger.Receipt) error { return n.verify(l, r) },
	}
}

func TestConformance(t *testing.T) { ledgertest.Run(t, fakeTarget(t, time.Millisecond)) }

func TestConformanceWithoutCheckpointsOfItsOwn(t *testing.T) {
	target := fakeTarget(t, 0)
	target.AwaitCheckpoint = func(ctx context.Context) error {
		_, err := target.Ledger.Submit(ctx, target.Utility, ledger.Command{ID: ledger.NewID(target.Now(), [10]byte{}), Body: &ledger.Checkpoint{}})
		return err
	}
	ledgertest.Run(t, target)
}

func TestProperties(t *testing.T) {
	ledgertest.RunProperties(t, func(t *testing.T) ledgertest.Target { return fakeTarget(t, 5*time.Millisecond) })
}

func TestPropertiesWithThreeLanes(t *testing.T) {
	ledgertest.RunProperties(t, func(t *testing.T) ledgertest.Target {
		target := fakeTarget(t, 5*time.Millisecond)
		target.Lanes = 3
		return target
	})
}
