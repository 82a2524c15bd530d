package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
)

// cheat is what a dishonest company runs on its peer in the contract's place.
type cheat func(stub shim.ChaincodeStubInterface) *peer.Response

func (cheat) Init(shim.ChaincodeStubInterface) *peer.Response          { return shim.Success(nil) }
func (c cheat) Invoke(stub shim.ChaincodeStubInterface) *peer.Response { return c(stub) }

// writing puts a value past the contract, and lets the utility change it alone
// from then on.
func writing(key string, value []byte) cheat {
	return func(stub shim.ChaincodeStubInterface) *peer.Response {
		s := state{stub}
		if err := s.Put(key, value); err != nil {
			return failure(codec.StatusFailed, err)
		}
		if err := s.Endorsers(key, utility); err != nil {
			return failure(codec.StatusFailed, err)
		}
		return shim.Success(nil)
	}
}

// inTheNameOf is the contract, told that another company gave the commands.
func inTheNameOf(msp string) cheat {
	return func(stub shim.ChaincodeStubInterface) *peer.Response {
		tx, err := transaction(stub)
		if err != nil {
			return failure(codec.StatusRequest, err)
		}
		tx.Caller.MSP = msp
		args := stub.GetArgs()
		payload, err := codec.Serve(codec.Call{Channel: stub.GetChannelID(), Tx: tx}, &state{stub}, string(args[0]), args[1])
		if err != nil {
			return failure(codec.Status(err), err)
		}
		return shim.Success(payload)
	}
}

// with runs a cheat on companies' peers while f lasts.
func (a *alliance) with(c cheat, f func(), companies ...string) {
	a.Helper()
	ctx, cancel := context.WithCancel(a.ctx)
	ended := make(chan error, len(companies))
	for _, company := range companies {
		dir := filepath.Join(a.network.Dir(), "companies", company, "chaincode")
		config, err := tlsConfig(filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"), filepath.Join(dir, "client.crt"))
		a.check(err)
		a.check(a.network.Kill(a.ctx, "chaincode."+company))
		go func() {
			ended <- serve(ctx, a.network.Address("chaincode."+company), a.packageID(company), config, c)
		}()
		a.answers(company)
	}
	f()
	cancel()
	for range companies {
		a.check(<-ended)
	}
	for _, company := range companies {
		a.check(a.network.Start(a.ctx, "chaincode."+company))
		a.answers(company)
	}
}

// answers waits until a company's peer reaches its chaincode.
func (a *alliance) answers(company string) {
	a.Helper()
	msp := map[string]string{"utility": utility, "sky": sky, "mart": mart}[company]
	a.await("the chaincode of "+company, func() error {
		_, err := a.endorse(a.propose(utility, codec.FunctionGet, codec.KeysRequest{}.Encode()), msp)
		return err
	})
}

// packageID reads what the network calls a company's package.
func (a *alliance) packageID(company string) string {
	a.Helper()
	b, err := os.ReadFile(filepath.Join(a.network.Dir(), "network.json"))
	a.check(err)
	var site struct {
		Companies []struct {
			Name      string `json:"name"`
			PackageID string `json:"package_id"`
		} `json:"companies"`
	}
	a.check(json.Unmarshal(b, &site))
	for _, c := range site.Companies {
		if c.Name == company {
			return c.PackageID
		}
	}
	a.Fatalf("no package of %s", company)
	return ""
}

// value reads a key at a company's peer.
func (a *alliance) value(company, key string) []byte {
	a.Helper()
	values, err := codec.DecodeValues(a.query(company, codec.FunctionGet, codec.KeysRequest{key}.Encode()), 1)
	a.check(err)
	return values[0]
}

// testCheating has the utility run changed chaincode and send what it endorsed,
// alone and with the honest endorsement of a partner that is not concerned.
func testCheating(a *alliance) {
	terms := ledger.Terms{Partner: "mart", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1},
		Step: 1, Min: 1, Max: 1_000_000, Price: 10_000, FeePayer: ledger.FeeUtility, ExposureCap: 1_000_000_000_000,
		LockSeconds: 3600, LotMonths: 12}
	offered := a.do(utility, &ledger.ProposeAgreement{Terms: terms}, utility, mart)
	today := ledger.DateOf(a.now().UTC())
	accept := &ledger.AcceptAgreement{Agreement: offered, Hash: terms.Hash()}
	terms.Partner = "sky"
	terms.Direction, terms.LotMonths = ledger.Out, 0
	hex := func(id ledger.ID) string { return ledger.Account(id).String() }
	for _, c := range []struct {
		name  string
		cheat cheat
		body  ledger.Body
		key   string // that would be changed
		other string // honest, but not concerned
	}{
		{"a position is changed", writing("wp/"+today.String()+"/sky", []byte{1}), &ledger.Checkpoint{}, "wp/" + today.String() + "/sky", mart},
		{"a position of tomorrow is made up", writing("wp/"+(today+1).String()+"/sky", []byte{1}), &ledger.Checkpoint{}, "wp/" + (today + 1).String() + "/sky", mart},
		{"an accepted rate is changed", writing("g/"+hex(a.in), []byte{1}), &ledger.Checkpoint{}, "g/" + hex(a.in), mart},
		{"what a partner owes is changed", writing("b/sky", []byte{1}), &ledger.Checkpoint{}, "b/sky", mart},
		{"an agreement is accepted in the partner's name", inTheNameOf(mart), accept, "g/" + hex(offered), sky},
		{"an agreement is proposed in the partner's name", inTheNameOf(sky), &ledger.ProposeAgreement{Terms: terms}, "", mart},
	} {
		outer := a.T
		outer.Run(c.name, func(t *testing.T) {
			a.T = t
			defer func() { a.T = outer }()
			command := a.command(c.body)
			key := c.key
			if key == "" {
				key = "g/" + hex(command.ID)
			}
			before := a.value(sky, key)
			a.with(c.cheat, func() {
				for _, companies := range [][]string{{utility}, {utility, c.other}} {
					if _, code := a.give(utility, companies, command); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
						t.Errorf("endorsed by %v it ended with %s", companies, code)
					}
				}
			}, "utility")
			for company := range a.peers {
				if !bytes.Equal(a.value(company, key), before) {
					t.Errorf("%s was changed at %s", key, company)
				}
			}
		})
		a.T = outer
	}
}

// testConspiracy has the utility and a partner run the same changed chaincode
// against another partner.
func testConspiracy(a *alliance) {
	hex := func(id ledger.ID) string { return ledger.Account(id).String() }
	today := ledger.DateOf(a.now().UTC())
	for _, key := range []string{"wp/" + today.String() + "/sky", "g/" + hex(a.in), "gi/sky/in", "gi/sky/out", "b/sky", "n/SKY", "p/sky", "r/" + hex(a.in)} {
		before := a.value(sky, key)
		if before == nil {
			a.Errorf("%s is not there", key)
		}
		a.with(writing(key, []byte{1}), func() {
			if _, code := a.give(utility, []string{utility, mart}, a.command(a.convert(1))); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
				a.Errorf("a change of %s ended with %s", key, code)
			}
		}, "utility", "mart")
		if !bytes.Equal(a.value(sky, key), before) {
			a.Errorf("%s was changed", key)
		}
	}
}

// only lets a transaction write keys with a prefix.
type only struct {
	state
	prefix string
}

func (o *only) Put(key string, value []byte) error {
	if !strings.HasPrefix(key, o.prefix) {
		return nil
	}
	return o.state.Put(key, value)
}

func (o *only) Endorsers(string, ...string) error { return nil }

// offering is the contract, told that a company gave the commands, of which only
// the agreement is written: its series, which takes that company's signature, is
// left alone.
func offering(msp string) cheat {
	return func(stub shim.ChaincodeStubInterface) *peer.Response {
		tx, err := transaction(stub)
		if err != nil {
			return failure(codec.StatusRequest, err)
		}
		tx.Caller.MSP = msp
		args := stub.GetArgs()
		s := &only{state: state{stub}, prefix: "g/"}
		payload, err := codec.Serve(codec.Call{Channel: stub.GetChannelID(), Tx: tx}, s, string(args[0]), args[1])
		if err != nil {
			return failure(codec.Status(err), err)
		}
		return shim.Success(payload)
	}
}

// testForgery has the utility and a partner make keys that should be another
// partner's, which the network lets them do, and sees them count for nothing.
func testForgery(a *alliance) {
	today := ledger.DateOf(a.now().UTC())
	terms := ledger.Terms{Partner: "sky", Direction: ledger.Out, Version: 1, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1000},
		Step: 1, Min: 1, Max: 1_000_000, Price: 10_000, FeePayer: ledger.FeeUtility, ExposureCap: 1_000_000_000_000, LockSeconds: 3600}
	offer := a.command(&ledger.ProposeAgreement{Terms: terms})
	both := []string{utility, mart}
	a.with(offering(sky), func() {
		if _, code := a.give(utility, both, offer); code != peer.TxValidationCode_VALID {
			a.Fatalf("the forged offer ended with %s", code)
		}
	}, "utility", "mart")
	if a.value(sky, "g/"+ledger.Account(offer.ID).String()) == nil {
		a.Fatal("the forged offer is not there")
	}
	accept := a.command(&ledger.AcceptAgreement{Agreement: offer.ID, Hash: terms.Hash()})
	payload, _ := a.give(utility, []string{utility, sky}, accept)
	if results, err := codec.DecodeResults(payload, a.profile.Channel, ledger.BatchHeader{}, nil); err != nil || results[0].Code != ledger.CodeAgreementUnknown {
		a.Errorf("accepting what the partner never offered ended with %+v, %v", results, err)
	}

	tomorrow := "wp/" + (today + 1).String() + "/sky"
	a.with(writing(tomorrow, a.value(sky, "wp/"+today.String()+"/sky")), func() {
		if _, code := a.give(utility, both, a.command(&ledger.Checkpoint{})); code != peer.TxValidationCode_VALID {
			a.Fatalf("the forged position ended with %s", code)
		}
	}, "utility", "mart")
	a.do(utility, &ledger.CloseWindow{Window: today, Next: today + 1}, both...)
	a.do(utility, a.convert(11), utility, sky)
	p, err := chaincode.Position(reader{a}, "sky", today+1)
	if err != nil || p.In.Count != 1 || p.In.From != 11 {
		a.Errorf("the position of a new window is %+v, %v", p, err)
	}
	a.with(writing(tomorrow, []byte{1}), func() {
		if _, code := a.give(utility, both, a.command(&ledger.Checkpoint{})); code != peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE {
			a.Errorf("a change of the position ended with %s", code)
		}
	}, "utility", "mart")
}
