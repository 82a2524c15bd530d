package network_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

func TestANetworkComesUpAndKeepsItsLedger(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Dir: filepath.Join(t.TempDir(), "a folder: of ours")})
	before := heights(ctx, t, n)
	for name, h := range before {
		if strings.HasPrefix(name, "peer.") && h == 0 {
			t.Errorf("%s has no blocks", name)
		}
	}
	if err := n.Down(ctx); err != nil {
		t.Fatal(err)
	}
	states, err := n.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if s.PID != 0 {
			t.Errorf("%s runs after Down", s.Name)
		}
	}
	_, again := networktest.Up(t, network.Options{Dir: n.Dir()})
	for name, h := range heights(ctx, t, again) {
		if h != before[name] {
			t.Errorf("%s came up at height %d, was at %d", name, h, before[name])
		}
	}
}

func TestANetworkWhoseMakingWasInterruptedIsFinished(t *testing.T) {
	programs, chaincode := networktest.Programs(t), networktest.Chaincode(t)
	dir := t.TempDir()
	for _, stage := range []string{"making certificates", "starting", "joins the channel", "approves", "committing"} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := network.Up(ctx, network.Options{Dir: dir, Companies: network.Companies()[:2], Attached: true, Now: time.Now,
			Programs: programs, Chaincode: chaincode, Progress: func(line string) {
				if strings.Contains(line, stage) {
					cancel()
				}
			}})
		cancel()
		if err == nil {
			t.Errorf("it came up though it was interrupted at %q", stage)
		}
	}
	ctx, n := networktest.Up(t, network.Options{Dir: dir})
	heights(ctx, t, n)
}

func TestAnUnknownProcessIsRefused(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	for name, do := range map[string]func(context.Context, string) error{"start": n.Start, "stop": n.Stop, "kill": n.Kill,
		"halt": func(_ context.Context, name string) error { return n.Halt(name) }} {
		if err := do(ctx, "peer.nobody"); !errors.Is(err, network.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := network.Open(t.TempDir()); !errors.Is(err, network.ErrNone) {
		t.Errorf("a folder without a network: %v", err)
	}
}

// heights returns the height of every peer's chain.
func heights(ctx context.Context, t *testing.T, n *network.Network) map[string]uint64 {
	t.Helper()
	states, err := n.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]uint64{}
	for _, s := range states {
		if s.PID == 0 {
			t.Errorf("%s does not run", s.Name)
		}
		if strings.HasPrefix(s.Name, "peer.") {
			all[s.Name] = s.Height
		}
	}
	return all
}

func TestAKilledPeerComesBack(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	for _, name := range []string{"peer.sky", "chaincode.sky", "orderer0"} {
		if err := n.Kill(ctx, name); err != nil {
			t.Fatal(err)
		}
		if pid := pidOf(ctx, t, n, name); pid != 0 {
			t.Errorf("%s runs as %d after Kill", name, pid)
		}
		if err := n.Start(ctx, name); err != nil {
			t.Fatal(err)
		}
		if pid := pidOf(ctx, t, n, name); pid == 0 {
			t.Errorf("%s does not run after Start", name)
		}
	}
	if err := n.Halt("peer.sky"); err != nil {
		t.Fatal(err)
	}
	if err := n.Resume("peer.sky"); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	_, again := networktest.Up(t, network.Options{Dir: n.Dir()})
	t.Logf("answers again after %s", time.Since(begin))
	heights(ctx, t, again)
}

func pidOf(ctx context.Context, t *testing.T, n *network.Network, name string) int {
	t.Helper()
	states, err := n.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if s.Name == name {
			return s.PID
		}
	}
	t.Fatalf("no process %s", name)
	return 0
}
