package gateway

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pointgrid/pointgrid/partners"
)

// Home is the data folder of a gateway.
type Home string

// Ledger is the folder of the embedded ledger.
func (h Home) Ledger() string { return filepath.Join(string(h), "ledger") }

// Database is the file of the operational state.
func (h Home) Database() string { return filepath.Join(string(h), "pointgrid.db") }

// Statements is the folder of the settlement statements.
func (h Home) Statements() string { return filepath.Join(string(h), "statements") }

// Files is the folder of the files whose lines are converted.
func (h Home) Files() string { return filepath.Join(string(h), "files") }

// Received is the folder of the statements that partners sent.
func (h Home) Received() string { return filepath.Join(string(h), "received") }

// Reconciled is the folder of what one run of reconciliation keeps for the next.
func (h Home) Reconciled() string { return filepath.Join(string(h), "reconciled") }

// Keys is the folder of the keys.
func (h Home) Keys() string { return filepath.Join(string(h), "keys") }

// Restoring is a file that is there while a backup is being restored into the home.
func (h Home) Restoring() string { return filepath.Join(string(h), "restoring") }

// Whole refuses a home into which a backup is being restored, or was until that was
// interrupted.
func (h Home) Whole() error {
	_, err := os.Stat(h.Restoring())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("a backup is being restored into %s, or that was interrupted: let it end, or empty the folder and restore again", h)
	}
	return err
}

// PublicKeys is a copy of what /.well-known/jwks.json serves, for `verify`.
func (h Home) PublicKeys() string { return filepath.Join(h.Keys(), "jwks.json") }

// Carried is a file that is there once the embedded ledger was carried over to
// another home: it must not go on.
func (h Home) Carried() string { return filepath.Join(string(h), "ledger.carried") }

func (h Home) signingKeyFile() string { return filepath.Join(h.Keys(), "signing.pem") }
func (h Home) accountKeyFile() string { return filepath.Join(h.Keys(), "account.key") }
func (h Home) webhookKeyFile() string { return filepath.Join(h.Keys(), "webhooks.key") }
func (h Home) codeKeyFile() string    { return filepath.Join(h.Keys(), "codes.key") }

// SigningKey reads the gateway's key, or makes it in a new home, and keeps its
// public half beside it.
func (h Home) SigningKey(random io.Reader) (partners.SigningKey, error) {
	if err := os.MkdirAll(filepath.Dir(h.signingKeyFile()), 0o700); err != nil {
		return partners.SigningKey{}, err
	}
	key, err := partners.LoadOrCreateSigningKey(h.signingKeyFile(), random)
	if err != nil {
		return partners.SigningKey{}, err
	}
	set, err := partners.KeySet(key.Public())
	if err != nil {
		return partners.SigningKey{}, err
	}
	return key, os.WriteFile(h.PublicKeys(), set, 0o644)
}

// secretKeyBytes is the length of the keys that are kept as hexadecimal digits.
const secretKeyBytes = 32

// AccountKey reads the key under which members become accounts, or makes it in a
// new home. Whoever has it and the table of members can link accounts to members; who
// loses it cannot take new members in under it any more.
func (h Home) AccountKey(random io.Reader) ([]byte, error) {
	return secretKey(h.accountKeyFile(), random)
}

// WebhookKey reads the key that seals webhook secrets in the database, or makes
// it in a new home. Who loses it must have every endpoint made anew.
func (h Home) WebhookKey(random io.Reader) ([]byte, error) {
	return secretKey(h.webhookKeyFile(), random)
}

// CodeKey reads the key that seals the mall's voucher codes in the database, or
// makes it in a new home. Who loses it has lost the codes that were not given yet.
func (h Home) CodeKey(random io.Reader) ([]byte, error) {
	return secretKey(h.codeKeyFile(), random)
}

func secretKey(path string, random io.Reader) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecretKey(path, random)
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(key) != secretKeyBytes {
		return nil, fmt.Errorf("%s: want %d hexadecimal digits", path, 2*secretKeyBytes)
	}
	return key, nil
}

func makeSecretKey(path string, random io.Reader) ([]byte, error) {
	key := make([]byte, secretKeyBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	return key, errors.Join(err, f.Sync(), f.Close())
}
