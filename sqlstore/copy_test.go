package sqlstore_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/exchange"
	"github.com/pointgrid/pointgrid/exchange/exchangetest"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// TestACopyShowsOneInstant copies a store again and again while it is written to.
// What was acknowledged before a copy's instant is in it, and what began after the
// instant is not.
func TestACopyShowsOneInstant(t *testing.T) {
	path := newFile(t)
	s, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	begun, stored := map[ledger.ID]bool{}, map[ledger.ID]bool{}
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				c := sample(uint64(1 + w*100_000 + n))
				mu.Lock()
				begun[c.ID] = true
				mu.Unlock()
				if _, err := exchangetest.Create(ctx, s, c); err != nil {
					return // the test is over
				}
				mu.Lock()
				stored[c.ID] = true
				mu.Unlock()
			}
		})
	}
	for range 5 {
		into := filepath.Join(t.TempDir(), "copy.db")
		must, may := map[ledger.ID]bool{}, map[ledger.ID]bool{}
		note := func() error {
			mu.Lock()
			defer mu.Unlock()
			for id := range stored {
				must[id] = true
			}
			for id := range begun {
				may[id] = true
			}
			return nil
		}
		at, err := sqlstore.CopyFile(ctx, path, into, note)
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		all := maps.Clone(begun)
		mu.Unlock()
		checkCopy(t, into, at, func(id ledger.ID) (bool, bool) { return must[id], all[id] && !may[id] }, all)
	}
	stop()
	writers.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkCopy holds a copy to what must be in it and what must not.
func checkCopy(t *testing.T, path string, at sqlstore.Instant, rule func(ledger.ID) (must, mustNot bool), all map[ledger.ID]bool) {
	t.Helper()
	known, err := sqlstore.Version()
	if err != nil || at.Version != known {
		t.Errorf("the copy has migration %d, this program %d: %v", at.Version, known, err)
	}
	if version, err := sqlstore.CheckFile(t.Context(), path); err != nil || version != known {
		t.Errorf("checking the copy: %d, %v", version, err)
	}
	s := openAt(t, path)
	for id := range all {
		_, err := s.Conversion(t.Context(), id)
		if err != nil && !errors.Is(err, exchange.ErrNotFound) {
			t.Fatal(err)
		}
		switch must, mustNot := rule(id); {
		case must && err != nil:
			t.Errorf("conversion %s was stored before the copy and is not in it", id)
		case mustNot && err == nil:
			t.Errorf("conversion %s began after the copy and is in it", id)
		}
	}
}

func TestAFileThatIsNoStoreIsNotCopied(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(foreign, []byte("Dear Sir or Madam"), 0o600); err != nil {
		t.Fatal(err)
	}
	never := func() error { t.Error("there is nothing to cut"); return nil }
	if _, err := sqlstore.CopyFile(t.Context(), foreign, filepath.Join(dir, "a"), never); !errors.Is(err, sqlstore.ErrForeign) {
		t.Errorf("a letter: %v", err)
	}
	if _, err := sqlstore.CopyFile(t.Context(), filepath.Join(dir, "none"), filepath.Join(dir, "b"), never); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files are there", len(entries))
	}
}
