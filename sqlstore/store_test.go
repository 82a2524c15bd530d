package sqlstore_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/storetest"
	"github.com/pointgrid/pointgrid/web/idempotency"
)

func open(path string) (*sqlstore.Store, error) {
	return sqlstore.Open(context.Background(), sqlstore.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
}

// openAt opens a store that the test closes.
func openAt(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openNew(t testing.TB) *sqlstore.Store {
	return openAt(t, filepath.Join(t.TempDir(), "store.db"))
}

func TestExchangeStore(t *testing.T) {
	exchangetest.RunStore(t, func(t *testing.T) exchange.Store { return openNew(t) })
}

func TestAssertionStore(t *testing.T) {
	storetest.RunAssertions(t, func(t *testing.T) partners.AssertionStore { return openNew(t) })
}

func TestIdempotencyStore(t *testing.T) {
	storetest.RunIdempotency(t, func(t *testing.T) idempotency.Store { return openNew(t) })
}

func TestSettlementStore(t *testing.T) {
	storetest.RunSettlements(t, func(t *testing.T) settlement.Store { return openNew(t) })
}

func TestASettingIsTheLastOneThatWasSet(t *testing.T) {
	s := openNew(t)
	ctx := context.Background()
	if _, err := s.Setting(ctx, "clock"); !errors.Is(err, sqlstore.ErrNoSetting) {
		t.Errorf("before it is set: error %v, want ErrNoSetting", err)
	}
	for _, want := range []string{"1h", ""} {
		if err := s.SetSetting(ctx, "clock", want); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Setting(ctx, "clock"); err != nil || got != want {
			t.Errorf("setting is %q, %v; want %q", got, err, want)
		}
	}
}
