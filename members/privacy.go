package members

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Ledger is what an erasure needs of the ledger.
type Ledger interface {
	Submit(ctx context.Context, caller ledger.Identity, commands ...ledger.Command) ([]ledger.Result, error)
	Account(ctx context.Context, account ledger.Account) (ledger.AccountState, error)
	Alliance(ctx context.Context) (ledger.Alliance, error)
}

// PrivacyOptions configure an [Privacy]. Without a default a field is required.
type PrivacyOptions struct {
	Registry *Registry
	Ledger   Ledger
	Identity ledger.Identity // the utility's gateway
	Places   []Place         // those that know other names of a member last

	// Quiet is how long after its beginning an erasure waits before places forget, so
	// that requests which were under way at its beginning have ended; default 30 s.
	Quiet time.Duration
	// RetryEvery is how often one that waits or failed is taken up again; default 2 s.
	RetryEvery time.Duration

	Logger *slog.Logger
}

// Privacy tells members what is held about them, and forgets them. Its methods may be called from many goroutines; there is one
// for a store.
type Privacy struct {
	o     PrivacyOptions
	wake  chan struct{}
	turns sync.Map // by account: who changes an erasure holds its mutex
}

// NewPrivacy returns the service; [Privacy.Run] must follow.
func NewPrivacy(o PrivacyOptions) (*Privacy, error) {
	o.Quiet, o.RetryEvery = cmp.Or(o.Quiet, 30*time.Second), cmp.Or(o.RetryEvery, 2*time.Second)
	switch {
	case o.Registry == nil || o.Ledger == nil || o.Logger == nil:
		return nil, errors.New("members: registry, ledger and logger are required")
	case o.Identity.MSP == "" || o.Identity.Subject == "":
		return nil, errors.New("members: identity needs a company and a subject")
	}
	return &Privacy{o: o, wake: make(chan struct{}, 1)}, nil
}

// Left returns the points that a member would have to forfeit: those that can be used.
func (e *Privacy) Left(ctx context.Context, account ledger.Account) (int64, error) {
	state, err := e.state(ctx, account)
	if err != nil {
		return 0, err
	}
	usable, _, err := e.lots(ctx, &state)
	return usable, err
}

// state is an account as it stands; one that the ledger does not know is empty.
func (e *Privacy) state(ctx context.Context, account ledger.Account) (ledger.AccountState, error) {
	state, err := e.o.Ledger.Account(ctx, account)
	if errors.Is(err, ledger.ErrNotFound) {
		return ledger.AccountState{Account: account}, nil
	}
	return state, err
}

// lots adds up what can be used, and returns the months that have passed.
func (e *Privacy) lots(ctx context.Context, state *ledger.AccountState) (usable int64, passed []ledger.Month, err error) {
	alliance, err := e.o.Ledger.Alliance(ctx)
	if err != nil {
		return 0, nil, err
	}
	for _, l := range state.Lots {
		if l.Expiry < alliance.Window.Month() {
			passed = append(passed, l.Expiry)
		} else {
			usable += l.Amount
		}
	}
	return usable, passed, nil
}

// Erase begins to forget the member who has an account, with the points that the caller
// confirmed to be forfeited. It returns an [*Obstacle] when that cannot be begun now, and
// nothing was done; [ErrNotFound] when nobody has the account; and an erasure that was
// begun before, whatever was confirmed. What is begun goes on by itself: see
// [Privacy.State].
func (e *Privacy) Erase(ctx context.Context, account ledger.Account, points int64, by string) (*Erasure, error) {
	free := e.turn(account)
	defer free()
	if known, err := e.o.Registry.o.Store.ErasureOf(ctx, account); err == nil && known.Step != StepWithdrawn {
		return known, nil
	} else if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	m, err := e.o.Registry.o.Store.MemberWith(ctx, account)
	if err != nil {
		return nil, err
	}
	if err := e.obstacles(ctx, m); err != nil {
		return nil, err
	}
	if err := e.confirmed(ctx, account, points); err != nil {
		return nil, err
	}
	return e.begin(ctx, m, points, by)
}

func (e *Privacy) begin(ctx context.Context, m *Member, points int64, by string) (*Erasure, error) {
	var random [18]byte
	e.o.Registry.random.Lock()
	_, err := io.ReadFull(e.o.Registry.o.Random, random[:])
	e.o.Registry.random.Unlock()
	if err != nil {
		return nil, fmt.Errorf("members: randomness: %w", err)
	}
	now := e.o.Registry.o.Now()
	x := &Erasure{ID: ledger.NewID(now, [10]byte(random[:10])).Root(), Account: m.Account, Token: token([8]byte(random[10:])), Points: points, By: by,
		RequestedAt: now.UnixMilli(), Step: StepHold, Revision: 1}
	// Not the caller's context: the row must not depend on who hangs up when.
	existing, err := e.o.Registry.o.Store.BeginErasure(context.WithoutCancel(ctx), x)
	if err != nil {
		return nil, err
	}
	if existing != nil {
		return existing, nil
	}
	e.o.Registry.shut(m.Number)
	e.notify()
	return x, nil
}

// obstacles asks every place whether something is under way.
func (e *Privacy) obstacles(ctx context.Context, m *Member) error {
	for i := range e.o.Places {
		p := &e.o.Places[i]
		if p.UnderWay == nil {
			continue
		}
		if err := p.UnderWay(ctx, m); err != nil {
			return fmt.Errorf("members: %s: %w", p.Name, err)
		}
	}
	return nil
}

// confirmed refuses an account on which something is under way, or another amount than
// what is there.
func (e *Privacy) confirmed(ctx context.Context, account ledger.Account, points int64) error {
	state, err := e.state(ctx, account)
	if err != nil {
		return err
	}
	usable, _, err := e.lots(ctx, &state)
	switch {
	case err != nil:
		return err
	case state.Frozen:
		return Obstruct(CodeFrozen, "the account is frozen; erase the member once it is free again")
	case len(state.Holds) > 0:
		return Obstruct(CodeHoldOpen, "%d holds are open; erase the member once they have ended", len(state.Holds))
	case usable != points:
		o := Obstruct(CodeAmount, "%d points were confirmed to be forfeited, %d are left; confirm that amount", points, usable)
		o.Amount = usable
		return o
	}
	return nil
}

// State returns the latest erasure of an account, or [ErrNotFound].
func (e *Privacy) State(ctx context.Context, account ledger.Account) (*Erasure, error) {
	return e.o.Registry.o.Store.ErasureOf(ctx, account)
}

// turn waits until nobody else changes the account's erasure.
func (e *Privacy) turn(account ledger.Account) (free func()) {
	mu, _ := e.turns.LoadOrStore(account, &sync.Mutex{})
	mu.(*sync.Mutex).Lock()
	return mu.(*sync.Mutex).Unlock
}

func (e *Privacy) notify() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}
