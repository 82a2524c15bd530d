package sandbox

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/shopspring/decimal"
)

// millionths reads a decimal constant of this package.
func millionths(s string) int64 {
	return decimal.RequireFromString(s).Shift(6).IntPart()
}

// makeKey writes a new Ed25519 key pair as NAME.pem and NAME.pub.pem, unless it
// is there already.
func makeKey(dir, name string) error {
	private, public := filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".pub.pem")
	if _, err := os.Stat(public); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return err
	}
	if err := writePEM(private, "PRIVATE KEY", der); err != nil {
		return err
	}
	if der, err = x509.MarshalPKIXPublicKey(pub); err != nil {
		return err
	}
	return writePEM(public, "PUBLIC KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// ReadKey reads a private key in PKCS #8 PEM.
func ReadKey(path string) (crypto.Signer, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s: want one PEM block of type PRIVATE KEY", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New(path + ": the key cannot sign")
	}
	return signer, nil
}
