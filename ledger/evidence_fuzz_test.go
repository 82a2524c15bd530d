package ledger_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

// No signature over a body is believed but the one that its company made, and every
// other is refused with one of the two errors.
func FuzzEvidence(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	body := []byte(`{"source":"SKY"}`)
	encode := base64.RawURLEncoding.EncodeToString
	header := encode([]byte(`{"alg":"EdDSA","kid":"sky-2026","path":"/v1/conversions"}`))
	ours := header + ".." + encode(ed25519.Sign(key, []byte(header+"."+encode(body))))
	for _, seed := range []string{ours, header + "..", "..", ours + "=", encode([]byte(`{"alg":"none","kid":"k"}`)) + "..AA",
		encode([]byte(`{"alg":"EdDSA","kid":"k","crit":["b64"]}`)) + "..AA", encode([]byte(`{"alg":"ES256","kid":"sky-2026"}`)) + ".." + encode(make([]byte, 64))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, jws string) {
		e := ledger.Evidence{JWS: jws, Body: sha256.Sum256(body)}
		err := e.Verify(body, key.Public())
		switch {
		case err == nil && jws != ours:
			t.Errorf("%q is believed", jws)
		case err != nil && jws == ours:
			t.Errorf("ours is refused: %v", err)
		case err != nil && !errors.Is(err, ledger.ErrEvidenceMalformed) && !errors.Is(err, ledger.ErrEvidenceInvalid):
			t.Errorf("%q: %v", jws, err)
		}
	})
}
