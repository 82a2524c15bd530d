package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// sharedServer serves the tests that do it no harm, each in a schema of its own.
var shared struct {
	once    sync.Once
	server  *pgtest.Server
	err     error
	schemas atomic.Int64

	migrating sync.Once
	migrated  func(name string) error // makes a schema that is up to date
	failed    error
	mu        sync.Mutex
	unused    []string // migrated schemas without a row
}

func sharedServer(t testing.TB) *pgtest.Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = pgtest.New(pgtest.Options{}) })
	pgtest.NeedServer(t, shared.err)
	return shared.server
}

func closeSharedServer() error {
	if shared.server == nil {
		return nil
	}
	return shared.server.Close()
}

// newSchema makes an empty schema.
func newSchema(t testing.TB, s *pgtest.Server) string {
	t.Helper()
	name := fmt.Sprintf("t%d", shared.schemas.Add(1))
	if err := s.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	return name
}

// newMigrated returns a schema in which a store has been opened before and nothing
// is kept, for a test that leaves its tables as they are: when the test ends it is
// emptied for another.
func newMigrated(t testing.TB, s *pgtest.Server) string {
	t.Helper()
	name := unusedSchema()
	if name == "" {
		name = copiedSchema(t, s)
	}
	t.Cleanup(func() {
		if t.Failed() { // what it left may say why
			return
		}
		if err := s.Exec(fmt.Sprintf(emptyTables, name)); err != nil {
			t.Error(err)
			return
		}
		shared.mu.Lock()
		defer shared.mu.Unlock()
		shared.unused = append(shared.unused, name)
	})
	return name
}

// emptyTables minds no order among tables that refer to each other.
const emptyTables = `SET session_replication_role = replica; DO $$ DECLARE r record; BEGIN
	FOR r IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname = '%s' AND tablename <> 'goose_db_version' LOOP
		EXECUTE format('DELETE FROM %%I.%%I', r.schemaname, r.tablename);
	END LOOP; END $$`

func unusedSchema() (name string) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if n := len(shared.unused); n > 0 {
		name, shared.unused = shared.unused[n-1], shared.unused[:n-1]
	}
	return name
}

// copiedSchema makes a schema that is up to date, which a test may change as it
// likes.
func copiedSchema(t testing.TB, s *pgtest.Server) string {
	t.Helper()
	shared.migrating.Do(func() { shared.migrated, shared.failed = template(s) })
	if shared.failed != nil {
		t.Fatal(shared.failed)
	}
	name := fmt.Sprintf("t%d", shared.schemas.Add(1))
	if err := shared.migrated(name); err != nil {
		t.Fatal(err)
	}
	return name
}

func template(s *pgtest.Server) (func(name string) error, error) {
	const name = "template_of_tests"
	if err := s.Exec("CREATE SCHEMA " + name); err != nil {
		return nil, err
	}
	store, err := openURL(s.URL(name), 0)
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return s.Template(name)
}

func openURL(url string, patience time.Duration) (*sqlstore.Store, error) {
	return sqlstore.Open(context.Background(), sqlstore.Options{URL: url, Patience: patience, Logger: slog.New(slog.DiscardHandler)})
}

// openAtURL opens a store that the test closes.
func openAtURL(t testing.TB, url string) *sqlstore.Store {
	t.Helper()
	s, err := openURL(url, 0)
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

func openPostgres(t testing.TB) *sqlstore.Store {
	server := sharedServer(t)
	return openAtURL(t, server.URL(newMigrated(t, server)))
}

func TestADatabaseIsOpenOnce(t *testing.T) {
	server := sharedServer(t)
	url := server.URL(newMigrated(t, server))
	first, err := openURL(url, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openURL(url, 0); !errors.Is(err, sqlstore.ErrInUse) {
		t.Errorf("while it is open: error %v, want ErrInUse", err)
	}
	if err := first.SetSetting(context.Background(), "a", "b"); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := openAtURL(t, url).Setting(context.Background(), "a"); err != nil || got != "b" {
		t.Errorf("after opening it again: %q, %v", got, err)
	}
}

func TestANewerSchemaOfADatabaseIsRefused(t *testing.T) {
	server := sharedServer(t)
	schema := newSchema(t, server)
	s, err := openURL(server.URL(schema), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), server.Exec("INSERT INTO "+schema+".goose_db_version (version_id, is_applied) VALUES (9999, true)")); err != nil {
		t.Fatal(err)
	}
	if _, err = openURL(server.URL(schema), 0); !errors.Is(err, sqlstore.ErrNewer) || !strings.Contains(err.Error(), "9999") {
		t.Errorf("error %v, want ErrNewer that names version 9999", err)
	}
	if err := server.Exec("DELETE FROM " + schema + ".goose_db_version WHERE version_id = 9999"); err != nil {
		t.Fatal(err)
	}
	openAtURL(t, server.URL(schema))
}

func TestForeignDatabasesAreRefusedAndLeftAlone(t *testing.T) {
	server := sharedServer(t)
	for name, tables := range map[string]string{
		"another program's tables":     "CREATE TABLE notes (id int)",
		"another program's migrations": "CREATE TABLE goose_db_version (id int); CREATE TABLE notes (id int)",
	} {
		t.Run(name, func(t *testing.T) {
			schema := newSchema(t, server)
			if err := server.Exec("SET search_path = " + schema + ";" + tables); err != nil {
				t.Fatal(err)
			}
			if _, err := openURL(server.URL(schema), 0); !errors.Is(err, sqlstore.ErrForeign) {
				t.Errorf("error %v, want ErrForeign", err)
			}
			if err := server.Exec("SELECT 1/(count(*) = 0)::int FROM pg_class WHERE relname = 'quotes' AND relnamespace = '" + schema + "'::regnamespace"); err != nil {
				t.Errorf("it was changed: %v", err)
			}
		})
	}
}

func TestADatabaseThatCannotBeOpenedIsAnErrorThatSaysWhy(t *testing.T) {
	server := sharedServer(t)
	for url, want := range map[string]string{
		"postgres://user:secret@127.0.0.1:1/x":                        "127.0.0.1:1",
		"postgres://user:secret@127.0.0.1:port/x":                     "port",
		server.URL("no_such_schema"):                                  "search_path",
		strings.Replace(server.URL(""), "/postgres?", "/missing?", 1): "missing",
	} {
		_, err := openURL(url, 0)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v, want one that names %q and no password", err, want)
		}
	}
	if _, err := sqlstore.Open(context.Background(), sqlstore.Options{Path: "x", URL: "postgres://y"}); err == nil {
		t.Error("opened both a file and a database")
	}
}
