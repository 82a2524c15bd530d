package partners_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/pointgrid/pointgrid/partners"
)

func pemOf(t *testing.T, public crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func pairs(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	_, ed, err1 := ed25519.GenerateKey(rand.Reader)
	ec, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rs, err3 := rsa.GenerateKey(rand.Reader, 2048)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	return map[string]crypto.Signer{"EdDSA": ed, "ES256": ec, "RS256": rs}
}

func TestKeysInPEMGetTheirAlgorithmAndThumbprint(t *testing.T) {
	for algorithm, pair := range pairs(t) {
		keys, err := partners.ParseKeys([]byte("\n" + pemOf(t, pair.Public())))
		if err != nil {
			t.Fatal(err)
		}
		id, err := partners.Thumbprint(pair.Public())
		if err != nil {
			t.Fatal(err)
		}
		if len(keys) != 1 || keys[0].Algorithm != algorithm || keys[0].ID != id {
			t.Errorf("%s: got %+v, want ID %s", algorithm, keys, id)
		}
	}
}

func TestAPublishedKeySetReadsBackAsItWas(t *testing.T) {
	var keys []partners.Key
	for algorithm, pair := range pairs(t) {
		keys = append(keys, partners.Key{ID: "key-" + algorithm, Algorithm: algorithm, Public: pair.Public()})
	}
	set, err := partners.KeySet(keys...)
	if err != nil {
		t.Fatal(err)
	}
	back, err := partners.ParseKeys(set)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range back {
		if k.ID != keys[i].ID || k.Algorithm != keys[i].Algorithm || !k.Public.(interface{ Equal(crypto.PublicKey) bool }).Equal(keys[i].Public) {
			t.Errorf("key %d came back as %+v", i, k)
		}
	}
}

// RFC 8037, appendix A.3.
func TestThumbprintIsThatOfTheStandardsExample(t *testing.T) {
	keys, err := partners.ParseKeys([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; keys[0].ID != want {
		t.Errorf("thumbprint %s, want %s", keys[0].ID, want)
	}
}

func TestKeysForEncryptionAreSkipped(t *testing.T) {
	keys, err := partners.ParseKeys([]byte(`{"keys":[
		{"kty":"OKP","crv":"Ed25519","use":"enc","kid":"e","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
		{"kty":"OKP","crv":"Ed25519","use":"sig","kid":"s","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	if err != nil || len(keys) != 1 || keys[0].ID != "s" {
		t.Errorf("got %+v, %v", keys, err)
	}
}

func TestKeysAreRefused(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: ed, KeyID: "p"}}})
	if err != nil {
		t.Fatal(err)
	}
	symmetric, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: []byte("secret-secret-secret-secret-1234"), KeyID: "s"}}})
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ data, want string }{
		"that are empty":               {"", "neither PEM nor"},
		"of an empty set":              {`{"keys":[]}`, "found 0 keys"},
		"that are private, as JWK":     {string(private), "not a public key"},
		"that are symmetric":           {string(symmetric), "not a public key"},
		"that are private, as PEM":     {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "must be a PUBLIC KEY"},
		"whose PEM is followed by":     {pemOf(t, ed.Public()) + "x", "something follows"},
		"whose PEM is cut":             {pemOf(t, ed.Public())[:60], "damaged"},
		"whose PEM is not PKIX":        {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "public key 1"},
		"with another algorithm":       {`{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"HS256","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`, "algorithm is"},
		"of an unknown type":           {`{"keys":[{"kty":"new"}]}`, "key 1"},
		"that are more than there may": {`{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},`, 17), ",") + `]}`, "found 17 keys"},
		"that are too long":            {strings.Repeat(" ", 65<<10), "at most"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := partners.ParseKeys([]byte(c.data))
			refused(t, err, c.want)
		})
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := partners.ParseKeys(data)
		if err != nil {
			return
		}
		for _, k := range keys {
			if err := k.Check(); err != nil {
				t.Errorf("returned a key that does not hold: %v", err)
			}
		}
	})
}
