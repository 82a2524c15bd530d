package proof_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric/codec"
	"github.com/pointgrid/pointgrid/ledger/fabric/proof"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

var at = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

// signer is a company's peer, or somebody who would like to be one.
type signer struct {
	msp  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// company is an authority and what it issued.
type company struct {
	msp    string
	root   *x509.Certificate
	key    *ecdsa.PrivateKey
	serial int64
}

func newCompany(t *testing.T, msp string) *company {
	c := &company{msp: msp}
	c.root, c.key = c.issue(t, "ca", at.AddDate(10, 0, 0))
	return c
}

func (c *company) issue(t *testing.T, role string, until time.Time) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(c.serial), Subject: pkix.Name{CommonName: role + "." + c.msp, OrganizationalUnit: []string{role}},
		NotBefore: at.AddDate(-1, 0, 0), NotAfter: until, IsCA: c.root == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	parent, signer := c.root, c.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (c *company) signer(t *testing.T, role string) signer {
	cert, key := c.issue(t, role, at.AddDate(1, 0, 0))
	return signer{c.msp, cert, key}
}

func (s signer) endorse(t *testing.T, payload []byte) ledger.Endorser {
	t.Helper()
	digest := sha256.Sum256(slices.Concat(payload, proof.Identity(s.msp, s.cert.Raw)))
	signature, err := ecdsa.SignASN1(rand.Reader, s.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Endorser{Company: s.msp, Certificate: s.cert.Raw, Signature: signature}
}

// world is an alliance with one transfer between the utility and sky, covered by
// a checkpoint.
type world struct {
	utility, sky, mart *company
	alliance           *proof.Alliance
	receipt            ledger.Receipt
	block              uint64 // in which the peers have the last batch
	channel, chaincode string
	signedAt           time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{utility: newCompany(t, "UtilityMSP"), sky: newCompany(t, "SkyMSP"), mart: newCompany(t, "MartMSP"),
		block: 9, channel: "alliance", chaincode: "pointgrid", signedAt: at}
	w.alliance = &proof.Alliance{Channel: "alliance", Chaincode: "pointgrid", Utility: "UtilityMSP", Companies: []proof.Company{
		{MSP: "UtilityMSP", Roots: []*x509.Certificate{w.utility.root}},
		{MSP: "SkyMSP", Partners: []string{"sky"}, Roots: []*x509.Certificate{w.sky.root}},
		{MSP: "MartMSP", Partners: []string{"mart"}, Roots: []*x509.Certificate{w.mart.root}},
	}}
	w.record(t)
	return w
}

// record runs the contract and takes the receipt's paths from it.
func (w *world) record(t *testing.T) {
	m := ledgertest.NewMemory(func() time.Time { return at })
	utility, sky := ledger.Identity{MSP: "UtilityMSP"}, ledger.Identity{MSP: "SkyMSP"}
	n := byte(0)
	give := func(by ledger.Identity, body ledger.Body) ledger.ID {
		t.Helper()
		n++
		c := ledger.Command{ID: ledger.NewID(at, [10]byte{9: n}), Body: body}
		r, err := m.Submit(t.Context(), by, c)
		if err != nil || r[0].Code != ledger.CodeOK {
			t.Fatalf("a %s ended with %+v, %v", body.Kind(), r, err)
		}
		return c.ID
	}
	give(utility, &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(at)})
	give(utility, &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: "SkyMSP"})
	terms := ledger.Terms{Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 1, ToUnits: 1}, Step: 1, Min: 1,
		Max: 1000, FeePayer: ledger.FeeMember, ExposureCap: ledger.ValueMax, LockSeconds: 60, LotMonths: 12}
	id := give(utility, &ledger.ProposeAgreement{Terms: terms})
	give(sky, &ledger.AcceptAgreement{Agreement: id, Hash: terms.Hash()})
	transfer := give(utility, &ledger.ConvertIn{Account: ledger.Account{1}, Leg: ledger.LegTerms{
		Partner: "sky", Agreement: id, Hash: terms.Hash(), LockedAt: at.UnixMilli(), From: 10, To: 10}})
	r, err := m.Receipt(t.Context(), transfer)
	if err != nil {
		t.Fatal(err)
	}
	r.Ledger, r.Block, r.Checkpoint.Signature = "fabric", w.block, nil
	w.receipt = r
}

// payload is what a peer responds when the checkpoint is taken: read was the
// lane's head.
func (w *world) payload(read string) []byte {
	field := func(b []byte, n protowire.Number, v []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), v)
	}
	number := func(b []byte, n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
	}
	key := field(field(nil, 1, []byte(read)), 2, number(nil, 1, w.block))
	set := field(field(nil, 1, []byte(w.chaincode)), 2, field(nil, 1, key))
	response := field(number(nil, 1, 200), 3, codec.EncodeResults(codec.Statement{Channel: w.channel, Checkpoint: &w.receipt.Checkpoint.Record, SignedAt: w.signedAt}, nil))
	action := field(field(nil, 1, field(nil, 2, set)), 3, response)
	action = field(action, 4, field(nil, 2, []byte(w.chaincode)))
	return field(field(nil, 1, []byte("hash")), 2, action)
}

const head = "l/00000000"

// signed returns the receipt with a payload signed by some.
func (w *world) signed(t *testing.T, payload []byte, by ...signer) ledger.Receipt {
	e := ledger.Endorsed{Payload: payload}
	for _, s := range by {
		e.By = append(e.By, s.endorse(t, payload))
	}
	r, c := w.receipt, *w.receipt.Checkpoint
	c.Endorsed = []ledger.Endorsed{e}
	r.Checkpoint = &c
	return r
}

func TestAReceiptIsAttestedByThePeersConcerned(t *testing.T) {
	w := newWorld(t)
	both := []signer{w.utility.signer(t, "peer"), w.sky.signer(t, "peer")}
	r := w.signed(t, w.payload(head), both...)
	if err := proof.Verify(&r, w.alliance); err != nil {
		t.Error(err)
	}
	last := "t/00000000/" + strings.Repeat("0", 15) + string("0123456789abcdef"[w.receipt.Checkpoint.Record.Last])
	late := w.signed(t, w.payload(last), both[1])
	r.Checkpoint.Endorsed[0].By = r.Checkpoint.Endorsed[0].By[:1]
	r.Checkpoint.Endorsed = append(r.Checkpoint.Endorsed, late.Checkpoint.Endorsed...)
	if err := proof.Verify(&r, w.alliance); err != nil {
		t.Errorf("signed later: %v", err)
	}
}

func TestASignatureOfAnybodyElseIsRefused(t *testing.T) {
	w := newWorld(t)
	utility, sky, mart := w.utility.signer(t, "peer"), w.sky.signer(t, "peer"), w.mart.signer(t, "peer")
	impostor := newCompany(t, "SkyMSP").signer(t, "peer")
	expired, key := w.sky.issue(t, "peer", at.AddDate(0, 0, -1))
	renamed := w.mart.signer(t, "peer")
	renamed.msp = "SkyMSP"
	for want, by := range map[string][]signer{
		"not endorsed by SkyMSP":      {utility},
		"whose points moved":          {utility, mart},
		"not endorsed by the utility": {sky, mart},
		"signed twice":                {utility, sky, sky},
		"not a peer":                  {utility, w.sky.signer(t, "client")},
		"unknown authority":           {utility, impostor},
		"signed by unknown":           {utility, renamed},
		"expired":                     {utility, {"SkyMSP", expired, key}},
		"not of the alliance":         {utility, sky, {"OtherMSP", sky.cert, sky.key}},
		"the utility UtilityMSP":      nil,
	} {
		r := w.signed(t, w.payload(head), by...)
		if err := proof.Verify(&r, w.alliance); !errors.Is(err, ledger.ErrReceiptInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// The ledger's time, which a sandbox moves, has no part in it.
func TestACertificateMustHaveBeenValidWhenItsKeySigned(t *testing.T) {
	for name, c := range map[string]struct {
		signed time.Time
		want   error
	}{
		"before it was":      {at.AddDate(-1, 0, -1), ledger.ErrReceiptInvalid},
		"when it began":      {at.AddDate(-1, 0, 1), nil},
		"shortly before end": {at.AddDate(1, 0, -1), nil},
		"after its end":      {at.AddDate(1, 0, 1), ledger.ErrReceiptInvalid},
	} {
		w := newWorld(t)
		w.signedAt = c.signed
		r := w.signed(t, w.payload(head), w.utility.signer(t, "peer"), w.sky.signer(t, "peer"))
		if err := proof.Verify(&r, w.alliance); !errors.Is(err, c.want) {
			t.Errorf("signed %s: %v, want %v", name, err, c.want)
		}
	}
}

func TestSomethingElseThatWasSignedIsRefused(t *testing.T) {
	for want, change := range map[string]func(*world){
		"channel \"other\"":    func(w *world) { w.channel = "other" },
		"chaincode \"other\"":  func(w *world) { w.chaincode = "other" },
		"in 10":                func(w *world) { w.block++ },
		"another checkpoint":   func(w *world) { w.receipt.Checkpoint.Record.Number++ },
		"is not known":         func(w *world) { w.alliance.Companies[1].Partners = nil },
		"want \"fabric\"":      func(w *world) { w.receipt.Ledger = "embedded" },
		"signed with a key":    func(w *world) { w.receipt.Checkpoint.Signature = &ledger.Signature{} },
		"checkpoint says":      func(w *world) { w.receipt.Provisional = true },
		"this program knows 1": func(w *world) { w.receipt.Version++ },
	} {
		w := newWorld(t)
		by := []signer{w.utility.signer(t, "peer"), w.sky.signer(t, "peer")}
		original := *w.receipt.Checkpoint
		change(w)
		payload := w.payload(head)
		if want == "another checkpoint" { // signed, but not what the receipt has
			w.receipt.Checkpoint = &original
		}
		r := w.signed(t, payload, by...)
		if err := proof.Verify(&r, w.alliance); !errors.Is(err, ledger.ErrReceiptInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAnIncompleteAllianceVerifiesNothing(t *testing.T) {
	for want, change := range map[string]func(*proof.Alliance){
		"channel":             func(a *proof.Alliance) { a.Channel = "" },
		"not among":           func(a *proof.Alliance) { a.Utility = "OtherMSP" },
		"no root certificate": func(a *proof.Alliance) { a.Companies[2].Roots = nil },
	} {
		w := newWorld(t)
		change(w.alliance)
		err := proof.Verify(&w.receipt, w.alliance)
		if err == nil || errors.Is(err, ledger.ErrReceiptInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAProvisionalReceiptSaysSo(t *testing.T) {
	w := newWorld(t)
	w.receipt.Checkpoint, w.receipt.Provisional = nil, true
	if err := proof.Verify(&w.receipt, w.alliance); !errors.Is(err, ledger.ErrReceiptProvisional) {
		t.Error(err)
	}
}

// The layout of the state is the contract's; a receipt relies on two keys of it.
func TestTheKeysAreThoseOfTheContract(t *testing.T) {
	store := ledgertest.NewStore()
	tx := store.Begin()
	if _, err := chaincode.Apply(chaincode.Tx{At: at.UnixMilli(), Caller: ledger.Identity{MSP: "U"}}, tx,
		[]ledger.Command{{ID: ledger.NewID(at, [10]byte{}), Body: &ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(at)}}}); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, w := range tx.Writes {
		keys = append(keys, w.Key)
	}
	for _, want := range []string{head, "t/00000000/0000000000000000"} {
		if !slices.Contains(keys, want) {
			t.Errorf("the first batch writes %v, not %s", keys, want)
		}
	}
}
