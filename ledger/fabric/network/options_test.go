package network

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	sky := Company{"sky", "SkyMSP"}
	for want, change := range map[string]func(*Options){
		"no folder":      func(o *Options) { o.Dir = "" },
		"no clock":       func(o *Options) { o.Now = nil },
		"2 orderers":     func(o *Options) { o.Orderers = 2 },
		"1 companies":    func(o *Options) { o.Companies = Companies()[:1] },
		"33 companies":   func(o *Options) { o.Companies = make([]Company, 33) },
		"another":        func(o *Options) { o.Companies = []Company{sky, sky} },
		"orderer (OMSP)": func(o *Options) { o.Companies = []Company{sky, {"orderer", "OMSP"}} },
		"company name":   func(o *Options) { o.Companies = []Company{sky, {"../x", "XMSP"}} },
		"is not letter":  func(o *Options) { o.Companies = []Company{sky, {"mart", "'Mart'"}} },
		"blocks wait":    func(o *Options) { o.Blocks.Timeout = time.Minute },
		"blocks of":      func(o *Options) { o.Blocks.MaxMessages = -1 },
	} {
		o := Options{Dir: "d", Now: time.Now}
		change(&o)
		if _, err := o.filled(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	o, err := Options{Dir: "d", Now: time.Now}.filled()
	if err != nil || o.Orderers != 1 || len(o.Companies) != 4 || o.Blocks.Timeout == 0 || o.Blocks.MaxMessages != 1 || o.Progress == nil {
		t.Errorf("defaults are %+v, %v", o, err)
	}
}

func TestTheUtilityAndOnePartnerMustEndorse(t *testing.T) {
	var all []*member
	for _, c := range Companies() {
		all = append(all, &member{Company: c})
	}
	if got, want := ledgerRule(all), "AND('UtilityMSP.peer', OR('SkyMSP.peer', 'MartMSP.peer', 'TelMSP.peer'))"; got != want {
		t.Errorf("rule is %s, want %s", got, want)
	}
}

func TestAFolderWithOtherThingsIsNotTouched(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "companies"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := clear(dir); err == nil {
		t.Error("it was taken")
	}
	if err := os.WriteFile(filepath.Join(dir, unfinished), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := clear(dir); err != nil || exists(filepath.Join(dir, "companies")) {
		t.Errorf("what was left unfinished is still there: %v", err)
	}
}

func TestTheSamePackageHasTheSameID(t *testing.T) {
	dir := t.TempDir()
	if err := makeMember(dir, Company{"sky", "SkyMSP"}, time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	first, err := pack(dir, firstPackage, "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := pack(dir, firstPackage, "127.0.0.1:1")
	if err != nil || again != first {
		t.Errorf("packed again it is %s, was %s: %v", again, first, err)
	}
	if other, err := pack(dir, firstPackage, "127.0.0.1:2"); err != nil || other == first {
		t.Errorf("for another address it is %s, %v", other, err)
	}
	for _, file := range []string{"ca/ca.key", "peer/msp/keystore/key.pem", "chaincode/client.key"} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is readable by others: %v, %v", file, info, err)
		}
	}
}

func TestCertificatesAreAsFabricWantsThem(t *testing.T) {
	now := time.Now()
	a, err := newAuthority("ca.sky", "SkyMSP", now)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	for range 20 { // half of the signatures would be the other way by chance
		p, err := a.issue(subject{name: "peer.sky", role: "peer", hosts: loopback, tls: true}, now, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(p.cert)
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"localhost", "127.0.0.1"} {
			if _, err := cert.Verify(x509.VerifyOptions{Roots: pool, DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
				t.Fatal(err)
			}
		}
		if ou := cert.Subject.OrganizationalUnit; len(ou) != 1 || ou[0] != "peer" {
			t.Fatalf("the role is %v", ou)
		}
		var s struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(cert.Signature, &s); err != nil {
			t.Fatal(err)
		}
		if s.S.Cmp(new(big.Int).Rsh(a.key.Params().N, 1)) > 0 {
			t.Fatal("the second half of the signature is in its upper range")
		}
	}
}

func TestPortsAreFreeAndOutsideThoseOfOutgoingConnections(t *testing.T) {
	ports, err := FreePorts(50)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if p < portFirst || p > portLast || seen[p] {
			t.Errorf("port %d", p)
		}
		seen[p] = true
		l, err := net.Listen("tcp", address(p))
		if err != nil {
			t.Errorf("port %d is not free: %v", p, err)
			continue
		}
		defer l.Close()
	}
	if _, err := FreePorts(1 << 20); err == nil {
		t.Error("more ports than there are were found")
	}
}
