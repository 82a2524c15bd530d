package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
)

// issue writes a certificate with a number, and its key.
func issue(t *testing.T, c *config.TLS, number int64, at time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(number), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{c.Cert: {Type: "CERTIFICATE", Bytes: der}, c.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// listening serves as a gateway with a certificate does, and says whether a client's
// certificate was seen.
func listening(t *testing.T, c config.TLS) (pair *certificate, address string) {
	t.Helper()
	pair, err := openCertificate(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{TLSConfig: encryption(&c, pair), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			w.WriteHeader(http.StatusAccepted)
		}
	})}
	go func() { _ = (&Gateway{}).accept(server, l) }()
	t.Cleanup(func() { _ = server.Close() })
	return pair, l.Addr().String()
}

func tlsFiles(t *testing.T) *config.TLS {
	dir := t.TempDir()
	return &config.TLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), Certificates: true}
}

func serial(t *testing.T, address string, c *tls.Config) (int64, error) {
	t.Helper()
	c.InsecureSkipVerify = true //nolint:gosec // the certificate is made for the test
	conn, err := tls.Dial("tcp", address, c)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func TestTheGatewaySpeaksNoOldTLSAndNoWeakCipher(t *testing.T) {
	c := tlsFiles(t)
	issue(t, c, 1, time.Now())
	_, address := listening(t, *c)
	for name, offer := range map[string]struct {
		c    *tls.Config
		good bool
	}{
		"TLS 1.3":              {&tls.Config{MinVersion: tls.VersionTLS13}, true},
		"TLS 1.2 with GCM":     {&tls.Config{MaxVersion: tls.VersionTLS12}, true},
		"TLS 1.1":              {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		"TLS 1.2 with CBC":     {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, false},
		"TLS 1.2 with ChaCha":  {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}}, false},
		"TLS 1.2 without ECDH": {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}, false},
	} {
		if _, err := serial(t, address, offer.c); (err == nil) != offer.good {
			t.Errorf("%s: error %v, want spoken: %v", name, err, offer.good)
		}
	}
	answer, err := http.Get("http://" + address)
	if err == nil {
		_ = answer.Body.Close()
	}
	if err == nil && answer.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS the answer is %d", answer.StatusCode)
	}
}

func TestAClientsCertificateIsSeen(t *testing.T) {
	c := tlsFiles(t)
	issue(t, c, 1, time.Now())
	_, address := listening(t, *c)
	own, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	for want, shown := range map[int][]tls.Certificate{http.StatusOK: nil, http.StatusAccepted: {own}} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: shown}}} //nolint:gosec // made for the test
		answer, err := client.Get("https://" + address)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("with %d certificates: %d, want %d", len(shown), answer.StatusCode, want)
		}
	}
}

func TestARenewedCertificateIsTakenUpAndABrokenOneIsNot(t *testing.T) {
	c, quiet := tlsFiles(t), slog.New(slog.DiscardHandler)
	issue(t, c, 1, time.Now().Add(-time.Hour))
	pair, address := listening(t, *c)
	for _, step := range []struct {
		change func()
		want   int64
	}{
		{func() {}, 1},
		{func() { issue(t, c, 2, time.Now().Add(-time.Minute)) }, 2},
		{func() {
			if err := os.WriteFile(c.Key, []byte("half a"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, 2},
		{func() { issue(t, c, 3, time.Now()) }, 3},
	} {
		step.change()
		pair.renew(t.Context(), quiet)
		if got, err := serial(t, address, &tls.Config{}); err != nil || got != step.want { //nolint:gosec // made for the test
			t.Errorf("certificate %d, %v; want %d", got, err, step.want)
		}
	}
	if err := os.Chmod(c.Key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openCertificate(*c); err == nil {
		t.Error("a key that others may read is taken")
	}
}
