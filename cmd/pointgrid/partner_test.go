package main_test

import (
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/partners/connector/conformance"
	"github.com/pointgrid/pointgrid/partners/connector/signature"
	"github.com/pointgrid/pointgrid/partners/partnersim"
)

// connectorHost is a reference host with a member of 1,000 points that trusts
// the keys of a key set.
func connectorHost(t *testing.T, keySet string) (host *partnersim.Host, url string) {
	t.Helper()
	all, err := partners.ParseKeys([]byte(keySet))
	if err != nil {
		t.Fatal(err)
	}
	trusted := signature.StaticKeys{}
	for _, k := range all {
		trusted[k.ID] = k.Public.(ed25519.PublicKey)
	}
	host, err = partnersim.Open(partnersim.Options{Dir: "books", FS: vfs.NewMem(), Programme: "SKY", Members: 1, Balance: 1000,
		Keys: trusted, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(host.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	return host, server.URL
}

func TestAPartnerChecksItsConnector(t *testing.T) {
	dir := t.TempDir()
	key, file := filepath.Join(dir, "check.pem"), filepath.Join(dir, "report.json")
	flags := []string{"--key", key, "--programme", "SKY", "--member", "SKY-000001", "--balance", "1000"}
	if out, code := run(t, append([]string{"partner", "check", "http://127.0.0.1:1"}, flags...)...); code != 1 || !strings.Contains(out, "pointgrid partner key") {
		t.Errorf("without a key: %d %s", code, out)
	}
	keySet, code := run(t, "partner", "key", key)
	if again, _ := run(t, "partner", "key", key); code != 0 || again != keySet {
		t.Fatalf("the key's public half is %s, then %s", keySet, again)
	}
	host, url := connectorHost(t, keySet)
	out, code := run(t, append([]string{"partner", "check", url, "--report", file}, flags...)...)
	if code != 0 || !strings.Contains(out, "The host conforms to the PointGrid Connector API") || !strings.Contains(out, "name a closed membership") {
		t.Fatalf("ended with %d:\n%s", code, out)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if r, err := conformance.ReadReport(f); err != nil || !r.Conforms || r.Host != url {
		t.Errorf("the file says %+v, %v", r, err)
	}
	if err := host.Faults().Set(partnersim.Fault{Verb: "status", Kind: partnersim.FaultNonsense}); err != nil {
		t.Fatal(err)
	}
	out, code = run(t, append([]string{"partner", "check", url, "--json", "--only", "CN-STATUS-01"}, flags...)...)
	var r conformance.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 1 || r.Counts.Failed == 0 {
		t.Errorf("a host with nonsense for a status: %d, %v, %s", code, err, out)
	}
}

// A host that fetches the gateway's keys fetches the check's from the check.
func TestTheCheckServesItsKeyToAHostThatFetchesKeys(t *testing.T) {
	key := filepath.Join(t.TempDir(), "check.pem")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	keys, err := signature.NewRemoteKeys(signature.RemoteKeysOptions{URL: "http://" + address + "/.well-known/jwks.json",
		Client: http.DefaultClient, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	host, err := partnersim.Open(partnersim.Options{Dir: "books", FS: vfs.NewMem(), Programme: "SKY", Members: 1, Balance: 1000,
		Keys: keys, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(host.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	if out, code := run(t, "partner", "key", key); code != 0 {
		t.Fatal(out)
	}
	out, code := run(t, "partner", "check", server.URL, "--key", key, "--programme", "SKY", "--member", "SKY-000001", "--balance", "1000",
		"--jwks-listen", address, "--only", "CN-MEMBER")
	if code != 0 {
		t.Errorf("ended with %d:\n%s", code, out)
	}
}

func TestTheRulesAreListedWithTheirPlaces(t *testing.T) {
	out, code := run(t, "partner", "rules")
	if code != 0 || strings.Count(out, "openapi/connector.yaml:") != len(conformance.Rules()) {
		t.Errorf("ended with %d:\n%s", code, out)
	}
}
