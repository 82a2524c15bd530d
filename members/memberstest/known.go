package memberstest

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/members"
)

// Known are members of whom a test knows the account beforehand: as those of earlier
// releases they have no salt, whoever they are.
type Known struct {
	key []byte
	mu  sync.Mutex
	by  map[ledger.Account]string
}

// NewKnown returns members with accounts under a key of at least 32 bytes.
func NewKnown(key []byte) *Known { return &Known{key: key, by: map[ledger.Account]string{}} }

// Account is as that of a [members.Registry].
func (k *Known) Account(_ context.Context, number string) (ledger.Account, error) {
	account, err := members.Derive(k.key, nil, number)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.by[account] = number
	return account, err
}

// Register is as that of a [members.Registry].
func (k *Known) Register(ctx context.Context, numbers []string) ([]members.Member, error) {
	all := make([]members.Member, len(numbers))
	for i, n := range numbers {
		account, err := k.Account(ctx, n)
		if err != nil {
			return nil, err
		}
		all[i] = members.Member{Number: n, Account: account, RegisteredAt: 1}
	}
	return all, nil
}

// Accounts is as that of a [members.Registry].
func (k *Known) Accounts(ctx context.Context, numbers []string) (map[string]ledger.Account, error) {
	all := map[string]ledger.Account{}
	for _, n := range numbers {
		account, err := k.Account(ctx, n)
		if err != nil {
			return nil, err
		}
		all[n] = account
	}
	return all, nil
}

// Numbers is as that of a [members.Registry].
func (k *Known) Numbers(_ context.Context, accounts []ledger.Account) (map[ledger.Account]string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := map[ledger.Account]string{}
	for _, a := range accounts {
		if n, ok := k.by[a]; ok {
			all[a] = n
		}
	}
	return all, nil
}

// Number is as that of a [members.Registry].
func (k *Known) Number(_ context.Context, account ledger.Account) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n, ok := k.by[account]; ok {
		return n, nil
	}
	return "", members.ErrNotFound
}

// NewRegistry returns a registry over an empty store in memory.
func NewRegistry() (*members.Registry, error) {
	return members.Open(context.Background(), members.RegistryOptions{Store: NewMemory(), Key: make([]byte, 32), Random: rand.Reader, Now: time.Now})
}
