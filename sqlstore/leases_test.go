package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cluster/clustertest"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

func openLeases(t testing.TB, url string) *sqlstore.Leases {
	t.Helper()
	l, err := sqlstore.OpenLeases(context.Background(), sqlstore.Options{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// clockedSchema makes a schema whose clock can be moved: with pg_catalog at the end
// of the search path its own function comes before the server's.
func clockedSchema(t testing.TB, s *pgtest.Server) (path string, advance func(time.Duration)) {
	t.Helper()
	schema := newMigrated(t, s)
	exec := func(statements string) {
		t.Helper()
		if err := s.Exec(statements); err != nil {
			t.Fatal(err)
		}
	}
	clock := fmt.Sprintf("clock%d", shared.schemas.Add(1))
	exec("CREATE SCHEMA " + clock + "; CREATE TABLE " + clock + ".ahead (by interval); INSERT INTO " + clock + ".ahead VALUES ('0');" +
		"CREATE FUNCTION " + clock + ".clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.clock_timestamp() + by FROM " + clock + ".ahead'")
	return schema + "," + clock + ",pg_catalog", func(d time.Duration) {
		t.Helper()
		exec(fmt.Sprintf("UPDATE %s.ahead SET by = by + interval '%d milliseconds'", clock, d.Milliseconds()))
	}
}

func TestLeases(t *testing.T) {
	server := sharedServer(t)
	clustertest.Run(t, func(t *testing.T) clustertest.Port {
		path, advance := clockedSchema(t, server)
		return clustertest.Port{Leases: openLeases(t, server.URL(path)), Advance: advance}
	})
}

func TestAClusterNeedsPostgreSQL(t *testing.T) {
	_, err := sqlstore.OpenLeases(context.Background(), sqlstore.Options{Path: t.TempDir() + "/store.db"})
	if !errors.Is(err, sqlstore.ErrNoCluster) {
		t.Errorf("error %v, want ErrNoCluster", err)
	}
}
