package main_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// TestGatewaysCarryOnWhenTheOwnerOfALaneDies runs two gateways on one PostgreSQL and one
// Fabric network with four lanes, and kills the owner of two under load. The bench fails
// unless its lanes are served again within five seconds, every conversion that was
// answered is on the ledger once and in one window, the night runs once while
// conversions go on, what may be owed is used up and not exceeded, and each gateway had
// commands carried out in the other's lanes.
func TestGatewaysCarryOnWhenTheOwnerOfALaneDies(t *testing.T) { carryOn(t, "kill", 4) }

// TestAGatewayThatWakesUpWritesNothing is the same with an owner that is paused for
// longer than its lease, and one lane: it must end by itself, with the status of one that
// lost its slot.
func TestAGatewayThatWakesUpWritesNothing(t *testing.T) { carryOn(t, "pause", 1) }

func carryOn(t *testing.T, fault string, lanes int) {
	networktest.Programs(t)
	server := pgtest.Start(t, pgtest.Options{})
	if err := server.Exec("CREATE SCHEMA shared"); err != nil {
		t.Fatal(err)
	}
	out, code := run(t, "bench", "conversions", "--gateways", "2", "--lanes", strconv.Itoa(lanes), "--ledger", "fabric", "--database", server.URL("shared"),
		"--fault", fault, "--mode", "push", "--clients", "16", "--members", "100", "--warmup", "1s", "--duration", "6s")
	t.Log(out)
	for _, want := range []string{"served again after", "the night ran once, under load", "the cap was used up and not exceeded"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("exit code %d, and it does not say that %s", code, want)
		}
	}
}

func TestSeveralGatewaysNeedWhatTheyCanShare(t *testing.T) {
	out, code := run(t, "bench", "conversions", "--gateways", "2", "--ledger", "embedded")
	if code == 0 || !strings.Contains(out, "share a PostgreSQL database and a Fabric network") {
		t.Errorf("exit code %d: %s", code, out)
	}
}
