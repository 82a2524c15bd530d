package cluster

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

// protocol is what two gateways agree on, in the handshake of TLS, to speak in
// frames; anything else on the same listener is HTTP.
const protocol = "pointgrid-cluster/1"

// keyMin is the least length, in bytes, of the secret that gateways share.
const keyMin = 32

var errStranger = errors.New("cluster: the other side does not have the key of this cluster")

// credentials are what a gateway shows to another: a certificate under the one key
// that all gateways derive from their shared secret. Both sides prove in the
// handshake of TLS 1.3 that they have it, and accept no other.
type credentials struct {
	certificate tls.Certificate
	public      ed25519.PublicKey
}

func newCredentials(secret []byte, random io.Reader) (*credentials, error) {
	if len(secret) < keyMin {
		return nil, fmt.Errorf("cluster: the key has %d bytes, needs at least %d", len(secret), keyMin)
	}
	seed, err := hkdf.Key(sha256.New, secret, nil, "pointgrid/cluster/v1", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	private := ed25519.NewKeyFromSeed(seed)
	public := private.Public().(ed25519.PublicKey)
	// Its dates and names are looked at by nobody: the key is what counts.
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(random, template, template, public, private)
	if err != nil {
		return nil, err
	}
	return &credentials{certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, public: public}, nil
}

// config is that of either side.
func (c *credentials) config(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: protocols, Certificates: []tls.Certificate{c.certificate},
		// No authority stands above these certificates; verify compares the key.
		InsecureSkipVerify: true, ClientAuth: tls.RequireAnyClientCert, VerifyConnection: c.verify,
		SessionTicketsDisabled: true,
	}
}

func (c *credentials) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errStranger
	}
	theirs, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok || !theirs.Equal(c.public) {
		return errStranger
	}
	return nil
}
