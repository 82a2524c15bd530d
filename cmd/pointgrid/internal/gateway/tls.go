package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/config"
)

// accept serves what comes in, encrypted when the configuration has a certificate.
func (g *Gateway) accept(server *http.Server, l net.Listener) error {
	if server.TLSConfig == nil {
		return server.Serve(l)
	}
	return server.ServeTLS(l, "", "")
}

// cipherSuites are those of TLS 1.2 that FAPI 2.0 (section 5.2.1, by way of BCP 195)
// leaves. TLS 1.3 has none that would have to be left out.
var cipherSuites = [...]uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
}

// encryption is how TLS is spoken; nil when it is not. A client's certificate proves
// that it has the key and nothing else: tokens are bound to it, and who the client is
// its assertion says.
func encryption(c *config.TLS, pair *certificate) *tls.Config {
	if pair == nil {
		return nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: cipherSuites[:], GetCertificate: pair.get}
	if c.Certificates {
		t.ClientAuth = tls.RequestClientCert
	}
	return t
}

// certificate is the pair of certificate and key in two files, as they were last whole.
type certificate struct {
	files   config.TLS
	now     atomic.Pointer[tls.Certificate]
	changed [2]time.Time // of the files
}

// openCertificate reads the pair; nil when none is configured.
func openCertificate(c config.TLS) (*certificate, error) {
	if c.Cert == "" {
		return nil, nil
	}
	pair := &certificate{files: c}
	if _, err := pair.read(); err != nil {
		return nil, fmt.Errorf("configuration: tls: %w", err)
	}
	return pair, nil
}

func (p *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.now.Load(), nil }

var errReadable = errors.New("others may read the key; make its file 0600")

// read takes the files up if they have changed, and says whether they had.
func (p *certificate) read() (bool, error) {
	var changed [2]time.Time
	for i, path := range [2]string{p.files.Cert, p.files.Key} {
		info, err := os.Stat(path)
		if err != nil {
			return false, err
		}
		if changed[i] = info.ModTime(); path == p.files.Key && info.Mode().Perm()&0o077 != 0 {
			return false, &fs.PathError{Op: "read", Path: path, Err: errReadable}
		}
	}
	if changed == p.changed {
		return false, nil
	}
	pair, err := tls.LoadX509KeyPair(p.files.Cert, p.files.Key)
	if err != nil {
		return false, err
	}
	p.now.Store(&pair)
	p.changed = changed
	return true, nil
}

// certificateEvery is how late a renewed certificate is taken up.
const certificateEvery = 30 * time.Second

// renew takes a renewed certificate up. One that is not whole leaves the former in use.
func (p *certificate) renew(ctx context.Context, logger *slog.Logger) {
	switch changed, err := p.read(); {
	case err != nil:
		logger.ErrorContext(ctx, "the certificate could not be read again; the former stays in use", "error", err)
	case changed:
		logger.InfoContext(ctx, "the certificate was renewed")
	}
}
