package client_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pointgrid/pointgrid/client"
)

// A request that moves points carries a signature that another implementation of
// the standard verifies over the body that was sent; others carry none.
func TestRequestsThatMovePointsAreSigned(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []crypto.Signer{ed, ec} {
		verified := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			signature := r.Header.Get("PointGrid-Signature")
			switch r.URL.Path {
			case "/oauth2/token":
				_, _ = io.WriteString(w, `{"access_token":"t","expires_in":300}`)
				return
			case "/v1/quotes":
				if signature != "" {
					t.Error("a quote is signed")
				}
			default:
				object, err := jose.ParseDetached(signature, body, []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256})
				if err != nil {
					t.Error(err)
					break
				}
				if err := object.DetachedVerify(body, key.Public()); err != nil {
					t.Error(err)
				}
				extra := object.Signatures[0].Protected.ExtraHeaders
				if extra["path"] != r.URL.Path || r.Header.Get("Idempotency-Key") != "" && extra["idempotency_key_sha256"] != "glTDKakoUPbVOd03b0gW7idkUX2l4CNVFK9DMWRIDXo" {
					t.Errorf("protected %v", extra)
				}
				verified++
			}
			_, _ = io.WriteString(w, "{}")
		}))
		c, err := client.New(client.Options{BaseURL: server.URL, ClientID: "sky-app", Key: key, SignRequests: true, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []client.Request{{Method: "POST", Path: "/v1/conversions", Body: map[string]string{"amount": "30"}, Key: "k"},
			{Method: "POST", Path: "/v1/conversions/x/reversals", Body: []byte(`{ "amount": "30" }`), Key: "k"},
			{Method: "POST", Path: "/v1/conversions/batch", Body: []byte(`{}`)}, {Method: "POST", Path: "/v1/quotes", Body: []byte(`{}`)}} {
			if _, err := c.Do(context.Background(), r, nil); err != nil {
				t.Error(err)
			}
		}
		if verified != 3 {
			t.Errorf("%d were signed", verified)
		}
		server.Close()
	}
}

func TestAKeyThatCannotSignRequestsIsRefused(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.New(client.Options{BaseURL: "http://127.0.0.1", ClientID: "a", Key: key, SignRequests: true, Now: time.Now}); err == nil {
		t.Error("an RSA key signs requests")
	}
}
