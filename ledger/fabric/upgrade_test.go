package fabric_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// beforeOwners is the last commit whose contract knows of no owners of lanes.
const beforeOwners = "fa2dcd8"

// TestTheChaincodeIsUpgradedUnderLoad replaces an earlier contract by today's, and
// that by a copy, the first time by a command that is interrupted again and again,
// while conversions pour in.
func TestTheChaincodeIsUpgradedUnderLoad(t *testing.T) {
	networktest.Programs(t)
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3], Chaincode: networktest.Earlier(t, beforeOwners)})
	l := open(ctx, t, n, func(o *fabric.Options) { o.Patience = fabric.Patience{Endorse: 3 * time.Second} })
	s := &scene{ctx: ctx, network: n, ledger: l, sky: found(ctx, t, l, "sky", sky), mart: found(ctx, t, l, "mart", mart)}
	s.withSky, s.withMart = s.sky.load(ctx, t, l, 16), s.mart.load(ctx, t, l, 16)
	s.both(100)
	second, third := version(t, "second"), version(t, "third")
	for _, patience := range []time.Duration{20, 200, 500, 900} {
		interrupted, stop := context.WithTimeout(ctx, patience*time.Millisecond)
		err := n.Upgrade(interrupted, second)
		stop()
		t.Logf("interrupted after %d ms: %v", patience, err)
		s.both(20)
		if err == nil {
			break
		}
	}
	s.upgraded(t, second, "definition 2")
	s.upgraded(t, third, "definition 3")
	// So far every request had the form of gateways that know of no owners.
	if err := l.TakeLane(ctx, 0, 1); err != nil {
		t.Fatal(err)
	}
	s.both(100)
	s.withSky.end()
	s.withMart.end()
	s.withSky.holds(ctx)
	s.withMart.holds(ctx)
}

// version is a chaincode server with a name of its own.
func version(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(networktest.Chaincode(t))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, b, 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// upgraded replaces the chaincode and checks that every company runs the new one
// and no other.
func (s *scene) upgraded(t *testing.T, program, name string) {
	t.Helper()
	before := map[string]string{}
	for _, p := range s.network.Names() {
		if strings.HasPrefix(p, "chaincode.") && !strings.HasSuffix(p, ".next") {
			before[p] = s.network.Address(p)
		}
	}
	begun, done := time.Now(), s.withSky.done.Load()+s.withMart.done.Load()
	if executing(t, s, program) < 3 {
		if err := s.network.Upgrade(s.ctx, program); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for p, address := range before {
			if s.network.Address(p) == address {
				t.Errorf("%s still listens at %s", p, address)
			}
			if c, err := net.Dial("tcp", address); err == nil {
				_ = c.Close()
				t.Errorf("something listens where %s was", p)
			}
		}
	}
	t.Logf("%s: %d conversions came through in the %s that it took", name, s.withSky.done.Load()+s.withMart.done.Load()-done, time.Since(begun).Round(time.Millisecond))
	if got := executing(t, s, program); got != 3 {
		t.Errorf("%s: %d of 3 companies run the new chaincode", name, got)
	}
	s.both(100)
}

// executing counts the chaincodes that execute a program.
func executing(t *testing.T, s *scene, program string) (n int) {
	t.Helper()
	states, err := s.network.Status(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range states {
		if !strings.HasPrefix(p.Name, "chaincode.") || strings.HasSuffix(p.Name, ".next") {
			continue
		}
		if executed, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(p.PID), "exe")); err == nil && executed == program {
			n++
		}
	}
	return n
}
