package fabric_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/fabric"
	"github.com/pointgrid/pointgrid/projection"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// mirror is a copy of the ledger in SQL that follows it whatever happens to it.
type mirror struct {
	t      testing.TB
	ledger *fabric.Ledger
	store  *sqlstore.Store
	follow *projection.Follower
}

// mirrored begins to follow a ledger.
func mirrored(ctx context.Context, t testing.TB, l *fabric.Ledger) *mirror {
	t.Helper()
	m := mirrorAt(ctx, t, l, filepath.Join(t.TempDir(), "mirror.db"))
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- m.follow.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the projection ended with %v", err)
		}
	})
	return m
}

func mirrorAt(ctx context.Context, t testing.TB, l *fabric.Ledger, path string) *mirror {
	t.Helper()
	s, err := sqlstore.Open(ctx, sqlstore.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &mirror{t: t, ledger: l, store: s, follow: projection.New(projection.Options{Blocks: l, Store: s, Linger: time.Millisecond})}
}

// equals waits until the copy has what the ledger has, and compares the two.
func (m *mirror) equals(ctx context.Context) {
	m.t.Helper()
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		r, err := projection.Verify(ctx, m.ledger, m.store)
		if err == nil {
			for _, d := range r.Differences {
				m.t.Errorf("the projection differs: %s", d)
			}
			m.t.Logf("the projection equals the ledger: %d transfers in %d blocks, %d accounts", r.Transfers, r.Blocks, r.Accounts)
			return
		}
		if !errors.Is(err, projection.ErrMoved) || time.Since(begun) > time.Minute {
			m.t.Fatalf("comparing the projection with the ledger: %v", err)
		}
	}
}

// settled checks, while nothing is given, that what was acknowledged is on the
// ledger once, that balances are what follows from it, and that the copy is the
// same. The loads are all that the members of the test have.
func (m *mirror) settled(ctx context.Context, loads ...*load) {
	m.t.Helper()
	want := map[string]int64{}
	for _, w := range loads {
		w.holds(ctx)
		for id := range w.given {
			want[w.accounts[id].String()] += w.given[id]
		}
	}
	err := m.ledger.Balances(ctx, "EPT", func(b ledger.Balance) error {
		if points, ok := want[b.Account]; ok {
			if b.Amount != points {
				m.t.Errorf("an account has %d points, its conversions gave %d", b.Amount, points)
			}
			delete(want, b.Account)
		}
		return nil
	})
	if err != nil || len(want) != 0 {
		m.t.Errorf("%d accounts are not on the ledger, %v", len(want), err)
	}
	m.equals(ctx)
}
