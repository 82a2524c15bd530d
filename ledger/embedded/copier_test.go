package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

// inSmallSegments makes a ledger whose segments are small, so that a copy has several.
func inSmallSegments(dir string) Options {
	o := testOptions(dir)
	o.segmentSize = 2 << 10
	return o
}

func copierOf(t *testing.T, from, into string) *Copier {
	t.Helper()
	c, err := OpenCopier(from, into)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// kept copies all that a ledger has and returns how far it goes.
func kept(t *testing.T, from, into string) Extent {
	t.Helper()
	c := copierOf(t, from, into)
	seen, err := c.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Copy(t.Context(), seen.Blocks)
	if err != nil || got != seen {
		t.Fatalf("copied %+v of %+v: %v", got, seen, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestACopyOfAnOpenLedgerOpensAsThatLedger(t *testing.T) {
	from, into := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	l := open(t, inSmallSegments(from))
	found(t, l)
	for n := range 30 {
		submit(t, l, utility, converts(20*n, 20*n+20)...)
		if n%7 == 0 {
			kept(t, from, into)
		}
	}
	got := kept(t, from, into)
	if want := l.chain.end; got.Blocks != want.height || got.Hash != want.hash {
		t.Fatalf("copied %d blocks, the ledger has %d", got.Blocks, want.height)
	}
	report, err := Verify(t.Context(), into, testKeys(), nil)
	if err != nil || !report.OK() || report.Hash != got.Hash {
		t.Fatalf("the copy: %+v, %v", report, err)
	}
	again := open(t, inSmallSegments(into))
	submit(t, again, utility, convert(10_000))
	if e, err := again.Find(t.Context(), identifier(2, 599)); err != nil || e.Transfer.Amount != 1000 {
		t.Errorf("the last conversion of the copy: %+v, %v", e, err)
	}
}

func TestACopyEndsWhereItIsTold(t *testing.T) {
	from := t.TempDir()
	l := open(t, inSmallSegments(from))
	found(t, l)
	for n := range 20 {
		submit(t, l, utility, converts(10*n, 10*n+10)...)
	}
	for _, until := range []uint64{1, 2, 3, 11, l.chain.end.height} {
		into := t.TempDir()
		c := copierOf(t, from, into)
		got, err := c.Copy(t.Context(), until)
		if err != nil || got.Blocks != until || c.Copied() != got {
			t.Fatalf("%d blocks: copied %+v, %v", until, got, err)
		}
		c.Close()
		if report, err := Verify(t.Context(), into, testKeys(), nil); err != nil || !report.OK() || report.Blocks != until {
			t.Errorf("%d blocks: %+v, %v", until, report, err)
		}
	}
	c := copierOf(t, from, t.TempDir())
	if _, err := c.Copy(t.Context(), l.chain.end.height+1); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a block too many: %v", err)
	}
}

func TestACopyIsRefusedWhatItIsNoBeginningOf(t *testing.T) {
	from, other, into := t.TempDir(), t.TempDir(), t.TempDir()
	l, stranger := open(t, testOptions(from)), open(t, testOptions(other))
	found(t, l)
	found(t, stranger)
	submit(t, l, utility, convert(1))
	submit(t, stranger, utility, convert(2))
	kept(t, from, into)
	if _, err := OpenCopier(other, into); !errors.Is(err, ErrDiverged) {
		t.Errorf("blocks of another ledger: %v", err)
	}
	submit(t, stranger, utility, convert(3))
	submit(t, stranger, utility, convert(4))
	if _, err := OpenCopier(other, into); !errors.Is(err, ErrDiverged) {
		t.Errorf("more blocks of another ledger: %v", err)
	}
	if _, err := OpenCopier(t.TempDir(), into); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder without a ledger: %v", err)
	}
}

func TestABlockThatIsBeingWrittenIsLeftForTheNextTime(t *testing.T) {
	from, into := t.TempDir(), t.TempDir()
	l := open(t, testOptions(from))
	found(t, l)
	segment := filepath.Join(from, segmentName(1))
	before := bytesOf(t, segment)
	submit(t, l, utility, convert(1))
	after := bytesOf(t, segment)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(from, tipFile)); err != nil {
		t.Fatal(err)
	}
	whole := uint64(2) // the alliance is founded in two
	for size := len(before); size < len(after); size += 7 {
		put(t, segment, after[:size])
		c := copierOf(t, from, into)
		seen, err := c.Look(t.Context())
		if err != nil || seen.Blocks != whole {
			t.Fatalf("%d bytes: %+v, %v", size, seen, err)
		}
		if got, err := c.Copy(t.Context(), seen.Blocks); err != nil || got.Blocks != whole {
			t.Fatalf("%d bytes: copied %+v, %v", size, got, err)
		}
		c.Close()
	}
	put(t, segment, after)
	if got := kept(t, from, into); got.Blocks != whole+1 {
		t.Errorf("once it is written: %+v", got)
	}
}

func TestACopyOfDamagedBlocksIsRefused(t *testing.T) {
	from := t.TempDir()
	l := open(t, testOptions(from))
	found(t, l)
	for n := range 10 {
		submit(t, l, utility, convert(n))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	segment := filepath.Join(from, segmentName(1))
	good := bytesOf(t, segment)
	for at := 0; at < len(good); at += 41 {
		bad := append([]byte(nil), good...)
		bad[at] ^= 0x10
		put(t, segment, bad)
		c, err := OpenCopier(from, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Look(context.Background())
		c.Close()
		if !errors.Is(err, ledger.ErrDamaged) {
			t.Errorf("byte %d changed: %v", at, err)
		}
	}
}

func bytesOf(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
