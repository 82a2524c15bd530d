package main_test

import (
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// TestGatewaysCarryOnWhenTheOwnerOfALaneDies runs two gateways on one PostgreSQL and one
// Fabric network, and kills the owner under load. The bench fails unless its lanes
// are served again within five seconds, every conversion that was answered is on the ledger
// once, and the night runs once.
func TestGatewaysCarryOnWhenTheOwnerOfALaneDies(t *testing.T) { carryOn(t, "kill") }

// TestAGatewayThatWakesUpWritesNothing is the same with an owner that is paused for
// longer than its lease: it must end by itself, with the status of one that lost its slot.
func TestAGatewayThatWakesUpWritesNothing(t *testing.T) { carryOn(t, "pause") }

func carryOn(t *testing.T, fault string) {
	networktest.Programs(t)
	server := pgtest.Start(t, pgtest.Options{})
	if err := server.Exec("CREATE SCHEMA shared"); err != nil {
		t.Fatal(err)
	}
	out, code := run(t, "bench", "conversions", "--gateways", "2", "--ledger", "fabric", "--database", server.URL("shared"), "--fault", fault,
		"--mode", "push", "--clients", "16", "--members", "100", "--warmup", "1s", "--duration", "9s")
	t.Log(out)
	if code != 0 || !strings.Contains(out, "served again after") || !strings.Contains(out, "the night ran once") {
		t.Errorf("exit code %d", code)
	}
}

func TestSeveralGatewaysNeedWhatTheyCanShare(t *testing.T) {
	out, code := run(t, "bench", "conversions", "--gateways", "2", "--ledger", "embedded")
	if code == 0 || !strings.Contains(out, "share a PostgreSQL database and a Fabric network") {
		t.Errorf("exit code %d: %s", code, out)
	}
}
