//go:build unix

package main_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// suffered runs bench faults, which checks every law at its end.
func suffered(t *testing.T, args ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("real parts are broken under load; run without -short")
	}
	server, err := pgtest.New(pgtest.Options{})
	pgtest.NeedServer(t, err)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	out, code := run(t, append([]string{"bench", "faults"}, args...)...)
	t.Log(out)
	if code != 0 || !strings.Contains(out, "is on the ledger once") {
		t.Errorf("exit code %d", code)
	}
}

// brief makes a run of seconds: docs/faults.md has the long ones.
var brief = []string{"--members", "60", "--clients", "8", "--rate", "60", "--rounds", "1", "--fault", "500ms", "--pause", "2s"}

func TestNothingIsLostWhenPartsOfTheNetworkAreKilled(t *testing.T) {
	networktest.Programs(t)
	suffered(t, append(brief, "--scenario", "kills", "--kills", "5", "--seed", "7")...)
}

func TestNothingIsLostWhenGatewayDatabasePartnersOrClockFail(t *testing.T) {
	scenarios := "gateway,database,slow-disk,partners,pause,clock,failover"
	if mountable(t) {
		scenarios = "full-disk," + scenarios
	}
	suffered(t, append(brief, "--ledger", "embedded", "--scenario", scenarios, "--seed", "7")...)
}

// mountable reports whether a small disk can be had, which a full one begins with.
func mountable(t *testing.T) bool {
	t.Helper()
	_, remove, err := pgtest.MountDisk(1 << 20)
	if errors.Is(err, pgtest.ErrNotPermitted) && os.Getenv("POINTGRID_REQUIRE") != "all" {
		t.Log("without the full disk:", err)
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	return true
}
