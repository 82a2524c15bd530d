package network_test

import (
	"slices"
	"testing"

	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

func TestAnUpgradedNetworkComesUpAgainAndGrows(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	for range 2 {
		before := n.Address("chaincode.sky")
		if err := n.Upgrade(ctx, ""); err != nil {
			t.Fatal(err)
		}
		if now := n.Address("chaincode.sky"); now == before {
			t.Errorf("the chaincode still listens at %s", now)
		}
	}
	if slices.Contains(n.Names(), "chaincode.sky.next") {
		t.Errorf("an upgrade is still under way: %v", n.Names())
	}
	if err := n.Down(ctx); err != nil {
		t.Fatal(err)
	}
	_, again := networktest.Up(t, network.Options{Dir: n.Dir()})
	if err := again.AddCompany(ctx, network.Company{Name: "water", MSP: "WaterMSP"}); err != nil {
		t.Errorf("a company cannot join after an upgrade: %v", err)
	}
	if err := again.Upgrade(ctx, ""); err != nil {
		t.Errorf("with the new company there is no upgrade: %v", err)
	}
	heights(ctx, t, again)
}
