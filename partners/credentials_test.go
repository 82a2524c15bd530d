package partners_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/partners"
)

func TestASigningKeyIsMadeOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signing.pem")
	first, err := partners.LoadOrCreateSigningKey(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	second, err := partners.LoadOrCreateSigningKey(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if first.ID != second.ID || !first.Private.Equal(second.Private) {
		t.Error("the second start has another key")
	}
	public := first.Public()
	if err := public.Check(); err != nil {
		t.Error(err)
	}
	if id, err := partners.Thumbprint(public.Public); err != nil || id != first.ID {
		t.Errorf("ID %s is not the thumbprint %s (%v)", first.ID, id, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left %v behind, %v", entries, err)
	}
}

func TestProgramsThatStartTogetherShareOneSigningKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signing.pem")
	ids := make([]string, 8)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			key, err := partners.LoadOrCreateSigningKey(path, rand.Reader)
			if err != nil {
				t.Error(err)
			}
			ids[i] = key.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("two keys: %v", ids)
		}
	}
}

func TestASigningKeyFileIsRefused(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		content []byte
		mode    os.FileMode
		want    string
	}{
		"that others may read":     {nil, 0o644, "mode 0644"},
		"that is empty":            {nil, 0o600, "must be PEM"},
		"that is not PKCS #8":      {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), 0o600, "not PKCS #8"},
		"with a key of other type": {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600, "must be Ed25519"},
		"that is too long":         {bytes.Repeat([]byte("x"), 17<<10), 0o600, "more than"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "signing.pem")
			if err := os.WriteFile(path, c.content, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := partners.LoadOrCreateSigningKey(path, rand.Reader)
			refused(t, err, c.want)
		})
	}
}

func TestLoadingASigningKeyThatIsNotThereSaysSo(t *testing.T) {
	_, err := partners.LoadSigningKey(filepath.Join(t.TempDir(), "signing.pem"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestASigningKeyIsNotMadeWithoutRandomness(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signing.pem")
	if _, err := partners.LoadOrCreateSigningKey(path, bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("made a key from 31 bytes")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left a file: %v", err)
	}
}
