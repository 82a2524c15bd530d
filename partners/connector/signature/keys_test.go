package signature_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector/signature"
)

func keySet(entries map[string]ed25519.PublicKey) string {
	var b strings.Builder
	b.WriteString(`{"keys":[{"kty":"EC","crv":"P-256","kid":"other","x":"AA","y":"AA"}`)
	for id, key := range entries {
		fmt.Fprintf(&b, `,{"kty":"OKP","crv":"Ed25519","kid":%q,"use":"sig","x":%q}`, id, base64.RawURLEncoding.EncodeToString(key))
	}
	return b.String() + `]}`
}

func publicKey(t testing.TB) ed25519.PublicKey {
	t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func TestAKeySetIsReadAndKeysOfOtherKindsAreSkipped(t *testing.T) {
	key := publicKey(t)
	keys, err := signature.ParseKeySet([]byte(keySet(map[string]ed25519.PublicKey{"a": key})))
	if err != nil || len(keys) != 1 || !keys["a"].Equal(key) {
		t.Fatalf("got %v, %v", keys, err)
	}
}

func TestABadKeySetIsRefused(t *testing.T) {
	key := base64.RawURLEncoding.EncodeToString(publicKey(t))
	one := `{"kty":"OKP","crv":"Ed25519","kid":"a","x":"` + key + `"}`
	for name, text := range map[string]string{
		"no JSON":        `keys`,
		"a short key":    `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AAAA"}]}`,
		"one ID twice":   `{"keys":[` + one + `,` + one + `]}`,
		"too many keys":  `{"keys":[` + strings.Repeat(one+",", 64) + one + `]}`,
		"nothing usable": `{"keys":[]}`,
	} {
		if _, err := signature.ParseKeyFile([]byte(text), ""); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestAKeyInPEMGetsTheGivenIDOrItsThumbprint(t *testing.T) {
	key := publicKey(t)
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	for given, want := range map[string]string{"mine": "mine", "": signature.Thumbprint(key)} {
		keys, err := signature.ParseKeyFile(file, given)
		if err != nil || !keys[want].Equal(key) {
			t.Errorf("given %q: got %v, %v; want key under %q", given, keys, err, want)
		}
	}
}

// The key and thumbprint of RFC 8037, appendix A.3.
func TestTheThumbprintIsThatOfTheStandard(t *testing.T) {
	x, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	if got := signature.Thumbprint(x); got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Fatal(got)
	}
}

// jwksServer serves a key set that a test can change or break.
type jwksServer struct {
	*httptest.Server
	mu      sync.Mutex
	body    string
	status  int
	fetches atomic.Int64
}

func newJWKSServer(t *testing.T) *jwksServer {
	s := &jwksServer{status: http.StatusOK}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.fetches.Add(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		w.WriteHeader(s.status)
		if _, err := w.Write([]byte(s.body)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *jwksServer) set(status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
}

func remoteKeys(t *testing.T, url string, now *atomic.Int64) *signature.RemoteKeys {
	t.Helper()
	keys, err := signature.NewRemoteKeys(signature.RemoteKeysOptions{
		URL: url, Client: http.DefaultClient, Logger: slog.New(slog.DiscardHandler),
		Clock: func() time.Time { return time.Unix(now.Load(), 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestRemoteKeysAreFetchedOnceAndKept(t *testing.T) {
	server, key := newJWKSServer(t), publicKey(t)
	server.set(200, keySet(map[string]ed25519.PublicKey{"a": key}))
	var now atomic.Int64
	now.Store(1_000_000)
	keys := remoteKeys(t, server.URL, &now)
	for range 100 {
		if got, err := keys.Key(t.Context(), "a"); err != nil || !got.Equal(key) {
			t.Fatalf("got %v, %v", got, err)
		}
	}
	if n := server.fetches.Load(); n != 1 {
		t.Fatalf("%d fetches, want 1", n)
	}
}

func TestUnknownIDsCauseAtMostOneFetchInFiveSeconds(t *testing.T) {
	server, key := newJWKSServer(t), publicKey(t)
	server.set(200, keySet(nil))
	var now atomic.Int64
	now.Store(1_000_000)
	keys := remoteKeys(t, server.URL, &now)
	for i := range 50 {
		if _, err := keys.Key(t.Context(), fmt.Sprint("x", i)); !errors.Is(err, signature.ErrUnknownKey) {
			t.Fatalf("got %v, want ErrUnknownKey", err)
		}
	}
	if n := server.fetches.Load(); n != 1 {
		t.Fatalf("%d fetches, want 1", n)
	}
	server.set(200, keySet(map[string]ed25519.PublicKey{"new": key}))
	now.Add(5)
	if got, err := keys.Key(t.Context(), "new"); err != nil || !got.Equal(key) {
		t.Fatalf("a rotated key is not found: %v, %v", got, err)
	}
}

func TestOldKeysKeepWorkingWhileTheGatewayCannotBeReached(t *testing.T) {
	server, key := newJWKSServer(t), publicKey(t)
	server.set(200, keySet(map[string]ed25519.PublicKey{"a": key}))
	var now atomic.Int64
	now.Store(1_000_000)
	keys := remoteKeys(t, server.URL, &now)
	if _, err := keys.Key(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	server.set(500, "")
	now.Add(3600)
	if got, err := keys.Key(t.Context(), "a"); err != nil || !got.Equal(key) {
		t.Fatalf("got %v, %v", got, err)
	}
	if _, err := keys.Key(t.Context(), "b"); err == nil || errors.Is(err, signature.ErrUnknownKey) {
		t.Fatalf("got %v, want an error that does not claim to know", err)
	}
}

func TestAKeySetThatIsTooLargeIsRefused(t *testing.T) {
	server := newJWKSServer(t)
	server.set(200, `{"keys":[]}`+strings.Repeat(" ", 70_000))
	var now atomic.Int64
	now.Store(1_000_000)
	if _, err := remoteKeys(t, server.URL, &now).Key(t.Context(), "a"); err == nil || errors.Is(err, signature.ErrUnknownKey) {
		t.Fatalf("got %v, want a refusal of the set", err)
	}
}
