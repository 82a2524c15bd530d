package backup_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/backup"
	"github.com/pointgrid/pointgrid/cmd/pointgrid/internal/gateway"
	"github.com/pointgrid/pointgrid/ledger/embedded"
)

// stopped is a world that converted a little between backups, and ended.
func stopped(t *testing.T, backups int) (w *world, path string, made []*backup.Manifest) {
	t.Helper()
	w, path = newWorld(t, ""), repository(t)
	w.projects()
	c := w.airline()
	for n := range backups {
		for i := range 3 {
			if _, err := c.Do(t.Context(), ask(3*n+i, strings.Repeat("k", 1+3*n+i)), nil); err != nil {
				t.Fatal(err)
			}
		}
		made = append(made, w.backedUp(path))
	}
	w.stop()
	return w, path, made
}

// projects waits until the projection has begun: a backup from before has none.
func (w *world) projects() {
	w.Helper()
	begun := regexp.MustCompile(`(?m)^pointgrid_projection_height_blocks [1-9]`)
	for since := time.Now(); !begun.Match(w.metrics()); time.Sleep(10 * time.Millisecond) {
		if time.Since(since) > time.Minute {
			w.Fatal("the projection does not begin")
		}
	}
}

func (w *world) metrics() []byte {
	w.Helper()
	answer, err := http.Get("http://" + w.config.Listen + "/metrics")
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		w.Fatalf("metrics: %s, %v", answer.Status, err)
	}
	return text
}

// restores tries to restore the latest backup into a new home.
func (w *world) restores(path string) error {
	w.Helper()
	w.config.DataDir = filepath.Join(w.TempDir(), "home")
	r, err := backup.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	c, err := r.Choose(backup.Wish{})
	if err != nil {
		return err
	}
	return r.Restore(w.Context(), c, &w.config)
}

// TestADamagedBackupIsRefused changes, shortens and removes every file of a
// repository in turn. Nothing of it is restored then, and no gateway opens what an
// earlier attempt left.
func TestADamagedBackupIsRefused(t *testing.T) {
	w, path, _ := stopped(t, 1)
	if err := w.restores(path); err != nil {
		t.Fatalf("the sound one: %v", err)
	}
	kinds := map[string]bool{}
	for _, name := range files(t, path) {
		good, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.SplitN(name, string(filepath.Separator), 2)[0]
		if len(good) == 0 || kinds[kind+filepath.Ext(name)] && kind == "objects" && len(good) < 1000 {
			continue // one of the small ones is enough
		}
		kinds[kind+filepath.Ext(name)] = true
		for what, bad := range map[string][]byte{"a bit flipped": flipped(good), "shortened": good[:len(good)/2], "removed": nil} {
			put(t, filepath.Join(path, name), bad)
			if err := w.restores(path); err == nil {
				t.Errorf("%s, %s: it was restored", name, what)
			}
			if _, err := os.Stat(w.config.DataDir); err == nil {
				if err := gateway.Home(w.config.DataDir).Whole(); err == nil {
					t.Errorf("%s, %s: a gateway would open what was left", name, what)
				}
			}
			put(t, filepath.Join(path, name), good)
		}
	}
	if len(kinds) < 4 {
		t.Errorf("only %v were damaged", kinds)
	}
}

func files(t *testing.T, root string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			path, err = filepath.Rel(root, path)
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func flipped(b []byte) []byte {
	b = append([]byte(nil), b...)
	b[len(b)/2] ^= 1
	return b
}

// put writes a file, or removes it for nil.
func put(t *testing.T, path string, b []byte) {
	t.Helper()
	err := os.WriteFile(path, b, 0o600)
	if b == nil {
		err = os.Remove(path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatCannotBeRestoredIsRefused(t *testing.T) {
	w, path, _ := stopped(t, 1)
	used := w.config.DataDir
	for _, c := range []struct {
		name string
		act  func(t *testing.T) error
		want error
	}{
		{"into a home that is used", func(*testing.T) error {
			w.config.DataDir = used
			r, err := backup.Open(path)
			if err != nil {
				return err
			}
			defer r.Close()
			choice, err := r.Choose(backup.Wish{})
			return errors.Join(err, r.Restore(t.Context(), choice, &w.config))
		}, backup.ErrNotEmpty},
		{"from a folder that has none", func(t *testing.T) error { return w.restores(t.TempDir()) }, fs.ErrNotExist},
		{"to PostgreSQL what was SQLite", func(*testing.T) error {
			w.config.DatabaseURL = "postgres://127.0.0.1/none"
			defer func() { w.config.DatabaseURL = "" }()
			return w.restores(path)
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.act(t); err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestWhatCannotBeBackedUpIsRefused(t *testing.T) {
	w, path, _ := stopped(t, 1)
	take := func(path string) error {
		r, err := backup.Create(path)
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = r.Take(t.Context(), w.options())
		return err
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := take(open); !errors.Is(err, backup.ErrExposed) {
		t.Errorf("into a folder that others can read: %v", err)
	}
	letters := filepath.Join(t.TempDir(), "letters")
	if err := os.Mkdir(letters, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(letters, "letter.txt"), []byte("Dear Sir or Madam"))
	if err := take(letters); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("into a folder of something else: %v", err)
	}
	key := filepath.Join(gateway.Home(w.config.DataDir).Keys(), "account.key")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := take(path); !errors.Is(err, backup.ErrExposed) {
		t.Errorf("a key that others can read: %v", err)
	}
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	other := newWorld(t, "")
	other.stop()
	w.config = other.config
	if err := take(path); !errors.Is(err, embedded.ErrDiverged) {
		t.Errorf("another gateway's home: %v", err)
	}
}

// TestAPointInTimeIsABlock restores to blocks between backups. The database is that
// of the backup before, and what it does not know is said.
func TestAPointInTimeIsABlock(t *testing.T) {
	w, path, made := stopped(t, 3)
	r, err := backup.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first, last := made[0].Ledger.Blocks, made[2].Ledger.Blocks
	if _, err := r.Choose(backup.Wish{Block: first - 1}); !errors.Is(err, backup.ErrNone) {
		t.Errorf("a block before the first backup: %v", err)
	}
	if _, err := r.Choose(backup.Wish{At: made[0].MadeAt.Add(-time.Second)}); !errors.Is(err, backup.ErrNone) {
		t.Errorf("a time before the first backup: %v", err)
	}
	if c, err := r.Choose(backup.Wish{At: made[1].MadeAt.Add(time.Millisecond)}); err != nil || c.Manifest.Name != made[1].Name || c.Blocks != made[1].Ledger.Blocks {
		t.Errorf("a time after the second: %+v, %v", c, err)
	}
	beyond := 0
	for n := first; n <= last; n++ {
		v := w.restored(path, backup.Wish{Block: n})
		if v.Blocks != n || len(v.Missing) > 0 || v.Projection == nil || !v.Projection.OK() {
			t.Errorf("%d blocks: %+v", n, v)
		}
		exact := n == made[0].Ledger.Blocks || n == made[1].Ledger.Blocks || n == made[2].Ledger.Blocks
		if exact && !v.OK() {
			t.Errorf("%d blocks are those of a backup: %+v", n, v.Agreement)
		}
		if v.Later > 0 {
			beyond++
			if v.OK() && v.Continued == 0 {
				t.Errorf("%d blocks: %d transfers are later than the database, and nothing is said of them", n, v.Later)
			}
		}
		w.booksAreSound()
	}
	if beyond == 0 {
		t.Error("no block lay between two backups")
	}
	c, err := r.Choose(backup.Wish{Block: last + 1})
	if err != nil {
		t.Fatal(err)
	}
	w.config.DataDir = filepath.Join(t.TempDir(), "home")
	if err := r.Restore(t.Context(), c, &w.config); !errors.Is(err, backup.ErrNone) {
		t.Errorf("a block that nobody copied: %v", err)
	}
}

func TestOldBackupsAreRemovedAndTheRestStaysWhole(t *testing.T) {
	w, path, made := stopped(t, 3)
	r, err := backup.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	before := len(files(t, path))
	gone, err := r.Prune(2)
	if err != nil || len(gone) != 1 || gone[0] != made[0].Name {
		t.Errorf("removed %v: %v", gone, err)
	}
	if after := len(files(t, path)); after > before-2 {
		t.Errorf("%d files were there, %d are; want a manifest and a database less", before, after)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for _, m := range made[1:] {
		v := w.restored(path, backup.Wish{Name: m.Name})
		w.agrees(m.Name, &v)
	}
}
