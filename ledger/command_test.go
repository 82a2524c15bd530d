package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
	"pgregory.net/rapid"
)

// bodies returns an empty body of every kind.
func bodies() []ledger.Body {
	return []ledger.Body{
		&ledger.Initialise{}, &ledger.RegisterPartner{}, &ledger.SuspendPartner{}, &ledger.ProposeAgreement{},
		&ledger.AcceptAgreement{}, &ledger.RejectAgreement{}, &ledger.Issue{}, &ledger.Expire{}, &ledger.Hold{},
		&ledger.Post{}, &ledger.Void{}, &ledger.ConvertIn{}, &ledger.ConvertOut{}, &ledger.CrossConvert{},
		&ledger.Reverse{}, &ledger.Freeze{}, &ledger.CloseWindow{}, &ledger.Checkpoint{},
		&ledger.AdvanceSettlement{}, &ledger.ProposeAdjustment{}, &ledger.AcceptAdjustment{}, &ledger.RejectAdjustment{},
		&ledger.TakeBack{}, &ledger.TakeBackPart{},
	}
}

// fill gives every field of a value something drawn.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int32:
		v.SetInt(int64(rapid.Int32().Draw(t, "int32")))
	case reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int64"))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint") & (1<<v.Type().Bits() - 1))
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Pointer:
		if v.Set(reflect.Zero(v.Type())); rapid.Bool().Draw(t, "set") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		if n := rapid.IntRange(0, 3).Draw(t, "length"); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(t, v.Index(i))
			}
		}
	default:
		t.Fatalf("a field of kind %s", v.Kind())
	}
}

func TestACommandSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var batch []ledger.Command
		for _, body := range rapid.Permutation(bodies()).Draw(t, "bodies") {
			c := ledger.Command{Body: body}
			fill(t, reflect.ValueOf(&c.ID).Elem())
			fill(t, reflect.ValueOf(body).Elem())
			fill(t, reflect.ValueOf(&c.Evidence).Elem())
			batch = append(batch, c)
		}
		got, err := ledger.DecodeBatch(ledger.EncodeBatch(batch))
		if err != nil || !reflect.DeepEqual(got, batch) {
			t.Fatalf("decoded %+v, %v, want %+v", got, err, batch)
		}
	})
}

func TestTheDigestTellsContentsApart(t *testing.T) {
	seen := map[ledger.Digest]ledger.Kind{}
	for _, body := range bodies() {
		c := ledger.Command{Body: body}
		if other, ok := seen[c.Digest()]; ok {
			t.Errorf("an empty %s has the digest of an empty %s", body.Kind(), other)
		}
		seen[c.Digest()] = body.Kind()
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := ledger.Command{Body: &ledger.Issue{}}, ledger.Command{Body: &ledger.Issue{}}
		fill(t, reflect.ValueOf(a.Body).Elem())
		fill(t, reflect.ValueOf(b.Body).Elem())
		e := wire.NewEncoder(nil)
		a.Append(e)
		if (a.Digest() == b.Digest()) != reflect.DeepEqual(a, b) || a.Digest() != ledger.DigestOf(e.Bytes()) {
			t.Fatalf("digests of %+v and %+v", a, b)
		}
	})
}

// FuzzDecodeBatch checks that there is one encoding of what can be decoded.
func FuzzDecodeBatch(f *testing.F) {
	for _, body := range bodies() {
		f.Add(ledger.EncodeBatch([]ledger.Command{{Body: body}, {Body: body, Evidence: &ledger.Evidence{JWS: "e30..AA"}}, {Body: &ledger.Hold{Leg: &ledger.LegTerms{Partner: "sky"}}}}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		batch, err := ledger.DecodeBatch(b)
		switch {
		case err != nil && !errors.Is(err, wire.ErrCorrupt):
			t.Errorf("returned %v", err)
		case err == nil && !bytes.Equal(ledger.EncodeBatch(batch), b):
			t.Errorf("%x decodes to what is encoded as %x", b, ledger.EncodeBatch(batch))
		case err == nil:
			for _, c := range batch {
				_ = c.Validate() // of anything that can be decoded
			}
		}
	})
}

func TestABatchIsBounded(t *testing.T) {
	most := make([]ledger.Command, ledger.BatchMax)
	for i := range most {
		most[i] = ledger.Command{Body: &ledger.Checkpoint{}}
	}
	if _, err := ledger.DecodeBatch(ledger.EncodeBatch(most)); err != nil {
		t.Errorf("%d commands: %v", len(most), err)
	}
	more := append(most, most[0])
	if _, err := ledger.DecodeBatch(ledger.EncodeBatch(more)); !errors.Is(err, wire.ErrCorrupt) {
		t.Errorf("%d commands: %v", len(more), err)
	}
}

func TestAValidCommandIsShort(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	leg := ledger.LegTerms{Partner: "p" + long(15), Agreement: someID, LockedAt: 1<<48 - 1, From: ledger.AmountMax, To: ledger.AmountMax}
	other := leg
	other.Partner = "q" + long(15)
	for _, body := range []ledger.Body{
		&ledger.CrossConvert{Account: ledger.Account{1}, Source: leg, Destination: other, Reference: long(ledger.ReferenceMax)},
		&ledger.Reverse{Original: someID, Account: ledger.Account{1}, Amount: ledger.AmountMax, Reference: long(ledger.ReferenceMax), Reason: long(ledger.ReasonMax)},
		&ledger.RegisterPartner{Partner: "p" + long(15), Programme: "ABCDEFGH", MSP: long(ledger.ReferenceMax)},
	} {
		c := ledger.Command{ID: someID, Body: body, Evidence: &ledger.Evidence{JWS: "e30.." + long(ledger.EvidenceMax-5), Body: ledger.Hash{1}}}
		if body.Kind() == ledger.KindRegisterPartner {
			c.Evidence = nil
		}
		e := wire.NewEncoder(nil)
		c.Append(e)
		if err := c.Validate(); err != nil || len(e.Bytes()) > ledger.CommandMax {
			t.Errorf("a %s has %d bytes, %v", body.Kind(), len(e.Bytes()), err)
		}
	}
}

func TestNamesSurviveTheirText(t *testing.T) {
	for _, body := range bodies() {
		var k ledger.Kind
		text, _ := body.Kind().MarshalText()
		if err := k.UnmarshalText(text); err != nil || k != body.Kind() {
			t.Errorf("%s is read as %s, %v", text, k, err)
		}
		if alone := k == ledger.KindCloseWindow || k == ledger.KindCheckpoint; k.Alone() != alone {
			t.Errorf("%s: Alone is %t", k, k.Alone())
		}
	}
	for _, d := range []ledger.Direction{ledger.In, ledger.Out} {
		var got ledger.Direction
		text, _ := d.MarshalText()
		if err := got.UnmarshalText(text); err != nil || got != d {
			t.Errorf("%s is read as %s, %v", text, got, err)
		}
	}
	for _, p := range []ledger.FeePayer{ledger.FeeMember, ledger.FeePartner, ledger.FeeUtility} {
		var got ledger.FeePayer
		text, _ := p.MarshalText()
		if err := got.UnmarshalText(text); err != nil || got != p {
			t.Errorf("%s is read as %s, %v", text, got, err)
		}
	}
	for _, into := range []interface{ UnmarshalText([]byte) error }{new(ledger.Kind), new(ledger.Direction), new(ledger.FeePayer)} {
		if err := into.UnmarshalText([]byte("nonsense")); err == nil {
			t.Errorf("%T reads nonsense", into)
		}
	}
	for _, unknown := range []fmt.Stringer{ledger.Kind(99), ledger.Direction(99), ledger.FeePayer(99), ledger.AgreementStatus(99)} {
		if !strings.Contains(unknown.String(), "99") {
			t.Errorf("an unknown value of %T is called %s", unknown, unknown)
		}
	}
}

func TestCodesOfPartnersProgrammesAndHouses(t *testing.T) {
	for _, c := range []struct {
		check func(string) bool
		text  string
		want  bool
	}{
		{ledger.ValidPartner, "sky", true}, {ledger.ValidPartner, "s1-x", true}, {ledger.ValidPartner, "s", false},
		{ledger.ValidPartner, "1s", false}, {ledger.ValidPartner, "Sky", false}, {ledger.ValidPartner, "s/y", false},
		{ledger.ValidPartner, "abcdefghijklmnop", true}, {ledger.ValidPartner, "abcdefghijklmnopq", false},
		{ledger.ValidProgramme, "EPT", true}, {ledger.ValidProgramme, "E", false}, {ledger.ValidProgramme, "E-T", false},
		{ledger.ValidProgramme, "ABCDEFGH", true}, {ledger.ValidProgramme, "ABCDEFGHI", false},
		{ledger.ValidHouse, "mall", true}, {ledger.ValidHouse, "mall-1", true}, {ledger.ValidHouse, "mall-", false},
		{ledger.ValidHouse, "mall1", false}, {ledger.ValidHouse, "fee", false}, {ledger.ValidHouse, "mall-abcdefghijk", true},
		{ledger.ValidHouse, "mall-abcdefghijkl", false},
	} {
		if got := c.check(c.text); got != c.want {
			t.Errorf("%q is valid: %t, want %t", c.text, got, c.want)
		}
	}
}
