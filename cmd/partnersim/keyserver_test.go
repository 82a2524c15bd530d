package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// newKeyServer serves a key set with one key and returns its address.
func newKeyServer(t *testing.T, id string, key ed25519.PrivateKey) string {
	t.Helper()
	x := base64.RawURLEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","use":"sig","kid":%q,"x":%q}]}`, id, x)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/.well-known/jwks.json"
}
