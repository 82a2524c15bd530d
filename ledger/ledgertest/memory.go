package ledgertest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/lane"
)

// Memory is a home of the contract for tests: in memory, gone with the
// process. Every Submit is one batch, save that commands which must be alone get
// a batch of their own, and a checkpoint follows at once unless Lazy.
type Memory struct {
	// Lazy leaves checkpoints to whoever submits them. Set it before use.
	Lazy bool
	// Strict executes every batch three times, once with only those commands that
	// were carried out, and fails unless all write the same. Set it before use.
	Strict bool

	clock  func() time.Time
	key    ed25519.PrivateKey
	mu     sync.Mutex // guards what follows
	store  *Store
	blocks map[string]uint64 // of transactions
	epochs map[uint32]uint64 // of the lanes that were taken
	left   map[uint32]error  // why a lane takes no commands
	done   bool
}

var _ ledger.Laned = (*Memory)(nil)

// NewMemory returns an empty ledger whose transactions have the clock's time and
// whose receipts are signed with a key of its own.
func NewMemory(clock func() time.Time) *Memory {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the system has no randomness
	}
	return &Memory{clock: clock, key: key, store: NewStore(), blocks: map[string]uint64{},
		epochs: map[uint32]uint64{}, left: map[uint32]error{}}
}

// Keys returns the public key of the receipts' signatures by its ID.
func (m *Memory) Keys() map[string]ed25519.PublicKey {
	return map[string]ed25519.PublicKey{m.keyID(): m.key.Public().(ed25519.PublicKey)}
}

func (m *Memory) keyID() string {
	sum := sha256.Sum256(m.key.Public().(ed25519.PublicKey))
	return hex.EncodeToString(sum[:8])
}

// Submit implements [ledger.Ledger].
func (m *Memory) Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if n, err := m.Lanes(ctx); err != nil || n > 1 {
		if err != nil {
			return nil, err
		}
		return lane.Spread(ctx, m, caller, commands)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.submit(0, caller, commands)
}

// submit gives commands of one lane.
func (m *Memory) submit(number uint32, caller ledger.Identity, commands []ledger.Command) ([]ledger.Result, error) {
	if m.done {
		return nil, ledger.ErrClosed
	}
	if err := m.left[number]; err != nil {
		return nil, err
	}
	var results []ledger.Result
	for _, batch := range Batches(commands) {
		r, err := m.apply(m.tx(number, caller), batch)
		if err == nil && len(r) > 0 && r[0].Code == ledger.CodeFenced {
			err = fmt.Errorf("%w: %s", ledger.ErrFenced, r[0].Message)
			m.left[number] = err
		}
		if err != nil {
			return nil, err
		}
		results = append(results, r...)
	}
	return results, m.attest(number, caller)
}

// Batches divides commands into batches that the contract takes: of bounded
// size, with those that must be alone by themselves.
func Batches(commands []ledger.Command) (batches [][]ledger.Command) {
	start := 0
	for i, c := range commands {
		alone := c.Body != nil && c.Body.Kind().Alone()
		if i > start && (alone || i-start == ledger.BatchMax) {
			batches = append(batches, commands[start:i])
			start = i
		}
		if alone {
			batches = append(batches, commands[i:i+1])
			start = i + 1
		}
	}
	if start < len(commands) {
		batches = append(batches, commands[start:])
	}
	return batches
}

func (m *Memory) apply(tx chaincode.Tx, batch []ledger.Command) ([]ledger.Result, error) {
	t := m.store.Begin()
	results, err := chaincode.Apply(tx, t, batch)
	if err == nil && m.Strict {
		err = m.repeat(tx, t, batch, results)
	}
	if err == nil {
		t.Commit()
		m.blocks[tx.ID] = uint64(len(m.blocks))
	}
	return results, err
}

// repeat executes a batch again, and once more without the commands that were
// refused or replayed: those must leave no trace.
func (m *Memory) repeat(tx chaincode.Tx, first *Transaction, batch []ledger.Command, results []ledger.Result) error {
	var kept []ledger.Command
	for i, r := range results {
		if r.Code == ledger.CodeOK && !r.Replayed {
			kept = append(kept, batch[i])
		}
	}
	for _, again := range [][]ledger.Command{batch, kept} {
		t := m.store.Begin()
		if _, err := chaincode.Apply(tx, t, again); err != nil {
			return err
		}
		if !reflect.DeepEqual(t.Writes, first.Writes) || !reflect.DeepEqual(t.Demands, first.Demands) {
			return fmt.Errorf("ledgertest: %d of %d commands, executed again, write something else", len(again), len(batch))
		}
	}
	return nil
}

func (m *Memory) tx(number uint32, caller ledger.Identity) chaincode.Tx {
	return chaincode.Tx{ID: ledger.EmbeddedTx(uint64(len(m.blocks))), At: m.clock().UnixMilli(), Caller: caller,
		Lane: number, Epoch: m.epochs[number]}
}

// attest takes a checkpoint if there is something to take one of.
func (m *Memory) attest(number uint32, caller ledger.Identity) error {
	pending, err := chaincode.Pending(m.store, number)
	if err != nil || pending == 0 || m.Lazy {
		return err
	}
	var random [10]byte
	rand.Read(random[:])
	_, err = m.apply(m.tx(number, caller), []ledger.Command{{ID: ledger.NewID(m.clock(), random), Body: &ledger.Checkpoint{}}})
	return err
}

// Check implements [ledger.Ledger].
func (m *Memory) Check(ctx context.Context, caller ledger.Identity, command ledger.Command) (ledger.Result, error) {
	return look(ctx, m, func(s *Store) (ledger.Result, error) {
		a, err := chaincode.Alliance(s)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return ledger.Result{}, err
		}
		results, err := chaincode.Apply(m.tx(ledger.RouteOf(command.Body, a.Lanes), caller), s.Begin(), []ledger.Command{command})
		if err != nil {
			return ledger.Result{}, err
		}
		return results[0], nil
	})
}

// Close implements [ledger.Ledger].
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = true
	return nil
}
