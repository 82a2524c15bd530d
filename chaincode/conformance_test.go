package chaincode_test

import (
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// target is a ledger in memory that executes every batch again and compares.
func target(*testing.T) ledgertest.Target {
	now := time.UnixMilli(epoch)
	clock := func() time.Time { return now }
	m := ledgertest.NewMemory(clock)
	m.Strict = true
	return ledgertest.Target{
		Ledger: m, Utility: utility, Partners: []ledger.Identity{airline, {MSP: "RetailMSP", Subject: "loyalty"}},
		Now: clock, Advance: func(d time.Duration) { now = now.Add(d) },
		Verify: func(r *ledger.Receipt) error { return r.Verify(m.Keys()) },
	}
}

func TestContractConforms(t *testing.T) { ledgertest.Run(t, target(t)) }

func TestContractIsWhatTheModelSays(t *testing.T) { ledgertest.RunProperties(t, target) }

func TestContractIsWhatTheModelSaysWithThreeLanes(t *testing.T) {
	ledgertest.RunProperties(t, func(t *testing.T) ledgertest.Target {
		to := target(t)
		to.Lanes = 3
		return to
	})
}
