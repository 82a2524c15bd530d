package fabric_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// clock is a time that tests move forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// year is for how long the network's certificates are valid. Tests move the clock
// by more than that: certificates live by the machines' time.
const year = 365 * 24 * time.Hour

func profileOf(t testing.TB, n *network.Network) *profile.Profile {
	t.Helper()
	p, err := n.Profile()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// open opens the ledger for all companies of the network.
func open(ctx context.Context, t testing.TB, n *network.Network, change func(*fabric.Options)) *fabric.Ledger {
	t.Helper()
	p := profileOf(t, n)
	o := fabric.Options{
		Profile: p, Clock: time.Now, Timer: time.Now, CheckpointEvery: 200 * time.Millisecond,
		Checkpointer: utility, Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo})),
	}
	for _, i := range p.Identities {
		o.Identities = append(o.Identities, i.MSP)
	}
	if change != nil {
		change(&o)
	}
	l, err := fabric.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing the ledger: %v", err)
		}
	})
	return l
}

var (
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	sky     = ledger.Identity{MSP: "SkyMSP", Subject: "loyalty"}
	mart    = ledger.Identity{MSP: "MartMSP", Subject: "loyalty"}
)

// alliance is what a verifier knows of the network.
func alliance(ctx context.Context, t testing.TB, p *profile.Profile, l ledger.Ledger) *proof.Alliance {
	t.Helper()
	a := &proof.Alliance{Channel: p.Channel, Chaincode: p.Chaincode, Utility: p.Home}
	partners, err := l.Partners(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Companies {
		b, err := p.File(c.Roots)
		if err != nil {
			t.Fatal(err)
		}
		own := proof.Company{MSP: c.MSP}
		if own.Roots, err = proof.Certificates(b); err != nil {
			t.Fatal(err)
		}
		for _, q := range partners {
			if q.MSP == c.MSP {
				own.Partners = append(own.Partners, q.Code)
			}
		}
		a.Companies = append(a.Companies, own)
	}
	return a
}

func TestFabric(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3], ClockTolerance: 3 * year})
	c := &clock{}
	c.advance(2 * year)
	l := open(ctx, t, n, func(o *fabric.Options) { o.Clock = c.now })
	p := profileOf(t, n)
	ledgertest.Run(t, ledgertest.Target{
		Ledger: l, Utility: utility, Partners: []ledger.Identity{sky, mart}, Now: c.now, Advance: c.advance,
		Verify: func(r *ledger.Receipt) error { return proof.Verify(r, alliance(context.Background(), t, p, l)) },
	})
}
