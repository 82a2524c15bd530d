package partners

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// SigningKey is the gateway's own key. The same one signs access tokens, the
// checkpoints of the embedded ledger and the requests to partners' connectors,
// so that one published key set serves all who verify.
type SigningKey struct {
	ID      string // its thumbprint, RFC 7638
	Private ed25519.PrivateKey
}

// Public returns the public half, as it is published.
func (k SigningKey) Public() Key {
	return Key{ID: k.ID, Algorithm: algEdDSA, Public: k.Private.Public()}
}

const (
	pemPrivateKey = "PRIVATE KEY"
	privateMode   = 0o600
	privateBytes  = 16 << 10
)

// LoadOrCreateSigningKey reads the key in the file at path, PKCS #8 in PEM. If
// there is no such file it makes a key from random and writes it, readable by
// the owner only; of several programs that start at once one writes, and all
// return its key. A file that others may read is refused.
func LoadOrCreateSigningKey(path string, random io.Reader) (SigningKey, error) {
	key, err := LoadSigningKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createSigningKey(path, random); err != nil && !errors.Is(err, fs.ErrExist) {
		return SigningKey{}, fmt.Errorf("partners: create signing key: %w", err)
	}
	return LoadSigningKey(path)
}

// LoadSigningKey reads a signing key as [LoadOrCreateSigningKey] does. The error
// wraps [fs.ErrNotExist] if there is none.
func LoadSigningKey(path string) (SigningKey, error) {
	data, err := readPrivate(path)
	if err != nil {
		return SigningKey{}, fmt.Errorf("partners: signing key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != pemPrivateKey {
		return SigningKey{}, fmt.Errorf("partners: signing key %s: must be PEM with one %s block (PKCS #8)", path, pemPrivateKey)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return SigningKey{}, fmt.Errorf("partners: signing key %s: not PKCS #8", path) // the cause could quote the key
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return SigningKey{}, fmt.Errorf("partners: signing key %s: is a %T, must be Ed25519", path, parsed)
	}
	id, err := Thumbprint(private.Public())
	return SigningKey{ID: id, Private: private}, err
}

func readPrivate(path string) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o and others may read or write it; make it %04o", path, info.Mode().Perm(), privateMode)
	}
	data, err = io.ReadAll(io.LimitReader(f, privateBytes+1))
	if err == nil && len(data) > privateBytes {
		err = fmt.Errorf("%s has more than %d bytes", path, privateBytes)
	}
	return data, err
}

// createSigningKey writes a whole file under another name and links it into
// place: nobody ever sees half a key, and a key that is there is never replaced.
func createSigningKey(path string, random io.Reader) error {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return fmt.Errorf("read randomness: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	err = pem.Encode(f, &pem.Block{Type: pemPrivateKey, Bytes: der})
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if err = errors.Join(err, os.Remove(f.Name())); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
