package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// behindProxy opens a store whose connections can be cut.
func behindProxy(t *testing.T, patience time.Duration) (*sqlstore.Store, *pgtest.Proxy, string) {
	t.Helper()
	server := sharedServer(t)
	proxy, schema := pgtest.NewProxy(t, server), newMigrated(t, server)
	s, err := openURL(proxy.URL(schema), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, proxy, schema
}

// createNew creates a conversion that nobody else creates, and fails when the
// store says that it was there: then it was stored twice.
func createNew(t testing.TB, s *sqlstore.Store) (ledger.ID, error) {
	c := sample(rand.Uint64())
	existing, err := exchangetest.Create(context.Background(), s, c)
	if existing != nil {
		t.Errorf("conversion %s was stored and then tried again", c.ID)
	}
	return c.ID, err
}

func wantThere(t testing.TB, s *sqlstore.Store, id ledger.ID, there bool) {
	t.Helper()
	_, err := s.Conversion(context.Background(), id)
	if (err == nil) != there || (err != nil && !errors.Is(err, exchange.ErrNotFound)) {
		t.Errorf("conversion %s: error %v, want it to be there: %t", id, err, there)
	}
}

func TestACommitThatIsCutOffIsFoundOrMadeAnewAndNeverBoth(t *testing.T) {
	for name, cut := range map[string]pgtest.Cut{"before it": pgtest.BeforeCommit, "at it": pgtest.AtCommit,
		"after it": pgtest.AfterCommit, "while it is held up": pgtest.HoldCommit} {
		t.Run(name, func(t *testing.T) {
			s, proxy, _ := behindProxy(t, 0)
			var stored sync.Map
			for range 20 {
				before := proxy.Cuts()
				proxy.Next(cut)
				fromEach(8, 32, func(int) {
					id, err := createNew(t, s)
					if err != nil {
						t.Errorf("conversion %s: %v", id, err)
					}
					stored.Store(id, true)
				})
				if proxy.Cuts() != before+1 {
					t.Fatal("no commit was cut")
				}
				proxy.Release()
			}
			stored.Range(func(id, _ any) bool {
				wantThere(t, s, id.(ledger.ID), true)
				return true
			})
		})
	}
}

// A sum shows what a second time would do, where a row with its own ID does not.
func TestWhatIsAddedIsAddedOnceThoughTheCommitIsCutOff(t *testing.T) {
	s, proxy, _ := behindProxy(t, 0)
	ctx := context.Background()
	c := sample(1)
	if _, err := exchangetest.Create(ctx, s, c); err != nil {
		t.Fatal(err)
	}
	for i := range int64(15) {
		r := &exchange.Reversal{ID: newID(uint64(i)), Conversion: c.ID, Party: c.Party, Request: exchange.Idempotency{Key: fmt.Sprint("r", i)},
			Source: c.Source, Amount: 7, Before: 7 * i, Status: exchange.Processing, Step: exchange.StepReverse}
		if _, err := s.CreateReversal(ctx, r); err != nil {
			t.Fatal(err)
		}
		proxy.Next([]pgtest.Cut{pgtest.BeforeCommit, pgtest.AtCommit, pgtest.AfterCommit, pgtest.HoldCommit}[i%4])
		r.Status, r.Step = exchange.Completed, exchange.StepDone
		if err := s.UpdateReversal(ctx, r); err != nil {
			t.Fatal(err)
		}
		proxy.Release()
		if got, err := s.Conversion(ctx, c.ID); err != nil || got.Reversed != 7*(i+1) {
			t.Fatalf("reversed is %d, %v; want %d", got.Reversed, err, 7*(i+1))
		}
	}
}

func TestACommitThatGetsNoAnswerIsNotCarriedOutLater(t *testing.T) {
	s, proxy, _ := behindProxy(t, 500*time.Millisecond)
	proxy.Next(pgtest.SilenceCommit)
	id, err := createNew(t, s)
	if !errors.Is(err, sqlstore.ErrBusy) {
		t.Errorf("error %v, want ErrBusy", err)
	}
	proxy.Release()
	if _, err := createNew(t, s); err != nil {
		t.Errorf("the next one: %v", err)
	}
	wantThere(t, s, id, false)
}

func TestAWriteWaitsForTheServerForAWhile(t *testing.T) {
	s, proxy, _ := behindProxy(t, 300*time.Millisecond)
	first, err := createNew(t, s)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Refuse(true)
	proxy.CutAll()
	start := time.Now()
	id, err := createNew(t, s)
	if waited := time.Since(start); !errors.Is(err, sqlstore.ErrBusy) || waited < 200*time.Millisecond || waited > 5*time.Second {
		t.Errorf("write: error %v after %s, want ErrBusy after 300 ms", err, waited)
	}
	if _, err := s.Conversion(context.Background(), first); !errors.Is(err, sqlstore.ErrBusy) {
		t.Errorf("read: error %v, want ErrBusy", err)
	}
	proxy.Refuse(false)
	if _, err := createNew(t, s); err != nil {
		t.Errorf("once the server is back: %v", err)
	}
	wantThere(t, s, first, true)
	wantThere(t, s, id, false)
}

func TestAnOutcomeThatCannotBeFoundInTimeIsSaidToBeUnknown(t *testing.T) {
	s, proxy, _ := behindProxy(t, 300*time.Millisecond)
	proxy.Refuse(true)
	proxy.Next(pgtest.AfterCommit)
	id, err := createNew(t, s)
	if !errors.Is(err, sqlstore.ErrOutcomeUnknown) {
		t.Errorf("error %v, want ErrOutcomeUnknown", err)
	}
	if _, err := createNew(t, s); !errors.Is(err, sqlstore.ErrBusy) {
		t.Errorf("the next one: error %v, want ErrBusy", err)
	}
	proxy.Refuse(false)
	if _, err := createNew(t, s); err != nil {
		t.Errorf("once the server is back: %v", err)
	}
	wantThere(t, s, id, true)
}

func TestAStoreThatWasSupersededStops(t *testing.T) {
	s, proxy, schema := behindProxy(t, 5*time.Second)
	proxy.Refuse(true)
	proxy.CutAll()
	second, err := openURL(sharedServer(t).URL(schema), 0)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Refuse(false)
	if _, err := createNew(t, s); !errors.Is(err, sqlstore.ErrInUse) {
		t.Errorf("the first store: error %v, want ErrInUse", err)
	}
	if _, err := createNew(t, second); err != nil {
		t.Errorf("the second store: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if _, err := createNew(t, s); !errors.Is(err, sqlstore.ErrStopped) || !s.Stats().Stopped {
		t.Errorf("the first store later: error %v, want ErrStopped", err)
	}
}

func TestAStoreStopsWhenItFindsThatAnotherHasWritten(t *testing.T) {
	s, proxy, schema := behindProxy(t, 5*time.Second)
	proxy.Refuse(true)
	proxy.CutAll()
	second, err := openURL(sharedServer(t).URL(schema), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	proxy.Refuse(false)
	if _, err := createNew(t, s); !errors.Is(err, sqlstore.ErrInUse) {
		t.Errorf("error %v, want ErrInUse", err)
	}
}

func TestAStoreStopsWhenTheServerHasForgottenWhatItAcknowledged(t *testing.T) {
	s, proxy, schema := behindProxy(t, 5*time.Second)
	for range 3 {
		if _, err := createNew(t, s); err != nil {
			t.Fatal(err)
		}
	}
	proxy.Refuse(true)
	proxy.CutAll()
	back := "UPDATE " + schema + ".settings SET value = split_part(value, ' ', 1) || ' 1' WHERE name = 'postgres writer'"
	if err := sharedServer(t).Exec(back); err != nil {
		t.Fatal(err)
	}
	proxy.Refuse(false)
	if _, err := createNew(t, s); err == nil || !strings.Contains(err.Error(), "acknowledged writes are missing") {
		t.Errorf("error %v, want one that says that writes are missing", err)
	}
	if _, err := createNew(t, s); !errors.Is(err, sqlstore.ErrStopped) {
		t.Errorf("later: error %v, want ErrStopped", err)
	}
}

func TestATransactionThatMeetsAnotherIsMadeAnew(t *testing.T) {
	for _, state := range []string{"40001", "40P01"} {
		for when, trigger := range map[string]string{
			"statement": "CREATE TRIGGER conflict BEFORE INSERT ON conversions FOR EACH ROW EXECUTE FUNCTION conflict()",
			"commit":    "CREATE CONSTRAINT TRIGGER conflict AFTER INSERT ON conversions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION conflict()",
		} {
			t.Run(state+" at the "+when, func(t *testing.T) {
				server := sharedServer(t)
				schema := copiedSchema(t, server)
				s := openAtURL(t, server.URL(schema))
				// A sequence goes on though its transaction is rolled back.
				err := server.Exec("SET search_path = " + schema + "; CREATE SEQUENCE conflicts;" +
					`CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
						IF nextval('` + schema + `.conflicts') % 4 = 1 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '` + state + `'; END IF;
						RETURN NEW; END $$;` + trigger)
				if err != nil {
					t.Fatal(err)
				}
				for range 5 {
					id, err := createNew(t, s)
					if err != nil {
						t.Error(err)
					}
					wantThere(t, s, id, true)
				}
				if n := s.Stats().Retries; n != 0 {
					t.Errorf("%d writes were blamed for it", n)
				}
			})
		}
	}
}

// underLoad writes and reads from many goroutines while trouble is made, and
// checks that every write and read had its outcome and that what was
// acknowledged is there.
func underLoad(t *testing.T, s *sqlstore.Store, trouble func()) {
	t.Helper()
	var over atomic.Bool
	go func() {
		defer over.Store(true)
		trouble()
	}()
	var stored sync.Map
	fromEach(32, 1<<30, func(int) {
		if over.Load() {
			return
		}
		id, err := createNew(t, s)
		if err != nil {
			t.Errorf("create: %v", err)
			return
		}
		stored.Store(id, true)
		wantThere(t, s, id, true)
	})
	n := 0
	stored.Range(func(id, _ any) bool {
		n++
		wantThere(t, s, id.(ledger.ID), true)
		return true
	})
	if n == 0 {
		t.Error("nothing was stored")
	}
	t.Logf("%d conversions stored", n)
}

// more returns once the store has carried out more transactions.
func more(t *testing.T, s *sqlstore.Store, transactions int64) {
	t.Helper()
	from := s.Stats().Transactions
	for deadline := time.Now().Add(30 * time.Second); s.Stats().Transactions < from+transactions; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("no more transactions within 30 s")
			return
		}
	}
}

func TestNothingIsLostWhenTheServerIsRestartedOrKilledUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("a server is loaded for a minute; run without -short")
	}
	for name, end := range map[string]func(*pgtest.Server) error{"restarted": (*pgtest.Server).Stop, "killed": (*pgtest.Server).Kill} {
		t.Run(name, func(t *testing.T) {
			server := pgtest.Start(t, pgtest.Options{})
			s := openAtURL(t, server.URL(""))
			underLoad(t, s, func() {
				for range 4 {
					more(t, s, 30)
					if err := errors.Join(end(server), server.Start()); err != nil {
						t.Error(err)
						return
					}
				}
				more(t, s, 30)
			})
		})
	}
}

func TestNothingIsLostWhenConnectionsAreCutUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("a server is loaded for a minute; run without -short")
	}
	s, proxy, _ := behindProxy(t, 0)
	underLoad(t, s, func() {
		for range 20 {
			more(t, s, 10)
			proxy.CutAll()
		}
		more(t, s, 10)
	})
}
