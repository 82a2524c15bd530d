package network_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

func TestACompanyJoinsARunningChannel(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	water := network.Company{Name: "water", MSP: "WaterMSP"}
	if err := n.AddCompany(ctx, water); err != nil {
		t.Fatal(err)
	}
	p, err := n.Profile()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.Company("WaterMSP"); !ok {
		t.Error("the profile does not have the new company")
	}
	if !slices.Contains(n.Names(), "chaincode.water") || pidOf(ctx, t, n, "peer.water") == 0 {
		t.Error("the new company's peer does not run")
	}
	all := heights(ctx, t, n)
	for name, h := range all {
		if h != all["peer.water"] {
			t.Errorf("%s is at height %d, the new company at %d", name, h, all["peer.water"])
		}
	}
	if err := n.AddCompany(ctx, water); err != nil {
		t.Errorf("adding it again: %v", err)
	}
	for _, taken := range []network.Company{{Name: "water", MSP: "OtherMSP"}, {Name: "other", MSP: "SkyMSP"}, {Name: "orderer", MSP: "OtherMSP"}, {Name: "X", MSP: "XMSP"}} {
		if err := n.AddCompany(ctx, taken); err == nil {
			t.Errorf("%v was added", taken)
		}
	}
}

func TestCertificatesAreReplacedBeforeTheyExpire(t *testing.T) {
	options := network.Options{Orderers: 3, Companies: network.Companies()[:2], Validity: time.Hour}
	ctx, n := networktest.Up(t, options)
	options = network.Options{Dir: n.Dir(), Programs: networktest.Programs(t), Chaincode: networktest.Chaincode(t), Attached: true, Now: time.Now}
	for _, name := range append(n.Names(), "user.sky", "admin.utility") {
		before := validity(t, n, name)
		if err := network.Renew(ctx, options, name); err != nil {
			t.Fatal(err)
		}
		if after := validity(t, n, name); !before.IsZero() && !after.After(before) {
			t.Errorf("%s was valid until %s and is until %s", name, before, after)
		}
	}
	if err := network.Renew(ctx, options, "peer.nobody"); !errors.Is(err, network.ErrUnknown) {
		t.Errorf("renewing what is not there: %v", err)
	}
	_, again := networktest.Up(t, network.Options{Dir: n.Dir()})
	if err := again.AddCompany(ctx, network.Company{Name: "water", MSP: "WaterMSP"}); err != nil {
		t.Errorf("with new certificates nothing can be changed: %v", err)
	}
}

// validity returns until when a process's certificates are valid; zero for a
// person's.
func validity(t *testing.T, n *network.Network, name string) time.Time {
	t.Helper()
	states, err := n.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if s.Name == name {
			return s.ValidUntil
		}
	}
	return time.Time{}
}
