package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/sqlstore"
)

func TestAStoreKeepsWhatItHeldWhenItWasClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with a space ?&%41#.db")
	first, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	c := sample(1)
	if _, err := exchangetest.Create(context.Background(), first, c); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file has another name: %v", err)
	}
	if _, err := openAt(t, path).Conversion(context.Background(), c.ID); err != nil {
		t.Errorf("after opening it again: %v", err)
	}
}

func TestAClosedStoreRefuses(t *testing.T) { onEach(t, aClosedStoreRefuses) }

func aClosedStoreRefuses(t *testing.T, open openFunc) {
	s := open(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := exchangetest.Create(context.Background(), s, sample(1)); !errors.Is(err, sqlstore.ErrClosed) {
		t.Errorf("write: error %v, want ErrClosed", err)
	}
	if _, err := s.Conversion(context.Background(), sample(1).ID); err == nil {
		t.Error("read: no error")
	}
}

func TestAStoreIsOpenOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	first, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(path); !errors.Is(err, sqlstore.ErrInUse) {
		t.Errorf("while it is open: error %v, want ErrInUse", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, path)
}

func TestOnlyTheOwnerMayReadTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	if err := s.SetSetting(context.Background(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(name), mode)
		}
	}
}

func TestForeignFilesAreRefusedAndLeftAlone(t *testing.T) {
	tests := map[string]func(t *testing.T, path string){
		"a text": func(t *testing.T, path string) {
			write(t, path, []byte(strings.Repeat("id,amount\n", 100)))
		},
		"a few bytes": func(t *testing.T, path string) { write(t, path, []byte("x")) },
		"another program's database": func(t *testing.T, path string) {
			execute(t, path, "CREATE TABLE notes (id INTEGER PRIMARY KEY)")
		},
		"a database marked by another program": func(t *testing.T, path string) {
			execute(t, path, "PRAGMA application_id = 252006674")
		},
	}
	for name, makeFile := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			makeFile(t, path)
			before := read(t, path)
			if _, err := open(path); !errors.Is(err, sqlstore.ErrForeign) {
				t.Errorf("error %v, want ErrForeign", err)
			}
			if read(t, path) != before {
				t.Error("the file was changed")
			}
			if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a log was left beside it: %v", err)
			}
		})
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	_, err = open(path)
	if !errors.Is(err, sqlstore.ErrNewer) || !strings.Contains(err.Error(), "9999") {
		t.Errorf("error %v, want ErrNewer that names version 9999", err)
	}
	execute(t, path, "DELETE FROM goose_db_version WHERE version_id = 9999")
	openAt(t, path)
}

func TestAMissingFolderIsAnError(t *testing.T) {
	if _, err := open(filepath.Join(t.TempDir(), "missing", "store.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want os.ErrNotExist", err)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// execute runs a statement on the file past the store.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(statement); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
