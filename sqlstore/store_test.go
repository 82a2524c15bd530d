package sqlstore_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// openAt opens a store that the test closes.
func openAt(t testing.TB, path string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(context.Background(), sqlstore.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
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
