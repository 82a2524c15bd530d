package backup_test

import (
	"testing"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/backup"
	"github.com/pointgrid/pointgrid/sqlstore/pgtest"
)

// TestAPostgreSQLServerIsBroughtBackToABackup loses a server under load, and has
// another one go on from its base backup and its archive at the point that a backup
// made, with the ledger of that instant.
func TestAPostgreSQLServerIsBroughtBackToABackup(t *testing.T) {
	archive, bases := pgtest.Folder(t), pgtest.Folder(t)
	server := pgtest.Start(t, pgtest.Options{Settings: pgtest.Archived(archive)})
	if err := server.Exec("CREATE SCHEMA gateway"); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, server.URL("gateway"))
	base, err := server.BaseBackup(bases)
	if err != nil {
		t.Fatal(err)
	}
	path, l := repository(t), w.load(8)
	l.until(t, 50)
	chosen := w.backedUp(path)
	l.until(t, 50)
	w.backedUp(path)
	l.until(t, 20)
	l.end()
	w.stop()
	if err := server.Recover(base, archive, chosen.Database.Point.Name); err != nil {
		t.Fatal(err)
	}
	v := w.restored(path, backup.Wish{Name: chosen.Name})
	w.agrees(chosen.Name, &v)
	w.serve()
	w.comesToRest()
	w.stop()
	w.booksAreSound()
}
