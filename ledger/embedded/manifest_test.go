package embedded

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

func TestADamagedManifestIsNotTakenForItsEnd(t *testing.T) {
	dir := small(t)
	found, err := filepath.Glob(inside(dir, stateDir+"/MANIFEST-*"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	whole, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for at := 0; at < len(whole); at += chunk(whole[at:]) {
		last = at
	}
	if last == 0 || unreadable(whole) != len(whole) {
		t.Fatalf("last of %d bytes begins at %d", len(whole), last)
	}
	for at := range last {
		b := bytes.Clone(whole)
		b[at] ^= 1 << (at % 8)
		os.WriteFile(found[0], b, 0o600)
		if err := checkManifest(inside(dir, stateDir)); !errors.Is(err, ledger.ErrDamaged) {
			t.Fatalf("byte %d: got %v", at, err)
		}
	}
	for size := last; size <= len(whole); size++ {
		os.WriteFile(found[0], whole[:size], 0o600)
		if err := checkManifest(inside(dir, stateDir)); err != nil {
			t.Fatalf("cut to %d bytes, as by a crash: %v", size, err)
		}
	}
}
