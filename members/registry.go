package members

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/pointgrid/pointgrid/ledger"
)

// accountsCached bounds the accounts that are kept in memory; one takes some 150 bytes.
const accountsCached = 100_000

// unknownPage is how many members without an account are completed at a time.
const unknownPage = 500

// RegistryOptions configure a [Registry]; all are required.
type RegistryOptions struct {
	Store  Store
	Key    []byte // of accounts, at least 32 bytes
	Random io.Reader
	Now    func() time.Time // the alliance's clock
}

// Registry knows members' accounts. Its methods may be called from many goroutines.
type Registry struct {
	o      RegistryOptions
	cache  *otter.Cache[string, ledger.Account]
	random sync.Mutex

	// fence has the numbers of those who are being erased; nil while there are none.
	fence   atomic.Pointer[map[string]bool]
	fencing sync.Mutex
	// foreign has those of the fence that another gateway is erasing.
	foreign    map[string]bool
	refreshing sync.Mutex
}

// Open returns a registry, once the accounts of members of earlier releases are worked
// out and those who are being erased are shut out.
func Open(ctx context.Context, o RegistryOptions) (*Registry, error) {
	if o.Store == nil || o.Random == nil || o.Now == nil {
		return nil, errors.New("members: store, randomness and clock are required")
	}
	if len(o.Key) < keyMin {
		return nil, fmt.Errorf("members: account key has %d bytes, needs at least %d", len(o.Key), keyMin)
	}
	r := &Registry{o: o, cache: otter.Must(&otter.Options[string, ledger.Account]{MaximumSize: accountsCached})}
	if err := r.complete(ctx); err != nil {
		return nil, err
	}
	return r, r.shutOut(ctx)
}

// complete works out the accounts of those whom a migration found by their number only,
// because a database does not have the key.
func (r *Registry) complete(ctx context.Context) error {
	for {
		page, err := r.o.Store.Unknown(ctx, unknownPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, m := range page {
			account, err := Derive(r.o.Key, m.Salt, m.Number)
			if err != nil {
				return err
			}
			if err := r.o.Store.SetAccount(ctx, m.Number, account); err != nil {
				return fmt.Errorf("members: account of an earlier release: %w", err)
			}
		}
	}
}

// Refresh shuts out those whom another gateway of a cluster is erasing, and lets those
// in who are not erased after all. A gateway that erases nobody itself calls it at least
// every second: an erasure waits longer than that before it forgets anything, so that
// no account is in anybody's memory by then.
func (r *Registry) Refresh(ctx context.Context) error {
	r.refreshing.Lock()
	defer r.refreshing.Unlock()
	now, err := r.beingErased(ctx)
	if err != nil {
		return err
	}
	for number := range now {
		r.shut(number)
	}
	for number := range r.foreign {
		if !now[number] {
			r.open(number)
		}
	}
	r.foreign = now
	return nil
}

func (r *Registry) beingErased(ctx context.Context) (map[string]bool, error) {
	all, err := r.o.Store.UnfinishedErasures(ctx)
	numbers := make(map[string]bool, len(all))
	for _, e := range all {
		m, err := r.o.Store.MemberWith(ctx, e.Account)
		if errors.Is(err, ErrNotFound) {
			continue // it ended at this moment
		}
		if err != nil {
			return nil, fmt.Errorf("members: erasure %s: %w", e.ID, err)
		}
		numbers[m.Number] = true
	}
	return numbers, err
}

func (r *Registry) shutOut(ctx context.Context) error {
	all, err := r.o.Store.UnfinishedErasures(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		m, err := r.o.Store.MemberWith(ctx, e.Account)
		if err != nil {
			return fmt.Errorf("members: erasure %s: %w", e.ID, err)
		}
		r.shut(m.Number)
	}
	return nil
}

// Account returns the account of a member. Somebody new is taken in. It returns
// [ErrErasing], and [ErrNumber] when that cannot be a number.
func (r *Registry) Account(ctx context.Context, number string) (ledger.Account, error) {
	if fence := r.fence.Load(); fence != nil && (*fence)[number] {
		return ledger.Account{}, ErrErasing
	}
	if account, ok := r.cache.GetIfPresent(number); ok {
		return account, nil
	}
	found, err := r.Register(ctx, []string{number})
	if err != nil {
		return ledger.Account{}, err
	}
	return found[0].Account, nil
}

// Register takes members in who are not there yet, and returns all of them in the order
// of the numbers. Of two that take the same one in at once, both get the same member.
// Errors are those of [Registry.Account]; then nobody was taken in.
func (r *Registry) Register(ctx context.Context, numbers []string) ([]Member, error) {
	for i, n := range numbers {
		if n == "" || len(n) > numberMax || Erased(n) {
			return nil, fmt.Errorf("%w: the %d. of those given", ErrNumber, i+1)
		}
		if r.shutFor(n) {
			return nil, ErrErasing
		}
	}
	known, err := r.known(ctx, numbers)
	if err != nil {
		return nil, err
	}
	if len(known) < len(numbers) {
		if known, err = r.takeIn(ctx, numbers, known); err != nil {
			return nil, err
		}
	}
	all := make([]Member, len(numbers))
	for i, n := range numbers {
		m := known[n]
		if m == nil {
			return nil, ErrChanged // erased at this moment
		}
		all[i] = *m
		r.remember(m)
	}
	return all, nil
}

// takeIn stores those who are not known, and returns what all are then.
func (r *Registry) takeIn(ctx context.Context, numbers []string, known map[string]*Member) (map[string]*Member, error) {
	now := r.o.Now().UnixMilli()
	var fresh []Member
	for _, n := range numbers {
		if known[n] != nil {
			continue
		}
		salt, err := r.salt()
		if err != nil {
			return nil, err
		}
		account, err := Derive(r.o.Key, salt, n)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, Member{Number: n, Salt: salt, Account: account, RegisteredAt: now})
	}
	if len(fresh) > 0 {
		if err := r.o.Store.AddMembers(ctx, fresh); err != nil {
			return nil, err
		}
	}
	return r.known(ctx, numbers) // somebody else's salt may have been stored first
}

func (r *Registry) known(ctx context.Context, numbers []string) (map[string]*Member, error) {
	found, err := r.o.Store.Members(ctx, numbers)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*Member, len(found))
	for _, m := range found {
		known[m.Number] = m
	}
	return known, nil
}

func (r *Registry) salt() ([]byte, error) {
	salt := make([]byte, SaltSize)
	r.random.Lock()
	defer r.random.Unlock()
	if _, err := io.ReadFull(r.o.Random, salt); err != nil {
		return nil, fmt.Errorf("members: randomness: %w", err)
	}
	return salt, nil
}

// Accounts returns the accounts of those of the numbers that are known and not being
// erased. It takes nobody in.
func (r *Registry) Accounts(ctx context.Context, numbers []string) (map[string]ledger.Account, error) {
	accounts := make(map[string]ledger.Account, len(numbers))
	var asked []string
	for _, n := range numbers {
		if account, ok := r.cache.GetIfPresent(n); ok && !r.shutFor(n) {
			accounts[n] = account
		} else if !r.shutFor(n) {
			asked = append(asked, n)
		}
	}
	if len(asked) == 0 {
		return accounts, nil
	}
	found, err := r.o.Store.Members(ctx, asked)
	for _, m := range found {
		accounts[m.Number] = m.Account
		r.remember(m)
	}
	return accounts, err
}

// Number returns the number of the member who has an account, or [ErrNotFound].
func (r *Registry) Number(ctx context.Context, account ledger.Account) (string, error) {
	m, err := r.o.Store.MemberWith(ctx, account)
	if err != nil {
		return "", err
	}
	return m.Number, nil
}

// Numbers returns the numbers of those of the accounts that are a member's.
func (r *Registry) Numbers(ctx context.Context, accounts []ledger.Account) (map[ledger.Account]string, error) {
	found, err := r.o.Store.MembersWith(ctx, accounts)
	if err != nil {
		return nil, err
	}
	numbers := make(map[ledger.Account]string, len(found))
	for _, m := range found {
		numbers[m.Account] = m.Number
	}
	return numbers, nil
}

// remember keeps an account in memory, unless its member is being erased: shut comes
// before the cache is cleared, so one of both sees the other.
func (r *Registry) remember(m *Member) {
	r.cache.Set(m.Number, m.Account)
	if r.shutFor(m.Number) {
		r.cache.Invalidate(m.Number)
	}
}

func (r *Registry) shutFor(number string) bool {
	fence := r.fence.Load()
	return fence != nil && (*fence)[number]
}

// shut lets a member take part in nothing from now on, and open undoes it.
func (r *Registry) shut(number string) {
	r.setFence(func(fence map[string]bool) { fence[number] = true })
	r.cache.Invalidate(number)
}

func (r *Registry) open(number string) {
	r.setFence(func(fence map[string]bool) { delete(fence, number) })
	r.cache.Invalidate(number)
}

func (r *Registry) setFence(change func(map[string]bool)) {
	r.fencing.Lock()
	defer r.fencing.Unlock()
	next := map[string]bool{}
	if now := r.fence.Load(); now != nil {
		next = maps.Clone(*now)
	}
	change(next)
	if len(next) == 0 {
		r.fence.Store(nil)
		return
	}
	r.fence.Store(&next)
}
