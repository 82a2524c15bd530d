package main

import (
	"crypto/rand"
	"crypto/tls"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// TestTheContractRunsOnEveryCompanysPeer is one alliance's life on one network,
// because a network takes longer to come up than all of it takes.
func TestTheContractRunsOnEveryCompanysPeer(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	a := &alliance{client: newClient(ctx, t, n), network: n}
	a.found()
	for _, c := range []struct {
		name string
		run  func(*alliance)
	}{
		{"a peer reads what was written", testReads},
		{"nobody writes alone", testAlone},
		{"the companies of a pair both sign", testPair},
		{"a batch of the largest size fits", testLarge},
		{"what a person says of the time and the company is the proposal's", testProposal},
		{"a malformed request is not endorsed", testMalformed},
		{"only the peer reaches the chaincode", testStranger},
		{"a utility that cheats changes nothing", testCheating},
		{"two companies change nothing of a third", testConspiracy},
		{"what two companies make in a third's name counts for nothing", testForgery},
		{"a company that joins endorses like the others", testNewcomer},
		{"a chaincode that was killed comes back", testKilled},
		{"a chaincode that is asked to end does so without complaint", testEnding},
	} {
		t.Run(c.name, func(t *testing.T) {
			outer := a.T
			defer func() { a.T = outer }()
			a.T = t
			c.run(a)
		})
	}
}

// alliance is a ledger with the utility and the partners sky and mart.
type alliance struct {
	*client
	network *network.Network
	in      ledger.ID   // sky's agreement in force
	hash    ledger.Hash // of its terms
}

func (a *alliance) id() ledger.ID {
	var random [10]byte
	rand.Read(random[:])
	return ledger.NewID(a.now(), random)
}

func (a *alliance) command(body ledger.Body) ledger.Command {
	return ledger.Command{ID: a.id(), Body: body}
}

// give submits commands and returns what became of the transaction.
func (a *alliance) give(by string, companies []string, commands ...ledger.Command) ([]byte, peer.TxValidationCode) {
	a.Helper()
	r := codec.BatchRequest{Commands: commands, SignedAt: time.Now()}
	return a.submit(by, codec.FunctionBatch, r.Encode(), companies...)
}

// do gives a command that must be done, and returns its ID.
func (a *alliance) do(by string, body ledger.Body, companies ...string) ledger.ID {
	a.Helper()
	c := a.command(body)
	if _, code := a.give(by, companies, c); code != peer.TxValidationCode_VALID {
		a.Fatalf("a %s ended with %s", body.Kind(), code)
	}
	if body.Kind() != ledger.KindCheckpoint && a.find("UtilityMSP", c.ID)[0] == nil {
		a.Fatalf("a %s was refused", body.Kind())
	}
	return c.ID
}

// find asks a company's peer for transfers.
func (a *alliance) find(company string, ids ...ledger.ID) []*ledger.Entry {
	a.Helper()
	found, err := codec.DecodeFound(a.query(company, codec.FunctionFind, codec.FindRequest(ids).Encode()), len(ids))
	a.check(err)
	return found
}

const utility, sky, mart = "UtilityMSP", "SkyMSP", "MartMSP"

func (a *alliance) found() {
	a.do(utility, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(a.now().UTC())}, utility, sky)
	a.do(utility, &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: sky}, utility, mart)
	a.do(utility, &ledger.RegisterPartner{Partner: "mart", Programme: "MRT", MSP: mart}, utility, sky)
	terms := ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1},
		Step: 1, Min: 1, Max: 1_000_000, Price: 10_000, FeePayer: ledger.FeeUtility, ExposureCap: 1_000_000_000_000,
		LockSeconds: 3600, LotMonths: 12}
	a.in, a.hash = a.do(utility, &ledger.ProposeAgreement{Terms: terms}, utility, sky), terms.Hash()
	a.do(sky, &ledger.AcceptAgreement{Agreement: a.in, Hash: a.hash}, utility, sky)
}

func (a *alliance) convert(amount int64) *ledger.ConvertIn {
	leg := ledger.LegTerms{Partner: "sky", Agreement: a.in, Hash: a.hash, LockedAt: a.now().UnixMilli(), From: amount, To: amount}
	return &ledger.ConvertIn{Account: ledger.Account{1}, Leg: leg, Reference: "debit"}
}

func testReads(a *alliance) {
	id := a.do(utility, a.convert(7), utility, sky)
	for company := range a.peers {
		if e := a.find(company, id)[0]; e == nil || e.Transfer.Amount != 7 {
			a.Errorf("%s has %+v", company, e)
		}
		page, err := codec.DecodePage(a.query(company, codec.FunctionRange, codec.RangeRequest{Prefix: "p/", From: "p/n"}.Encode()))
		a.check(err)
		if len(page.Keys) != 1 || page.Keys[0] != "p/sky" {
			a.Errorf("partners from n on are %v", page.Keys)
		}
	}
}

// refused gives a command that the network must not take.
func (a *alliance) refused(by string, body ledger.Body, companies ...string) {
	a.Helper()
	c := a.command(body)
	if _, code := a.give(by, companies, c); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
		a.Errorf("a %s endorsed by %v ended with %s", body.Kind(), companies, code)
	}
	if a.find(utility, c.ID)[0] != nil {
		a.Errorf("a %s endorsed by %v was written", body.Kind(), companies)
	}
}

func testAlone(a *alliance) {
	issue := &ledger.Issue{Account: ledger.Account{2}, Amount: 5, Expiry: ledger.DateOf(a.now().UTC()).Month() + 12}
	for _, company := range []string{utility, sky, mart} {
		a.refused(utility, issue, company)
	}
	a.refused(utility, issue, sky, mart)
	a.do(utility, issue, utility, mart)
	a.do(utility, issue, utility, sky)
}

func testPair(a *alliance) {
	terms := ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 2, Rate: ledger.Rate{FromUnits: 1, ToUnits: 2},
		Step: 1, Min: 1, Max: 1_000_000, Price: 10_000, FeePayer: ledger.FeeUtility, ExposureCap: 1_000_000_000_000,
		LockSeconds: 3600, LotMonths: 12}
	proposed := a.do(sky, &ledger.ProposeAgreement{Terms: terms}, utility, sky)
	a.refused(utility, &ledger.AcceptAgreement{Agreement: proposed, Hash: terms.Hash()}, utility, mart)
	a.refused(utility, a.convert(9), utility, mart)
	a.do(utility, a.convert(9), utility, sky)
}

func testLarge(a *alliance) {
	commands := make([]ledger.Command, ledger.BatchMax)
	for i := range commands {
		var account ledger.Account
		rand.Read(account[:])
		commands[i] = a.command(&ledger.Issue{Account: account, Amount: 5, Expiry: ledger.DateOf(a.now().UTC()).Month() + 12, Reason: "meter"})
	}
	begin := time.Now()
	_, code := a.give(utility, []string{utility, sky}, commands...)
	a.Logf("%d commands in %s", len(commands), time.Since(begin))
	if code != peer.TxValidationCode_VALID {
		a.Fatalf("ended with %s", code)
	}
	if a.find(mart, commands[len(commands)-1].ID)[0] == nil {
		a.Error("the last command was not done")
	}
}

func testProposal(a *alliance) {
	outer := a.now
	defer func() { a.now = outer }()
	at := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	a.now = func() time.Time { return at }
	id := a.do(utility, &ledger.SuspendPartner{Partner: "mart"}, utility, sky)
	e := a.find(utility, id)[0]
	values, err := codec.DecodeValues(a.query(utility, codec.FunctionGet, codec.KeysRequest{"alliance", "p/mart"}.Encode()), 2)
	a.check(err)
	header, _, err := chaincode.Batch(reader{a}, e.Locator.Lane, e.Locator.Batch)
	a.check(err)
	if e.Transfer.At != at.UnixMilli() || header.Caller.MSP != utility || header.Caller.Subject != "CN=user.utility,OU=client" || values[1] == nil {
		a.Errorf("the batch is %+v", header)
	}
	a.now = func() time.Time { return at.Add(-time.Hour) }
	if _, err := a.endorse(a.propose(utility, codec.FunctionGet, codec.KeysRequest{}.Encode()), utility); err == nil {
		a.Error("a proposal of an hour ago was endorsed")
	}
}

// reader reads the utility's peer as the contract does.
type reader struct{ a *alliance }

func (r reader) Get(keys ...string) ([][]byte, error) {
	return codec.DecodeValues(r.a.query(utility, codec.FunctionGet, codec.KeysRequest(keys).Encode()), len(keys))
}

func (r reader) Range(string, string, func(string, []byte) bool) error { return nil }

func testMalformed(a *alliance) {
	for name, request := range map[string][]byte{"empty": nil, "cut short": {1, 0, 0, 1, 9}, "too large": make([]byte, requestMax+1)} {
		if _, err := a.endorse(a.propose(utility, codec.FunctionBatch, request), utility); err == nil || !strings.Contains(err.Error(), "status 400") {
			a.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.endorse(a.propose(utility, "\xff", nil), utility); err == nil {
		a.Error("an unknown function was endorsed")
	}
}

func testStranger(a *alliance) {
	dir := a.network.Dir() + "/companies/sky/"
	for name, certificates := range map[string][]tls.Certificate{
		"nobody":         nil,
		"the peer's TLS": {a.pair(dir + "peer/tls/server")},
		"the server":     {a.pair(dir + "chaincode/server")},
	} {
		if err := a.knock(certificates); err == nil {
			a.Errorf("%s came in", name)
		}
	}
	if err := a.knock([]tls.Certificate{a.pair(dir + "chaincode/client")}); err != nil {
		a.Errorf("the peer did not come in: %v", err)
	}
}

func (a *alliance) pair(path string) tls.Certificate {
	a.Helper()
	p, err := tls.LoadX509KeyPair(path+".crt", path+".key")
	a.check(err)
	return p
}

// knock connects to sky's chaincode and reads what the server says first.
func (a *alliance) knock(certificates []tls.Certificate) error {
	conn, err := tls.Dial("tcp", a.network.Address("chaincode.sky"), &tls.Config{
		InsecureSkipVerify: true, NextProtos: []string{"h2"}, // the client is on trial, not the server
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(certificates) == 0 {
				return &tls.Certificate{}, nil
			}
			return &certificates[0], nil
		},
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.ReadFull(conn, make([]byte, 9)) // the server's settings
	return err
}

func testNewcomer(a *alliance) {
	a.check(a.network.AddCompany(a.ctx, network.Company{Name: "water", MSP: "WaterMSP"}))
	joined := newClient(a.ctx, a.T, a.network)
	outer := a.client
	defer func() { a.client = outer }()
	a.client = joined
	a.do(utility, &ledger.RegisterPartner{Partner: "water", Programme: "WTR", MSP: "WaterMSP"}, utility, "WaterMSP")
	a.refused(utility, a.convert(1), utility, "WaterMSP")
	a.refused(utility, &ledger.SuspendPartner{Partner: "water"}, "WaterMSP", sky)
}

func testKilled(a *alliance) {
	for _, name := range []string{"chaincode.utility", "chaincode.sky"} {
		a.check(a.network.Kill(a.ctx, name))
		a.check(a.network.Start(a.ctx, name))
	}
	c := a.command(a.convert(3))
	r := codec.BatchRequest{Commands: []ledger.Command{c}}
	for _, company := range []string{utility, sky} {
		a.await("the chaincode of "+company, func() error {
			_, err := a.endorse(a.propose(utility, codec.FunctionBatch, r.Encode()), company)
			return err
		})
	}
	a.do(utility, a.convert(3), utility, sky)
}

// await tries until there is no error.
func (a *alliance) await(what string, try func() error) {
	a.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			a.Fatalf("%s: %v", what, err)
		}
	}
}

func testEnding(a *alliance) {
	if err := a.network.Stop(a.ctx, "chaincode.mart"); err != nil {
		a.Fatal(err)
	}
	log, err := os.ReadFile(a.network.Log("chaincode.mart"))
	a.check(err)
	if len(log) != 0 {
		a.Errorf("the chaincode said: %s", log)
	}
}
