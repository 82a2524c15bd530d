package main_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/client"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/sandbox"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/embedded"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// moved is a sandbox whose ledger moves from the embedded home to a network.
type moved struct {
	*testing.T
	dir     string
	network *network.Network
	done    []string // conversions that were completed
	waiting string   // one whose hold is open
}

// farAhead lets a sandbox move its clock.
const farAhead = 20 * 365 * 24 * time.Hour

// TestALedgerMovesToFabric is one story: a sandbox with all that a ledger can
// have is killed, its ledger carried over by a command that is killed, too, and
// adopted by each company with its own key; then the same sandbox goes on.
func TestALedgerMovesToFabric(t *testing.T) {
	networktest.Programs(t)
	m := &moved{T: t, dir: t.TempDir()}
	m.live()
	_, m.network = networktest.Up(t, network.Options{Dir: filepath.Join(m.dir, "network"), ClockTolerance: farAhead})

	m.killedAgainAndAgain()
	out := m.carry()
	for _, want := range []string{"equal, key by key", "UtilityMSP has adopted it", "when SkyMSP, MartMSP, TelMSP have adopted it"} {
		if !strings.Contains(out, want) {
			t.Errorf("the migration did not say %q:\n%s", want, out)
		}
	}
	m.refused("was carried over to a network", "serve", "--config", m.config())
	t.Run("a gateway waits for the adoption", func(t *testing.T) {
		t.Setenv("POINTGRID_LEDGER_HOME", "fabric")
		t.Setenv("POINTGRID_LEDGER_PROFILE", m.profile("utility"))
		m.refused("SkyMSP, MartMSP, TelMSP have yet to adopt it", "serve", "--config", m.config())
	})
	m.adopted(out)
	m.goesOn()
	m.rebuilt()
}

// live has the embedded sandbox convert, settle and reverse, and kills it while a
// hold is open.
func (m *moved) live() {
	s := start(m.T, sandboxReady, "sandbox", "--addr", "127.0.0.1:0", "--dir", m.dir)
	sky := api(m.T, s, m.dir, "sky")
	for n := range 12 {
		m.done = append(m.done, m.convert(sky, n%4+1, fmt.Sprintf("old-%d", n)))
	}
	m.ask(sky, client.Request{Method: "POST", Path: "/v1/conversions/" + m.done[0] + "/reversals", Key: "back", Body: map[string]any{"amount": "150", "reason": "ticket cancelled"}}, nil)
	utility := api(m.T, s, m.dir, "utility")
	m.ask(utility, client.Request{Method: "POST", Path: "/v1/sandbox/clock", Key: "night", Body: map[string]any{"advance": "24h"}}, nil)
	m.done = append(m.done, m.convert(sky, 5, "old-next-day"))

	hosts := regexp.MustCompile(`SKY\s+(http://\S+)`).FindStringSubmatch(s.out.String())
	if len(hosts) != 2 {
		m.Fatalf("no host of the airline in\n%s", s.out)
	}
	fault, err := http.Post(hosts[1]+"/sim/faults", "application/json", strings.NewReader(`{"verb":"credit","kind":"hang","count":1000}`))
	if err != nil || fault.StatusCode >= 300 {
		m.Fatalf("the airline takes no fault: %v, %v", fault, err)
	}
	fault.Body.Close()
	go func() {
		r := conversion(6, "out")
		r.Body = map[string]any{"source": "EPT", "destination": "SKY", "amount": "200", "link_id": sandbox.LinkID(sandbox.CompanyOf("sky"), 6).String()}
		_, _ = sky.Do(context.Background(), r, nil) // the gateway is killed before it answers
	}()
	m.waiting = m.processing(sky)
	if out, code := run(m.T, "migrate", "--to", "fabric", "--profile", m.config(), "--config", m.config()); code == 0 {
		m.Errorf("a configuration is taken for a profile: %s", out)
	}
	s.kill()
}

// processing waits for the one conversion that is not finished.
func (m *moved) processing(c *client.Client) string {
	m.Helper()
	for begun := time.Now(); time.Since(begun) < 30*time.Second; time.Sleep(20 * time.Millisecond) {
		var open struct{ Conversions []struct{ ID string } }
		m.ask(c, client.Request{Method: "GET", Path: "/v1/conversions?status=processing"}, &open)
		if len(open.Conversions) == 1 {
			return open.Conversions[0].ID
		}
	}
	m.Fatal("no conversion is under way")
	return ""
}

func (m *moved) ask(c *client.Client, r client.Request, into any) {
	m.Helper()
	if _, err := c.Do(m.Context(), r, into); err != nil {
		m.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
}

func (m *moved) convert(c *client.Client, n int, key string) string {
	m.Helper()
	var got struct{ ID, Status string }
	m.ask(c, conversion(n, key), &got)
	if got.Status != "completed" {
		m.Fatalf("conversion %s is %s", key, got.Status)
	}
	return got.ID
}

func (m *moved) config() string { return filepath.Join(m.dir, "pointgrid.yaml") }

func (m *moved) profile(company string) string {
	return filepath.Join(m.network.Dir(), "companies", company, "profile.json")
}

func (m *moved) arguments() []string {
	return []string{"migrate", "--to", "fabric", "--config", m.config(), "--profile", m.profile("utility"), "--at-once", "1"}
}

// killedAgainAndAgain kills the command while it carries blocks over.
func (m *moved) killedAgainAndAgain() {
	for range 3 {
		cmd := exec.Command(binary, m.arguments()...)
		out := &lockedBuffer{}
		cmd.Stdout, cmd.Stderr = out, out
		if err := cmd.Start(); err != nil {
			m.Fatal(err)
		}
		for begun := time.Now(); !strings.Contains(out.String(), "carried over"); time.Sleep(5 * time.Millisecond) {
			if time.Since(begun) > time.Minute {
				m.Fatalf("nothing is carried over:\n%s", out)
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if cmd.ProcessState.Exited() {
			m.Fatalf("it ended before it was killed:\n%s", out)
		}
	}
}

func (m *moved) carry() string {
	m.Helper()
	out, code := run(m.T, m.arguments()...)
	if code != 0 {
		m.Fatalf("exit code %d:\n%s", code, out)
	}
	if first := regexp.MustCompile(`(\d+) of (\d+) blocks`).FindStringSubmatch(out); len(first) == 3 && first[1] == "1" {
		m.Errorf("it began anew:\n%s", out)
	}
	return out
}

func (m *moved) refused(want string, args ...string) {
	m.Helper()
	if out, code := run(m.T, args...); code == 0 || !strings.Contains(out, want) {
		m.Errorf("%v ended with %d, want %q in\n%s", args, code, want, out)
	}
}

// adopted has each partner adopt, in each of the ways that there are.
func (m *moved) adopted(out string) {
	hash := regexp.MustCompile(`(?m)^[0-9a-f]{64}$`).FindString(out)
	adopt := func(company string, args ...string) []string {
		return append([]string{"migrate", "adopt", "--profile", m.profile(company)}, args...)
	}
	m.refused("nothing was adopted: the hash of the last block is "+hash, adopt("sky", "--hash", strings.Repeat("0", 64))...)
	m.refused("nothing was adopted: the ledger says that terms", adopt("sky", "--accepted", strings.Repeat("0", 64))...)
	m.refused("nothing was adopted; answer y", adopt("sky")...)
	if out, code := run(m.T, adopt("sky", "--hash", hash)...); code != 0 || !strings.Contains(out, "SkyMSP has adopted it") || !strings.Contains(out, "MartMSP, TelMSP") {
		m.Fatalf("exit code %d:\n%s", code, out)
	}
	if out, code := run(m.T, adopt("sky")...); code != 0 || !strings.Contains(out, "SkyMSP adopted it on") {
		m.Errorf("once more: exit code %d:\n%s", code, out)
	}
	if out, code := run(m.T, "verify", filepath.Join(m.dir, "gateway")); code != 0 || !strings.Contains(out, "the last block has the hash "+hash) {
		m.Errorf("verifying the old ledger: exit code %d:\n%s", code, out)
	}
	var known []string
	for _, terms := range sandbox.CompanyOf("mart").Terms {
		known = append(known, "--accepted", terms.Hash().String())
	}
	m.refused("does not say that terms", adopt("mart", append(known, "--accepted", strings.Repeat("1", 64))...)...)
	if out, code := run(m.T, adopt("mart", known...)...); code != 0 || !strings.Contains(out, "MartMSP has adopted it") {
		m.Fatalf("exit code %d:\n%s", code, out)
	}
	cmd := exec.Command(binary, adopt("tel")...)
	cmd.Stdin = strings.NewReader("y\n")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "every company has adopted it") {
		m.Fatalf("%v:\n%s", err, out)
	}
	// Once more, it finds all done.
	if out, code := run(m.T, m.arguments()...); code != 0 || !strings.Contains(out, "every company has adopted it") {
		m.Errorf("exit code %d:\n%s", code, out)
	}
}

// goesOn starts the sandbox again, on the network.
func (m *moved) goesOn() {
	s := start(m.T, sandboxReady, "sandbox", "--ledger", "fabric", "--addr", "127.0.0.1:0", "--dir", m.dir)
	sky := api(m.T, s, m.dir, "sky")
	m.done = append(m.done, m.convert(sky, 7, "new"))
	if again := m.convert(sky, 1, "old-0"); again != m.done[0] {
		m.Errorf("an old conversion given again is %s, want %s", again, m.done[0])
	}
	m.finished(sky, m.waiting)
	m.ask(sky, client.Request{Method: "POST", Path: "/v1/conversions/" + m.done[1] + "/reversals", Key: "late", Body: map[string]any{"amount": "300", "reason": "an old one"}}, nil)
	for _, id := range []string{m.done[2], m.waiting, m.done[len(m.done)-1]} {
		m.proven(sky, id)
	}
	if code := s.end(m.T); code != 0 {
		m.Errorf("exit code %d:\n%s", code, s.out)
	}
}

func (m *moved) finished(c *client.Client, id string) {
	m.Helper()
	var got struct{ Status string }
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(50 * time.Millisecond) {
		m.ask(c, client.Request{Method: "GET", Path: "/v1/conversions/" + id}, &got)
		if got.Status == "completed" {
			return
		}
	}
	m.Errorf("the conversion with the open hold is %s", got.Status)
}

// proven verifies a conversion's receipt with the companies' certificates.
func (m *moved) proven(c *client.Client, id string) {
	m.Helper()
	file := filepath.Join(m.dir, "receipt.json")
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(50 * time.Millisecond) {
		got, err := c.Do(m.Context(), client.Request{Method: "GET", Path: "/v1/conversions/" + id + "/receipt"}, nil)
		if err != nil {
			m.Fatal(err)
		}
		if err := os.WriteFile(file, got.Body, 0o600); err != nil {
			m.Fatal(err)
		}
		if bytes.Contains(got.Body, []byte(`"provisional":false`)) {
			break
		}
	}
	out, code := run(m.T, "verify", file, "--profile", m.network.ProfileFile(), "--partner", "sky=SkyMSP", "--partner", "mart=MartMSP", "--partner", "tel=TelMSP")
	if code != 0 || !strings.Contains(out, "by the peers of every company concerned") {
		m.Errorf("exit code %d: %s", code, out)
	}
}

// rebuilt makes the projection from the network's blocks, those that were carried
// over and those that came after.
func (m *moved) rebuilt() {
	_, m.network = networktest.Up(m.T, network.Options{Dir: m.network.Dir()})
	out, code := run(m.T, "migrate", "--rebuild", "--config", m.config())
	if code != 0 || !strings.Contains(out, "the projection equals the ledger") {
		m.Errorf("exit code %d:\n%s", code, out)
	}
	m.Log(out)
}

// TestAForgedPastIsNotAdoptedUnseen carries a ledger over in which the utility
// wrote an acceptance in the airline's name.
func TestAForgedPastIsNotAdoptedUnseen(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:2]})
	dir := t.TempDir()
	known := forge(ctx, t, filepath.Join(dir, "ledger"))
	config := filepath.Join(dir, "pointgrid.yaml")
	if err := os.WriteFile(config, []byte("data_dir: "+dir+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	utility, sky := filepath.Join(n.Dir(), "companies", "utility", "profile.json"), filepath.Join(n.Dir(), "companies", "sky", "profile.json")
	if out, code := run(t, "migrate", "--to", "fabric", "--config", config, "--profile", utility); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	out, code := run(t, "migrate", "adopt", "--profile", sky, "--accepted", known.Hash().String())
	if code == 0 || !strings.Contains(out, "nothing was adopted: the ledger says that terms") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	gateway := openGateway(ctx, t, n)
	r, err := gateway.Submit(ctx, atGateway, ledger.Command{ID: ledger.NewID(time.Now(), [10]byte{1}), Body: &ledger.Issue{Account: ledger.Account{1}, Amount: 1, Expiry: 1000}})
	if err != nil || r[0].Code != ledger.CodeHistoryUnadopted {
		t.Errorf("the forged ledger goes on with %+v, %v", r, err)
	}
}

// forge makes a ledger and returns the only terms that the airline knows.
func forge(ctx context.Context, t *testing.T, dir string) ledger.Terms {
	t.Helper()
	l, err := embedded.Open(embedded.Options{Dir: dir, Clock: time.Now,
		Signer: embedded.Signer{KeyID: "k", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}})
	if err != nil {
		t.Fatal(err)
	}
	count := byte(0)
	give := func(by string, body ledger.Body) ledger.ID {
		count++
		id := ledger.NewID(time.Now(), [10]byte{9: count})
		r, err := l.Submit(ctx, ledger.Identity{MSP: by}, ledger.Command{ID: id, Body: body})
		if err != nil || r[0].Code != ledger.CodeOK {
			t.Fatal(r, err)
		}
		return id
	}
	give("UtilityMSP", &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now())})
	give("UtilityMSP", &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: "SkyMSP"})
	known := sandbox.CompanyOf("sky").Terms[0]
	id := give("UtilityMSP", &ledger.ProposeAgreement{Terms: known})
	give("SkyMSP", &ledger.AcceptAgreement{Agreement: id, Hash: known.Hash()})
	forged := known
	forged.Version, forged.Rate.ToUnits = 2, 2*forged.Rate.ToUnits
	id = give("UtilityMSP", &ledger.ProposeAgreement{Terms: forged})
	give("SkyMSP", &ledger.AcceptAgreement{Agreement: id, Hash: forged.Hash()})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return known
}
