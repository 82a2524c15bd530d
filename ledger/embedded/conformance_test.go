package embedded_test

import (
	"context"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/internal/testclock"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// target returns a target over a new ledger in a folder of its own, which is
// closed and verified when the test has ended.
func target(t testing.TB, checkpointEvery time.Duration) ledgertest.Target {
	t.Helper()
	clock := testclock.At(time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC))
	signer := embedded.Signer{KeyID: "test", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	keys := map[string]ed25519.PublicKey{signer.KeyID: signer.Key.Public().(ed25519.PublicKey)}
	dir := t.TempDir()
	l, err := embedded.Open(embedded.Options{Dir: dir, Clock: clock.Now, Signer: signer, CheckpointEvery: checkpointEvery, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		report, err := embedded.Verify(context.Background(), dir, keys, nil)
		if err != nil || !report.OK() {
			t.Errorf("verification: %v, %v", report.Findings, err)
		}
	})
	return ledgertest.Target{
		Ledger:   l,
		Utility:  ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"},
		Partners: []ledger.Identity{{MSP: "AirlineMSP", Subject: "loyalty"}, {MSP: "RetailMSP", Subject: "loyalty"}},
		Now:      clock.Now,
		Advance:  clock.Advance,
		Verify:   func(r *ledger.Receipt) error { return r.Verify(keys) },
	}
}

func TestEmbedded(t *testing.T) { ledgertest.Run(t, target(t, 5*time.Millisecond)) }

func TestEmbeddedWithoutCheckpointsOfItsOwn(t *testing.T) {
	to := target(t, 0)
	to.AwaitCheckpoint = func(ctx context.Context) error {
		_, err := to.Ledger.Submit(ctx, to.Utility, ledger.Command{ID: ledger.NewID(to.Now(), [10]byte{}), Body: &ledger.Checkpoint{}})
		return err
	}
	ledgertest.Run(t, to)
}

// TestEmbeddedProperties also verifies each of the random ledgers, and so that
// the blocks, which leave out what was refused, give the same state again.
func TestEmbeddedProperties(t *testing.T) {
	ledgertest.RunProperties(t, func(t *testing.T) ledgertest.Target { return target(t, 0) })
}
