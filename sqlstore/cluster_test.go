package sqlstore_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cluster"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// clusterOf has leases of a schema of its own, whose clock can be moved.
type clusterOf struct {
	*sqlstore.Leases
	server  *pgtest.Server
	path    string
	advance func(time.Duration)
}

func newCluster(t testing.TB) *clusterOf {
	t.Helper()
	server := sharedServer(t)
	path, advance := clockedSchema(t, server)
	return &clusterOf{openLeases(t, server.URL(path)), server, path, advance}
}

func (c *clusterOf) join(t testing.TB) cluster.Slot {
	t.Helper()
	s, err := c.Join(context.Background(), "127.0.0.1:1", 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openSlot(url string, slot cluster.Slot) (*sqlstore.Store, error) {
	return sqlstore.Open(context.Background(), sqlstore.Options{URL: url, Slot: slot, Patience: 5 * time.Second, Logger: slog.New(slog.DiscardHandler)})
}

// open opens the store of a slot, by way of a proxy if there is one.
func (c *clusterOf) open(t testing.TB, slot cluster.Slot, proxy *pgtest.Proxy) *sqlstore.Store {
	t.Helper()
	url := c.server.URL(c.path)
	if proxy != nil {
		url = proxy.URL(c.path)
	}
	s, err := openSlot(url, slot)
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

// fence fences a slot by one that was there before.
func (c *clusterOf) fence(t testing.TB, by, dead cluster.Slot) {
	t.Helper()
	for range 3 {
		c.advance(2 * time.Second)
		if err := c.Renew(context.Background(), by, 3*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Fence(context.Background(), by, dead.Number); err != nil {
		t.Fatal(err)
	}
}

func TestStoresOfAClusterWriteSideBySide(t *testing.T) {
	c := newCluster(t)
	stores := []*sqlstore.Store{c.open(t, c.join(t), nil), c.open(t, c.join(t), nil)}
	var stored sync.Map
	fromEach(16, 320, func(i int) {
		id, err := createNew(t, stores[i%2])
		if err != nil {
			t.Error(err)
		}
		stored.Store(id, true)
	})
	stored.Range(func(id, _ any) bool {
		wantThere(t, stores[0], id.(ledger.ID), true)
		wantThere(t, stores[1], id.(ledger.ID), true)
		return true
	})
}

func TestCommitsOfAClusterThatAreCutOffAreFoundOrMadeAnewAndNeverBoth(t *testing.T) {
	c := newCluster(t)
	proxies := []*pgtest.Proxy{pgtest.NewProxy(t, c.server), pgtest.NewProxy(t, c.server)}
	stores := []*sqlstore.Store{c.open(t, c.join(t), proxies[0]), c.open(t, c.join(t), proxies[1])}
	var stored sync.Map
	for i := range 16 {
		cut := []pgtest.Cut{pgtest.BeforeCommit, pgtest.AtCommit, pgtest.AfterCommit, pgtest.HoldCommit}[i%4]
		proxies[0].Next(cut)
		proxies[1].Next(cut)
		fromEach(8, 32, func(n int) {
			id, err := createNew(t, stores[n%2])
			if err != nil {
				t.Errorf("conversion %s: %v", id, err)
			}
			stored.Store(id, true)
		})
		proxies[0].Release()
		proxies[1].Release()
	}
	if proxies[0].Cuts() != 16 || proxies[1].Cuts() != 16 {
		t.Fatalf("%d and %d commits were cut, want 16 each", proxies[0].Cuts(), proxies[1].Cuts())
	}
	stored.Range(func(id, _ any) bool {
		wantThere(t, stores[0], id.(ledger.ID), true)
		return true
	})
}

func wantStopped(t testing.TB, s *sqlstore.Store) {
	t.Helper()
	if _, err := createNew(t, s); !errors.Is(err, sqlstore.ErrStopped) || !s.Stats().Stopped {
		t.Errorf("a write of a store that was fenced: error %v, want ErrStopped", err)
	}
}

// The store is held between its last statement and the commit, with its connection
// open, as when its machine stands still.
func TestAStoreThatIsFencedInTheMiddleOfATransactionWritesNothing(t *testing.T) {
	c := newCluster(t)
	survivor, paused := c.join(t), c.join(t)
	proxy := pgtest.NewProxy(t, c.server)
	other, s := c.open(t, survivor, nil), c.open(t, paused, proxy)
	proxy.Next(pgtest.SilenceCommit)
	x := sample(77)
	outcome := make(chan error, 1)
	go func() {
		_, err := exchangetest.Create(context.Background(), s, x)
		outcome <- err
	}()
	waitUntil(t, func() bool { return proxy.Cuts() == 1 })
	c.fence(t, survivor, paused)
	wantThere(t, other, x.ID, false)
	proxy.Release()
	if err := <-outcome; !errors.Is(err, sqlstore.ErrFenced) {
		t.Errorf("its write: error %v, want ErrFenced", err)
	}
	wantStopped(t, s)
	wantThere(t, other, x.ID, false)
	if _, err := createNew(t, other); err != nil {
		t.Errorf("the other store: %v", err)
	}
}

func waitUntil(t testing.TB, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about within 30 s")
		}
	}
}

func TestAnIdleStoreThatIsFencedWritesNothing(t *testing.T) {
	c := newCluster(t)
	survivor, idle := c.join(t), c.join(t)
	s := c.open(t, idle, nil)
	c.fence(t, survivor, idle)
	id, err := createNew(t, s)
	if !errors.Is(err, sqlstore.ErrFenced) {
		t.Errorf("error %v, want ErrFenced", err)
	}
	wantStopped(t, s)
	wantThere(t, s, id, false)
	if _, err := openSlot(c.server.URL(c.path), idle); !errors.Is(err, sqlstore.ErrFenced) {
		t.Errorf("opened again: error %v, want ErrFenced", err)
	}
}

func TestACommitBeforeTheFenceWhoseAnswerWasLostIsAcknowledged(t *testing.T) {
	c := newCluster(t)
	survivor, cutOff := c.join(t), c.join(t)
	proxy := pgtest.NewProxy(t, c.server)
	s := c.open(t, cutOff, proxy)
	proxy.Refuse(true)
	proxy.Next(pgtest.AfterCommit)
	x := sample(78)
	outcome := make(chan error, 1)
	go func() {
		_, err := exchangetest.Create(context.Background(), s, x)
		outcome <- err
	}()
	other := c.open(t, survivor, nil)
	waitUntil(t, func() bool {
		_, err := other.Conversion(context.Background(), x.ID)
		return err == nil
	})
	c.fence(t, survivor, cutOff)
	proxy.Refuse(false)
	if err := <-outcome; err != nil {
		t.Errorf("what was committed: error %v", err)
	}
	if _, err := createNew(t, s); !errors.Is(err, sqlstore.ErrFenced) {
		t.Errorf("the next write: error %v, want ErrFenced", err)
	}
}

func TestAClusterAndAGatewayOutsideOfItExcludeEachOther(t *testing.T) {
	c := newCluster(t)
	slot := c.join(t)
	url := c.server.URL(c.path)
	inside := c.open(t, slot, nil)
	if _, err := openURL(url, 0); !errors.Is(err, sqlstore.ErrInUse) {
		t.Fatalf("a store without a slot beside a cluster: error %v, want ErrInUse", err)
	}
	if err := inside.Close(); err != nil {
		t.Fatal(err)
	}
	alone := openAtURL(t, url)
	_, err := sqlstore.OpenLeases(context.Background(), sqlstore.Options{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, sqlstore.ErrInUse) {
		t.Errorf("leases beside a store without a slot: error %v, want ErrInUse", err)
	}
	if _, err := openSlot(url, slot); !errors.Is(err, sqlstore.ErrInUse) {
		t.Errorf("a store with a slot beside one without: error %v, want ErrInUse", err)
	}
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := openSlot(url, slot); !errors.Is(err, sqlstore.ErrFenced) {
		t.Errorf("the slot after a store without one: error %v, want ErrFenced", err)
	}
}

func TestAStoreAloneThatWasCutOffStopsWhenAClusterHasWritten(t *testing.T) {
	server := sharedServer(t)
	path, _ := clockedSchema(t, server)
	proxy := pgtest.NewProxy(t, server)
	alone, err := openURL(proxy.URL(path), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { alone.Close() })
	proxy.Refuse(true)
	proxy.CutAll()
	leases := openLeases(t, server.URL(path))
	slot, err := leases.Join(context.Background(), "127.0.0.1:1", 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	inside, err := openSlot(server.URL(path), slot)
	if err != nil {
		t.Fatal(err)
	}
	if err := inside.Close(); err != nil {
		t.Fatal(err)
	}
	proxy.Refuse(false)
	if _, err := createNew(t, alone); !errors.Is(err, sqlstore.ErrInUse) {
		t.Errorf("error %v, want ErrInUse", err)
	}
}

func TestASlotWithoutPostgreSQLIsRefused(t *testing.T) {
	_, err := sqlstore.Open(context.Background(), sqlstore.Options{Path: t.TempDir() + "/store.db", Slot: cluster.Slot{Token: 1}})
	if !errors.Is(err, sqlstore.ErrNoCluster) || !strings.Contains(err.Error(), "PostgreSQL") {
		t.Errorf("error %v, want ErrNoCluster", err)
	}
}

func TestGatewaysThatStartAtOnceMigrateOnce(t *testing.T) {
	server := sharedServer(t)
	url := server.URL(newSchema(t, server))
	fromEach(3, 3, func(int) {
		l, err := sqlstore.OpenLeases(context.Background(), sqlstore.Options{URL: url, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		slot, err := l.Join(context.Background(), "127.0.0.1:1", time.Minute)
		if err != nil {
			t.Error(err)
			return
		}
		s, err := openSlot(url, slot)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := createNew(t, s); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
