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
	"github.com/pointgrid/pointgrid/partners/partnerstest"
	"github.com/pointgrid/pointgrid/partners/webhooks"
	"github.com/pointgrid/pointgrid/partners/webhooks/webhookstest"
	"github.com/pointgrid/pointgrid/settlement"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/desk/desktest"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/settlement/payment/paymenttest"
	"github.com/pointgrid/pointgrid/settlement/settlementtest"
	"github.com/pointgrid/pointgrid/settlement/statements"
	"github.com/pointgrid/pointgrid/settlement/statements/statementstest"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/filetest"
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

func openNew(t testing.TB) *sqlstore.Store { return openAt(t, newFile(t)) }

// newFile returns the path of an empty store that is up to date.
func newFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := filetest.Put(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// onEach runs a test on each kind of store. open returns an empty one, which the
// test closes.
func onEach(t *testing.T, test func(t *testing.T, open func(testing.TB) *sqlstore.Store)) {
	t.Run("SQLite", func(t *testing.T) { test(t, openNew) })
	t.Run("PostgreSQL", func(t *testing.T) {
		sharedServer(t)
		test(t, openPostgres)
	})
}

type openFunc = func(testing.TB) *sqlstore.Store

func TestExchangeStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		exchangetest.RunStore(t, func(t *testing.T) exchange.Store { return open(t) })
	})
}

func TestClientStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		partnerstest.RunClients(t, func(t *testing.T) partnerstest.Store { return open(t) })
	})
}

func TestAccessStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		partnerstest.RunAccess(t, func(t *testing.T) partners.AccessStore { return open(t) })
	})
}

func TestSignedRequests(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		exchangetest.RunSigned(t, func(t *testing.T) exchange.SignedRequests { return open(t) })
	})
}

func TestAssertionStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		storetest.RunAssertions(t, func(t *testing.T) partners.AssertionStore { return open(t) })
	})
}

func TestIdempotencyStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		storetest.RunIdempotency(t, func(t *testing.T) idempotency.Store { return open(t) })
	})
}

func TestSettlementStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		storetest.RunSettlements(t, func(t *testing.T) settlement.Store { return open(t) })
		settlementtest.RunLiability(t, func(t *testing.T) settlement.LiabilityStore { return open(t) })
		settlementtest.RunUnsettled(t, func(t *testing.T) settlementtest.Unfinished { return open(t) })
	})
}

func TestPaymentStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		paymenttest.Run(t, func(t *testing.T) payment.Store { return open(t) })
	})
}

func TestASettingIsTheLastOneThatWasSet(t *testing.T) { onEach(t, aSettingIsTheLastOneThatWasSet) }

func aSettingIsTheLastOneThatWasSet(t *testing.T, open openFunc) {
	s := open(t)
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

func TestDeskStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		desktest.Run(t, func(t *testing.T) desk.Store { return open(t) })
	})
}

func TestWebhookStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		webhookstest.RunStore(t, func(t *testing.T) webhooks.Store { return open(t) })
	})
}

func TestStatementStore(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		statementstest.Run(t, func(t *testing.T) statements.Store { return open(t) })
	})
}

func TestReconciliations(t *testing.T) {
	onEach(t, func(t *testing.T, open openFunc) {
		settlementtest.RunReconciliations(t, func(t *testing.T) settlement.Reconciliations { return open(t) })
	})
}
