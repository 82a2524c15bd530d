package network_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

func laid(t *testing.T) (network.Options, *network.Network) {
	t.Helper()
	o := network.Options{Dir: t.TempDir(), Orderers: 3, Programs: networktest.Programs(t), Now: time.Now}
	n, err := network.Lay(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return o, n
}

func TestAContainerIsReachedByItsName(t *testing.T) {
	_, n := laid(t)
	p, err := n.Profile()
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Companies[1].Peers[0].Address; got != "peer.sky:7051" {
		t.Errorf("the airline's peer is at %s", got)
	}
	for name, file := range map[string]string{"peer.sky": "companies/sky/peer/tls/server.crt",
		"chaincode.sky": "companies/sky/chaincode/server.crt", "orderer2": "companies/orderer/orderer2/tls/server.crt"} {
		if host, _, _ := strings.Cut(n.Address(name), ":"); host != name {
			t.Errorf("%s is at %s", name, n.Address(name))
		}
		b, err := os.ReadFile(filepath.Join(n.Dir(), file))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(b)
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if err := cert.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
}

func TestACompanyConnectsWithAFolderThatHoldsNoOtherKey(t *testing.T) {
	_, n := laid(t)
	dir := n.Connection("sky")
	p, err := profile.Read(filepath.Join(dir, "profile.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Companies) != 4 || len(p.Orderers) != 3 || p.Home != "SkyMSP" {
		t.Errorf("profile is %+v", p)
	}
	for _, c := range p.Companies {
		if _, err := p.File(c.Roots); err != nil {
			t.Error(err)
		}
	}
	if _, err := tls.LoadX509KeyPair(filepath.Join(dir, p.Identities[0].Certificate), filepath.Join(dir, p.Identities[0].Key)); err != nil {
		t.Error(err)
	}
	var keys []string
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if strings.Contains(string(b), "PRIVATE KEY") {
				keys = append(keys, d.Name())
			}
		}
		return err
	})
	if err != nil || !slices.Equal(keys, []string{"key.pem"}) {
		t.Errorf("private keys are %v, %v", keys, err)
	}
}

func TestALaidNetworkStaysAndIsNotStartedHere(t *testing.T) {
	o, n := laid(t)
	again, err := network.Lay(t.Context(), o)
	if err != nil || again.Package("sky") != n.Package("sky") || n.Package("sky") == "" || n.Package("none") != "" {
		t.Errorf("laid again the package is %v, %v", again.Package("sky"), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o.Chaincode = networktest.Chaincode(t)
	if _, err := network.Up(ctx, o); err == nil || !strings.Contains(err.Error(), "containers") {
		t.Errorf("started containers as processes: %v", err)
	}
	o.Dir = t.TempDir()
	if _, err := network.Join(ctx, o); !errors.Is(err, network.ErrNone) {
		t.Errorf("joined a network that is not there: %v", err)
	}
}
