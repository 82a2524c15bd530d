package fabric_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/hyperledger/fabric-protos-go/ledger/rwset/kvrwset"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/ledger/fabric/network"
	"github.com/pointgrid/pointgrid/ledger/fabric/network/networktest"
)

// keyOf reads the key of a company's peer, or of one of its people.
func keyOf(t testing.TB, n *network.Network, company, msp, who string) fabric.Peer {
	t.Helper()
	dir := filepath.Join(n.Dir(), "companies", company, who, "msp")
	p := fabric.Peer{MSP: msp}
	var err error
	if p.Cert, err = os.ReadFile(filepath.Join(dir, "signcerts", "cert.pem")); err != nil {
		t.Fatal(err)
	}
	if p.Key, err = os.ReadFile(filepath.Join(dir, "keystore", "key.pem")); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTheUtilityCannotCheat lets the utility's peer endorse whatever it likes, as
// one with changed chaincode would, alone and with a partner that helps it.
func TestTheUtilityCannotCheat(t *testing.T) {
	ctx, n := networktest.Up(t, network.Options{Companies: network.Companies()[:3]})
	l := open(ctx, t, n, nil)
	d := found(ctx, t, l, "sky", sky)
	found(ctx, t, l, "mart", mart)
	if err := d.convert(ctx, l, 3); err != nil {
		t.Fatal(err)
	}
	a, err := l.Alliance(ctx)
	if err != nil {
		t.Fatal(err)
	}
	agreement := "g/" + bytesHex(d.id)
	position := "wp/" + a.Window.String() + "/sky"
	tomorrow := "wp/" + (a.Window + 1).String() + "/sky"
	partners, err := l.Partners(ctx)
	if err != nil || partners[1].Code != "sky" {
		t.Fatal(partners, err)
	}
	programme := "n/" + partners[1].Programme
	accounts, err := l.Keys(ctx, "a/")
	if err != nil || len(accounts) == 0 {
		t.Fatal(accounts, err)
	}
	peer := keyOf(t, n, "utility", "UtilityMSP", "peer")
	admin := keyOf(t, n, "utility", "UtilityMSP", "admin")
	partner := keyOf(t, n, "mart", "MartMSP", "peer")
	clerk := keyOf(t, n, "sky", "SkyMSP", "user")
	alone, helped := []fabric.Peer{peer}, []fabric.Peer{peer, partner}
	for _, c := range []struct {
		name string
		key  string
		by   []fabric.Peer
	}{
		{"an accepted rate, alone", agreement, alone},
		{"an accepted rate, with another partner", agreement, helped},
		{"an accepted rate, with its administrator", agreement, []fabric.Peer{peer, admin}},
		{"an accepted rate, with a person of the partner", agreement, []fabric.Peer{peer, clerk}},
		{"the list of what the partner accepted, with another partner", "gi/sky/in", helped},
		{"the list of agreements that there are none of yet, with another partner", "gi/sky/out", helped},
		{"the partner's company and scale, with another partner", "p/sky", helped},
		{"whose the programme is, with another partner", programme, helped},
		{"what rounding left over, with another partner", "r/" + bytesHex(d.id), helped},
		{"the partner's position, alone", position, alone},
		{"the partner's position, with another partner", position, helped},
		{"the pair's books, with another partner", "b/sky", helped},
		{"a position that does not exist yet, alone", tomorrow, alone},
		{"an agreement that nobody proposed, alone", "g/00000000000000000000000000000000", alone},
		{"a member's points, alone", accounts[0], alone},
		{"the alliance, alone", "alliance", alone},
		{"a member's points, with its administrator", accounts[0], []fabric.Peer{peer, admin}},
	} {
		t.Run("cannot change "+c.name, func(t *testing.T) {
			before, err := l.Values(ctx, c.key)
			if err != nil {
				t.Fatal(err)
			}
			code, err := l.Forge(ctx, []string{c.key}, func(s *kvrwset.KVRWSet) {
				s.Writes = append(s.Writes, &kvrwset.KVWrite{Key: c.key, Value: append([]byte("forged"), before[0]...)})
			}, c.by...)
			if err != nil || code != fabric.EndorsementFailure {
				t.Errorf("the forged transaction is %v, %v", code, err)
			}
			if after, err := l.Values(ctx, c.key); err != nil || !bytes.Equal(before[0], after[0]) {
				t.Errorf("the value changed: %v", err)
			}
		})
	}
	t.Run("cannot drop the partner's say", func(t *testing.T) {
		for _, by := range [][]fabric.Peer{alone, helped} {
			code, err := l.Forge(ctx, []string{agreement}, func(s *kvrwset.KVRWSet) {
				s.MetadataWrites = append(s.MetadataWrites, &kvrwset.KVMetadataWrite{Key: agreement})
			}, by...)
			if err != nil || code != fabric.EndorsementFailure {
				t.Errorf("the forged transaction is %v, %v", code, err)
			}
		}
	})
	t.Run("cannot accept for the partner", func(t *testing.T) {
		terms := ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 2, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1},
			Step: 1, Min: 1, Max: 1, FeePayer: ledger.FeeMember, ExposureCap: 1, LockSeconds: 1, LotMonths: 1}
		id := must(ctx, t, l, utility, &ledger.ProposeAgreement{Terms: terms}).ID
		r, err := l.Submit(ctx, utility, ledger.Command{ID: newID(), Body: &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()}})
		if err != nil || r[0].Code != ledger.CodeSameIdentity {
			t.Errorf("accepting ended with %+v, %v", r, err)
		}
	})
	// Were it not for the signatures, all of this would have been valid.
	honest := keyOf(t, n, "sky", "SkyMSP", "peer")
	code, err := l.Forge(ctx, []string{position}, func(s *kvrwset.KVRWSet) {
		before, _ := l.Values(ctx, position)
		s.Writes = append(s.Writes, &kvrwset.KVWrite{Key: position, Value: before[0]})
	}, peer, honest)
	if err != nil || code != fabric.Valid {
		t.Errorf("with the partner's peer the transaction is %v, %v", code, err)
	}
	if err := d.convert(ctx, l, 3); err != nil {
		t.Error(err)
	}
}

func bytesHex(id ledger.ID) string {
	return ledger.Account(id).String()
}
