package sqlstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/sqlstore"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// TestOnAFullDiskOfTheServer fills the disk of the tables, at which statements
// fail, and that of the write-ahead log, at which the server ends itself.
func TestOnAFullDiskOfTheServerNothingIsAcknowledgedAndOneWithRoomGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("a server is loaded for a minute; run without -short")
	}
	t.Run("of the tables", func(t *testing.T) {
		disk := pgtest.SmallDisk(t, 96<<20)
		fullDisk(t, disk, pgtest.Options{Data: disk, Log: pgtest.SmallDisk(t, 1<<30), Settings: map[string]string{"autovacuum": "off"}})
	})
	t.Run("of the log", func(t *testing.T) {
		disk := pgtest.SmallDisk(t, 72<<20)
		fullDisk(t, disk, pgtest.Options{Log: disk, Settings: map[string]string{"min_wal_size": "32MB", "max_wal_size": "32MB", "wal_recycle": "off"}})
	})
}

func fullDisk(t *testing.T, disk string, o pgtest.Options) {
	server := pgtest.Start(t, o)
	s, err := openURL(server.URL(""), 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var stored []ledger.ID
	for range 10 {
		id, err := createNew(t, s)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, id)
	}
	ballast := fill(t, disk)
	var refused ledger.ID
	for refused.IsZero() {
		id, err := createNew(t, s)
		if err != nil {
			t.Logf("after %d conversions: %v", len(stored), err)
			refused = id
			wantNothing(t, s, id, err)
			break
		}
		stored = append(stored, id)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := server.Revive(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		id, err := createNew(t, s)
		if err == nil {
			stored = append(stored, id)
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("with room again: %v", err)
		}
	}
	for _, id := range stored {
		wantThere(t, s, id, true)
	}
}

// wantNothing checks that a conversion that was refused is not there, unless the
// store said that it does not know.
func wantNothing(t *testing.T, s *sqlstore.Store, id ledger.ID, refusal error) {
	t.Helper()
	_, err := s.Conversion(context.Background(), id)
	if !errors.Is(err, exchange.ErrNotFound) && !errors.Is(err, sqlstore.ErrBusy) && !errors.Is(refusal, sqlstore.ErrOutcomeUnknown) {
		t.Errorf("what was refused: error %v", err)
	}
	if s.Stats().Stopped || strings.Contains(refusal.Error(), "stopped") {
		t.Error("the store stopped, but the server will be well again")
	}
}

// fill leaves no room on the disk and returns the file that takes it.
func fill(t *testing.T, disk string) string {
	t.Helper()
	path := filepath.Join(disk, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 64<<10)
	for err == nil {
		_, err = f.Write(block)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
