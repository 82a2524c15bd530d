package sandbox

import (
	"time"

	"crypto/rand"
	"github.com/pointgrid/pointgrid/client"
	"os"
	"path/filepath"

	"github.com/pointgrid/pointgrid/partners"
)

// Key returns the key pair of an API client, made when it is not there yet, and
// the file of its public half.
func (s *Site) Key(client string) (partners.SigningKey, string, error) {
	dir := filepath.Dir(s.keyFile(client))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return partners.SigningKey{}, "", err
	}
	key, err := partners.LoadOrCreateSigningKey(s.keyFile(client), rand.Reader)
	if err != nil {
		return partners.SigningKey{}, "", err
	}
	set, err := partners.KeySet(key.Public())
	if err != nil {
		return partners.SigningKey{}, "", err
	}
	public := filepath.Join(dir, client+".jwks.json")
	return key, public, os.WriteFile(public, set, 0o644)
}

// keyFile is where a client's private key lies.
func (s *Site) keyFile(client string) string {
	return filepath.Join(s.Dir, "credentials", client+".pem")
}

// client makes an API client of the gateway at a URL, with its own key.
func (s *Site) client(url, id string, now func() time.Time) (*client.Client, error) {
	key, _, err := s.Key(id)
	if err != nil {
		return nil, err
	}
	return client.New(client.Options{BaseURL: url, ClientID: id, Key: key.Private, KeyID: key.ID, Now: now})
}
