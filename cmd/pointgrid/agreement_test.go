package main_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
	"github.com/pointgrid/pointgrid/ledger/fabric/profile"
)

// rateCard is a file with terms for sky; VERSION and RATE are filled in.
const rateCard = `partner: sky
direction: in
version: VERSION
rate: {from_units: RATE, to_units: 1}
step: 1
min: 1
max: 1000000
day_cap: 0
year_cap: 0
price: 0.01
fee_bps: 0
fee_payer: partner
exposure_cap: 100000
lock_seconds: 600
lot_months: 12
from: 2026-01-01T00:00:00Z
`

// desks are the companies of one network, each with nothing but its own profile.
type desks struct {
	*testing.T
	network *network.Network
	gateway *fabric.Ledger // the utility's, running all the while
}

var atGateway = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}

// TestCompaniesAgreeWithTheirOwnKeys is one story on one network, because a
// network takes longer to come up than all of it takes.
func TestCompaniesAgreeWithTheirOwnKeys(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	d := &desks{T: t, network: n, gateway: openGateway(ctx, t, n)}
	d.give(&ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now().UTC())})
	d.give(&ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: "SkyMSP"})
	d.give(&ledger.RegisterPartner{Partner: "mart", Programme: "MRT", MSP: "MartMSP"})

	if out := d.may("mart", "list"); out != "no agreements\n" {
		t.Errorf("the list of an empty ledger is %q", out)
	}
	three := d.card("3", "1")
	id, hash := d.propose("utility", three)
	if d.inForce() != nil {
		t.Error("what was only proposed is in force")
	}
	d.mustNot("mart", "agreement_not_yours", "accept", id, "--hash", hash)
	d.mustNot("mart", "agreement_not_yours", "reject", id, "--reason", "ours is better")
	d.mustNot("mart", "agreement_not_yours", "propose", "--terms", three)
	d.mustNot("utility", "same_identity", "accept", id, "--hash", hash)
	d.mustNot("sky", "nothing was signed: the hash of the terms on the ledger is "+hash, "accept", id, "--hash", strings.Repeat("0", 64))
	d.mustNot("sky", "nothing was signed: the ledger has other terms", "accept", id, "--terms", d.card("2", "1"))
	d.mustNot("sky", "nothing was signed; answer y", "accept", id)
	d.mustNot("sky", "not an ID", "accept", "1")
	d.mustNot("sky", "not found", "accept", "0190163d-8694-739b-aea5-966c26f8ad91", "--yes")

	out := d.may("sky", "accept", id, "--terms", three)
	if shown, signed := strings.Index(out, hash), strings.Index(out, "SkyMSP accepted"); shown < 0 || signed < shown {
		t.Errorf("sky did not see the hash before it signed:\n%s", out)
	}
	d.mustNot("sky", "agreement_decided", "reject", id, "--reason", "too late")
	d.listed("sky", id, "in force")
	d.listed("utility", id, "in force")
	if got := d.converted(3000); got != 1000 {
		t.Errorf("the gateway converts 3000 into %d, want 1000", got)
	}

	// The next version comes from sky, and the utility answers by hand.
	next, _ := d.propose("sky", d.card("2", "2"))
	d.answered("utility", "y\n", next)
	d.listed("mart", id, "superseded")
	d.listed("mart", next, "in force")
	if got := d.converted(3000); got != 1500 {
		t.Errorf("the gateway converts 3000 into %d, want 1500", got)
	}
	withdrawn, _ := d.propose("sky", d.card("1", "3"))
	d.may("sky", "reject", withdrawn, "--reason", "a slip of the pen")
	d.listed("utility", withdrawn, "rejected")
	d.mustNot("sky", "agreement_version", "propose", "--terms", d.card("1", "2"))

	d.besideAGatewayThatWorks()
	d.interrupted()
	d.withoutTheOther(next)
}

// besideAGatewayThatWorks has sky and the utility agree while the gateway writes
// one batch after the other, with which theirs compete.
func (d *desks) besideAGatewayThatWorks() {
	stop, ended, n := make(chan struct{}), make(chan struct{}), 0
	go func() {
		defer close(ended) // also when a command fails, which ends this goroutine
		for ; ; n++ {
			select {
			case <-stop:
				return
			default:
				d.give(&ledger.Issue{Account: ledger.Account{1, byte(n)}, Amount: 1, Expiry: ledger.DateOf(time.Now()).Month() + 12})
			}
		}
	}()
	id, hash := d.propose("sky", d.card("1", "3"))
	d.may("utility", "accept", id, "--hash", hash)
	close(stop)
	<-ended
	d.Logf("the gateway wrote %d batches meanwhile", n)
	d.listed("sky", id, "in force")
	var issued int64
	if err := d.gateway.Balances(d.Context(), "EPT", func(b ledger.Balance) error {
		if b.Account == "issued" {
			issued = -b.Amount
		}
		return nil
	}); err != nil || issued != int64(n) || n == 0 {
		d.Errorf("%d points were issued in %d commands: %v", issued, n, err)
	}
}

// interrupted ends the program where it asks: nothing is signed.
func (d *desks) interrupted() {
	id, _ := d.propose("utility", d.card("4", "4"))
	cmd := exec.Command(binary, d.arguments("sky", []string{"accept", id})...)
	silent, err := cmd.StdinPipe()
	if err != nil {
		d.Fatal(err)
	}
	defer silent.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		d.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		d.Fatal(err)
	}
	asked := bufio.NewReader(stdout)
	if _, err := asked.ReadString('?'); err != nil {
		d.Errorf("nobody was asked: %v", err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		d.Error(err)
	}
	_, _ = io.Copy(io.Discard, asked) // to its end
	if err := cmd.Wait(); err == nil {
		d.Error("an interrupted command succeeded")
	}
	d.listed("sky", id, "proposed")
}

// withoutTheOther stops the utility's peer: sky sees what it has signed all the
// same, and is told why it can sign nothing new.
func (d *desks) withoutTheOther(superseded string) {
	if err := d.network.Stop(d.Context(), "peer.utility"); err != nil {
		d.Fatal(err)
	}
	d.listed("sky", superseded, "superseded")
	d.mustNot("sky", "UtilityMSP did not endorse", "propose", "--terms", d.card("1", "4"))
	if err := d.network.Start(d.Context(), "peer.utility"); err != nil {
		d.Fatal(err)
	}
}

// openGateway opens the ledger as the utility's gateway does, with its key alone.
func openGateway(ctx context.Context, t *testing.T, n *network.Network) *fabric.Ledger {
	t.Helper()
	p, err := profile.Read(companyProfile(n, "utility"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := fabric.Open(ctx, fabric.Options{Profile: p, Clock: time.Now, Timer: time.Now, CheckpointEvery: 100 * time.Millisecond, Checkpointer: atGateway})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing the gateway's ledger: %v", err)
		}
	})
	return l
}

func companyProfile(n *network.Network, company string) string {
	return filepath.Join(n.Dir(), "companies", company, "profile.json")
}

// give gives a command as the gateway, which must be carried out.
func (d *desks) give(body ledger.Body) ledger.Entry {
	d.Helper()
	var random [10]byte
	rand.Read(random[:])
	r, err := d.gateway.Submit(d.Context(), atGateway, ledger.Command{ID: ledger.NewID(time.Now(), random), Body: body})
	if err != nil || r[0].Code != ledger.CodeOK {
		d.Fatalf("%s: %+v %v", body.Kind(), r, err)
	}
	return r[0].Entry
}

// card writes a file with terms.
func (d *desks) card(rate, version string) string {
	d.Helper()
	path := filepath.Join(d.TempDir(), "terms.yaml")
	text := strings.NewReplacer("VERSION", version, "RATE", rate).Replace(rateCard)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.Fatal(err)
	}
	return path
}

// arguments are those of a company's command.
func (d *desks) arguments(company string, words []string) []string {
	return append(append([]string{"agreement"}, words...), "--profile", companyProfile(d.network, company))
}

// may runs a command that must succeed.
func (d *desks) may(company string, words ...string) string {
	d.Helper()
	out, code := run(d.T, d.arguments(company, words)...)
	d.Logf("%s: agreement %v\n%s", company, words, out)
	if code != 0 {
		d.Fatalf("%s: agreement %v: exit code %d:\n%s", company, words, code, out)
	}
	return out
}

// mustNot runs a command that must fail and say why.
func (d *desks) mustNot(company, want string, words ...string) {
	d.Helper()
	out, code := run(d.T, d.arguments(company, words)...)
	d.Logf("%s: agreement %v\n%s", company, words, out)
	if code == 0 || !strings.Contains(out, want) {
		d.Errorf("%s: agreement %v: exit code %d, want it to fail with %q:\n%s", company, words, code, want, out)
	}
}

// answered accepts as a person who is asked.
func (d *desks) answered(company, answer, id string) {
	d.Helper()
	cmd := exec.Command(binary, d.arguments(company, []string{"accept", id})...)
	cmd.Stdin = strings.NewReader(answer)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "[y/N]") {
		d.Fatalf("%v:\n%s", err, out)
	}
}

var printed = regexp.MustCompile(`accept (\S{36}) --hash ([0-9a-f]{64})`)

// propose proposes and returns what the other company needs to accept.
func (d *desks) propose(company, file string) (id, hash string) {
	d.Helper()
	out := d.may(company, "propose", "--terms", file)
	found := printed.FindStringSubmatch(out)
	if found == nil {
		d.Fatalf("it is not said how to accept:\n%s", out)
	}
	return found[1], found[2]
}

// listed checks where a company sees an agreement stand.
func (d *desks) listed(company, id, want string) {
	d.Helper()
	out := d.may(company, "list", "--partner", "sky")
	if !regexp.MustCompile(`(?m)^` + id + ` .*  ` + want + `$`).MatchString(out) {
		d.Errorf("agreement %s is not listed as %q:\n%s", id, want, out)
	}
}

// inForce is what the gateway takes as in force for sky, or nil.
func (d *desks) inForce() *ledger.Agreement {
	d.Helper()
	all, err := d.gateway.Agreements(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	a, ok := ledger.InForce(all, "sky", ledger.In, time.Now().UnixMilli())
	if !ok {
		return nil
	}
	return &a
}

// converted converts sky's points at the gateway and returns what came of them.
func (d *desks) converted(from int64) int64 {
	d.Helper()
	a := d.inForce()
	if a == nil {
		d.Fatal("the gateway sees no agreement in force")
	}
	amounts, code := a.Terms.Amounts(from, 0)
	if code != ledger.CodeOK {
		d.Fatal(code)
	}
	leg := ledger.LegTerms{Partner: "sky", Agreement: a.ID, Hash: a.Hash, LockedAt: time.Now().UnixMilli(), From: from, To: amounts.To}
	e := d.give(&ledger.ConvertIn{Account: ledger.Account{1}, Leg: leg, Reference: "debit"})
	return e.Transfer.Source.To
}
