package profile_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

func example() *profile.Profile {
	return &profile.Profile{
		Version: profile.Version, Channel: "alliance", Chaincode: "pointgrid", Home: "UtilityMSP",
		Companies: []profile.Company{
			{MSP: "UtilityMSP", Roots: "utility/ca.pem", Peers: []profile.Node{{Name: "utility", Address: "127.0.0.1:7051", TLSRoots: "utility/tls.pem"}}},
			{MSP: "AirlineMSP", Roots: "airline/ca.pem"},
		},
		Orderers:   []profile.Node{{Name: "orderer0", Address: "127.0.0.1:7050", TLSRoots: "tls.pem"}},
		Identities: []profile.Identity{{MSP: "UtilityMSP", Certificate: "cert.pem", Key: "key.pem"}},
	}
}

func TestAProfileIsReadAsItWasWritten(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "profile.json")
	want := example()
	if err := want.Write(file); err != nil {
		t.Fatal(err)
	}
	got, err := profile.Read(file)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := got.File("cert.pem"); err != nil || string(b) != "x" {
		t.Errorf("the file beside it holds %q, %v", b, err)
	}
	if _, err := got.File("none.pem"); err == nil {
		t.Error("a missing file was read")
	}
}

func TestAProfileThatCannotWorkIsRefused(t *testing.T) {
	for want, change := range map[string]func(*profile.Profile){
		"version":             func(p *profile.Profile) { p.Version++ },
		"channel":             func(p *profile.Profile) { p.Channel = "" },
		"chaincode":           func(p *profile.Profile) { p.Chaincode = "" },
		"orderers":            func(p *profile.Profile) { p.Orderers = nil },
		"no address":          func(p *profile.Profile) { p.Orderers[0].Address = "" },
		"no msp":              func(p *profile.Profile) { p.Companies[1].MSP = "" },
		"listed twice":        func(p *profile.Profile) { p.Companies[1].MSP = "UtilityMSP" },
		"no roots":            func(p *profile.Profile) { p.Companies[1].Roots = "" },
		"no peers":            func(p *profile.Profile) { p.Companies[0].Peers = nil },
		"not among":           func(p *profile.Profile) { p.Home = "OtherMSP" },
		"needs msp":           func(p *profile.Profile) { p.Identities[0].Key = "" },
		"peers of AirlineMSP": func(p *profile.Profile) { p.Companies[1].Peers = []profile.Node{{}} },
	} {
		p := example()
		change(p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAFileThatIsNoProfileIsRefused(t *testing.T) {
	for name, text := range map[string]string{"no JSON": "x", "unknown field": `{"version":1,"chanel":"a"}`} {
		file := filepath.Join(t.TempDir(), "p.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := profile.Read(file); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
