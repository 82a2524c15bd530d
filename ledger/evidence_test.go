package ledger_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// signed signs a body with another implementation of the standard.
func signed(t *testing.T, algorithm jose.SignatureAlgorithm, key any, body []byte, header map[jose.HeaderKey]any) *ledger.Evidence {
	t.Helper()
	o := &jose.SignerOptions{ExtraHeaders: header}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	object, err := signer.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := object.DetachedCompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return &ledger.Evidence{JWS: compact, Body: sha256.Sum256(body)}
}

func TestEvidenceIsTheSignatureOfItsKeyOverItsBody(t *testing.T) {
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"amount":"3000"}`)
	kid := map[jose.HeaderKey]any{"kid": "k1"}
	byEd, byEC := signed(t, jose.EdDSA, ed, body, kid), signed(t, jose.ES256, ec, body, kid)
	for name, c := range map[string]struct {
		evidence *ledger.Evidence
		body     []byte
		key      any
		want     error
	}{
		"EdDSA":                             {byEd, body, public, nil},
		"ES256":                             {byEC, body, &ec.PublicKey, nil},
		"over another body":                 {byEd, []byte(`{"amount":"3001"}`), public, ledger.ErrEvidenceInvalid},
		"with the hash of another body":     {&ledger.Evidence{JWS: byEd.JWS, Body: sha256.Sum256([]byte("x"))}, []byte("x"), public, ledger.ErrEvidenceInvalid},
		"of another type of key":            {byEd, body, &ec.PublicKey, ledger.ErrEvidenceInvalid},
		"of no key":                         {byEd, body, nil, ledger.ErrEvidenceInvalid},
		"with a signature that was changed": {&ledger.Evidence{JWS: strings.Replace(byEC.JWS, "..", "..AAAA", 1), Body: byEC.Body}, body, &ec.PublicKey, ledger.ErrEvidenceInvalid},
		"with another algorithm's name":     {rewritten(byEd, `{"alg":"ES256","kid":"k1"}`), body, public, ledger.ErrEvidenceInvalid},
		"with no algorithm":                 {rewritten(byEd, `{"alg":"none","kid":"k1"}`), body, public, ledger.ErrEvidenceMalformed},
		"with a shared secret":              {rewritten(byEd, `{"alg":"HS256","kid":"k1"}`), body, public, ledger.ErrEvidenceMalformed},
		"that brings its own key":           {rewritten(byEd, `{"alg":"EdDSA","kid":"k1","jwk":{}}`), body, public, ledger.ErrEvidenceMalformed},
		"with something of its own":         {rewritten(byEd, `{"alg":"EdDSA","kid":"k1","sub":"M-000001"}`), body, public, ledger.ErrEvidenceMalformed},
		"with a critical parameter":         {rewritten(byEd, `{"alg":"EdDSA","kid":"k1","crit":["b64"],"b64":false}`), body, public, ledger.ErrEvidenceMalformed},
		"without a key's name":              {rewritten(byEd, `{"alg":"EdDSA"}`), body, public, ledger.ErrEvidenceMalformed},
		"without a header":                  {rewritten(byEd, `[]`), body, public, ledger.ErrEvidenceMalformed},
		"with its content":                  {&ledger.Evidence{JWS: strings.Replace(byEd.JWS, "..", ".e30.", 1), Body: byEd.Body}, body, public, ledger.ErrEvidenceMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.evidence.Verify(c.body, c.key); !errors.Is(err, c.want) {
				t.Errorf("verifying returned %v, want %v", err, c.want)
			}
		})
	}
}

// rewritten has another header and the signature as it was.
func rewritten(e *ledger.Evidence, header string) *ledger.Evidence {
	_, signature, _ := strings.Cut(e.JWS, "..")
	return &ledger.Evidence{JWS: base64.RawURLEncoding.EncodeToString([]byte(header)) + ".." + signature, Body: e.Body}
}

func TestOnlyWhatMovesPointsForACompanyCarriesEvidence(t *testing.T) {
	good := ledger.Evidence{JWS: "e30..AA", Body: ledger.Hash{1}}
	for _, body := range bodies() {
		err := ledger.Command{ID: someID, Body: body, Evidence: &good}.Validate()
		carries := err == nil || !strings.Contains(err.Error(), "carries no evidence")
		switch body.Kind() {
		case ledger.KindConvertIn, ledger.KindConvertOut, ledger.KindCrossConvert, ledger.KindHold, ledger.KindPost, ledger.KindReverse:
			if !carries {
				t.Errorf("a %s: %v", body.Kind(), err)
			}
		default:
			if carries {
				t.Errorf("a %s carries evidence: %v", body.Kind(), err)
			}
		}
	}
	for name, e := range map[string]ledger.Evidence{
		"too long":        {JWS: "e30.." + strings.Repeat("A", ledger.EvidenceMax), Body: good.Body},
		"not detached":    {JWS: "e30.e30.AA", Body: good.Body},
		"not base64url":   {JWS: "e30..A+", Body: good.Body},
		"empty":           {Body: good.Body},
		"of no body":      {JWS: good.JWS},
		"of three dots":   {JWS: "e30...AA", Body: good.Body},
		"without its end": {JWS: "e30..", Body: good.Body},
	} {
		if e.Validate() == nil {
			t.Errorf("one that is %s is valid", name)
		}
	}
}

// What was written before there was evidence must keep its bytes, or digests and
// receipts of old would no longer hold.
func TestWithoutEvidenceEncodingsAreAsTheyWere(t *testing.T) {
	leg := ledger.LegTerms{Partner: "sky", Agreement: someID, LockedAt: 5, From: 30, To: 10}
	e := wire.NewEncoder(nil)
	ledger.Command{ID: someID, Body: &ledger.ConvertIn{Account: ledger.Account{1}, Leg: leg, Reference: "r"}}.Append(e)
	if e.Bytes()[16] != byte(ledger.KindConvertIn) || e.Bytes()[len(e.Bytes())-1] != 'r' {
		t.Errorf("a command is encoded as %s", hex.EncodeToString(e.Bytes()))
	}
	plain, with := wire.NewEncoder(nil), wire.NewEncoder(nil)
	transfer := ledger.Transfer{ID: someID, Kind: ledger.KindConvertIn, Amount: 30}
	transfer.Append(plain)
	transfer.Evidence = &ledger.Evidence{JWS: "e30..AA", Body: ledger.Hash{1}}
	transfer.Append(with)
	if want := len(plain.Bytes()) + 1 + len("e30..AA") + 32; len(with.Bytes()) != want || plain.Bytes()[16] != byte(ledger.KindConvertIn) {
		t.Errorf("%d bytes with evidence, want %d", len(with.Bytes()), want)
	}
}
