package embedded

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

func TestAFailedSyncStopsAllWriting(t *testing.T) {
	for name, spoil := range map[string]func(*faultyDisk){
		"sync":  func(d *faultyDisk) { d.failSync.Store(true) },
		"write": func(d *faultyDisk) { d.failWrite.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			disk := &faultyDisk{}
			opts := testOptions(t.TempDir())
			opts.disk = disk
			l := open(t, opts)
			found(t, l)
			submit(t, l, utility, convert(0))
			spoil(disk)
			if _, err := l.Submit(t.Context(), utility, convert(1)); !errors.Is(err, ledger.ErrOutcomeUnknown) {
				t.Errorf("got %v, want ErrOutcomeUnknown", err)
			}
			disk.failSync.Store(false)
			disk.failWrite.Store(false)
			syncs := disk.syncs.Load()
			if _, err := l.Submit(t.Context(), utility, convert(2)); !errors.Is(err, ledger.ErrClosed) || !strings.Contains(err.Error(), errDisk.Error()) {
				t.Errorf("afterwards: got %v, want ErrClosed that says why", err)
			}
			if _, err := l.Find(t.Context(), identifier(2, 0)); err != nil {
				t.Errorf("reading: %v", err)
			}
			if _, err := l.Find(t.Context(), identifier(2, 1)); !errors.Is(err, ledger.ErrNotFound) {
				t.Errorf("what may not be durable is visible: %v", err)
			}
			l.Close()
			if disk.syncs.Load() != syncs {
				t.Error("sync was tried again")
			}
			if _, err := os.Stat(inside(opts.Dir, tipFile)); err == nil {
				t.Error("the ledger says that it was stopped in order")
			}
			again := open(t, testOptions(opts.Dir))
			submit(t, again, utility, converts(0, 3)...)
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			verify(t, opts.Dir)
		})
	}
}

func TestAllWhoWaitLearnOfAFailedSync(t *testing.T) {
	disk := &faultyDisk{}
	opts := testOptions(t.TempDir())
	opts.disk = disk
	l := open(t, opts)
	found(t, l)
	disk.failSync.Store(true)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_, err := l.Submit(t.Context(), utility, convert(i))
			if !errors.Is(err, ledger.ErrOutcomeUnknown) && !errors.Is(err, ledger.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
}

func TestBlocksThatTheStateIsAheadOfAreMissing(t *testing.T) {
	dir := small(t)
	os.Remove(inside(dir, tipFile))
	os.Remove(inside(dir, sumsFile))
	last := inside(dir, lastSegment(t, dir))
	b, _ := os.ReadFile(last)
	if err := os.WriteFile(last, b[:len(b)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testOptions(dir)); !errors.Is(err, ledger.ErrDamaged) || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v, want ErrDamaged", err)
	}
}

func lastSegment(t testing.TB, dir string) string {
	t.Helper()
	n, err := (&folder{path: dir}).segments()
	if err != nil {
		t.Fatal(err)
	}
	return segmentName(n)
}

func TestAStateOfAnotherLedgerIsRefused(t *testing.T) {
	dir, other := small(t), t.TempDir()
	opts := testOptions(other)
	l := open(t, opts)
	found(t, l)
	submit(t, l, utility, converts(500, 510)...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{tipFile, sumsFile, stateDir} {
		if err := os.RemoveAll(inside(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(inside(dir, stateDir), os.DirFS(inside(other, stateDir))); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testOptions(dir)); !errors.Is(err, ledger.ErrDamaged) || !strings.Contains(err.Error(), "other blocks") {
		t.Errorf("Open: got %v, want ErrDamaged", err)
	}
	report, err := Verify(t.Context(), dir, testKeys(), nil)
	if err != nil || report.OK() {
		t.Errorf("Verify: %+v, %v", report, err)
	}
}

// TestADamagedStateSaysHowToRebuildIt covers what Pebble makes of its files.
func TestADamagedStateSaysHowToRebuildIt(t *testing.T) {
	dir := small(t)
	entries, err := os.ReadDir(inside(dir, stateDir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "MANIFEST") && !strings.HasPrefix(e.Name(), "OPTIONS") {
			continue
		}
		hurt := crashCopy(t, dir)
		flip(t, inside(hurt, stateDir+"/"+e.Name()), 20, 3)
		_, err := Open(testOptions(hurt))
		if !errors.Is(err, ledger.ErrDamaged) || !strings.Contains(err.Error(), e.Name()) || !strings.Contains(err.Error(), "delete the folder state") {
			t.Fatalf("%s: got %v", e.Name(), err)
		}
		if err := os.RemoveAll(inside(hurt, stateDir)); err != nil {
			t.Fatal(err)
		}
		l := open(t, testOptions(hurt))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		verify(t, hurt)
	}
}

func TestATornBlockIsReportedAndRemoved(t *testing.T) {
	opts := testOptions(t.TempDir())
	l := open(t, opts)
	found(t, l)
	submit(t, l, utility, converts(0, 10)...)
	dir := crashCopy(t, opts.Dir)
	last := inside(dir, segmentName(1))
	b, _ := os.ReadFile(last)
	if err := os.WriteFile(last, b[:len(b)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := Verify(t.Context(), dir, testKeys(), nil)
	if err != nil || !report.OK() || report.Torn == 0 || report.Blocks != 2 || report.Stopped {
		t.Errorf("%+v, %v", report, err)
	}
	var log bytes.Buffer
	again := testOptions(dir)
	again.Logger = logTo(&log)
	l = open(t, again)
	if !strings.Contains(log.String(), "block=2") {
		t.Errorf("no warning in %s", log.String())
	}
	submit(t, l, utility, converts(0, 10)...)
}

// TestABlockThatDoesNotGiveItsWritesIsFound rewrites a block as somebody could
// who knows the format: hashes and chain are right, what it did is not.
func TestABlockThatDoesNotGiveItsWritesIsFound(t *testing.T) {
	opts := testOptions(t.TempDir())
	l := open(t, opts)
	found(t, l)
	submit(t, l, utility, convert(0))
	l.writing.Lock()
	forged := &Block{Tx: ledger.EmbeddedTx(3), At: epoch, Caller: utility, Commands: []ledger.Command{convert(1)}}
	if _, err := l.chain.append(forged); err != nil {
		t.Fatal(err)
	}
	l.writing.Unlock()
	dir := crashCopy(t, opts.Dir)
	report, err := Verify(t.Context(), dir, testKeys(), nil)
	if err != nil || len(report.Findings) != 1 || report.Findings[0].Block != 3 || !strings.Contains(report.Findings[0].What, "it wrote") {
		t.Errorf("%v, %v", report.Findings, err)
	}
	if _, err := Open(testOptions(dir)); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("Open: got %v, want ErrDamaged", err)
	}
}

func TestAForgedSignatureIsFound(t *testing.T) {
	dir := small(t)
	keys := testKeys()
	other := append([]byte(nil), keys["test-1"]...)
	other[0] ^= 1
	keys["test-1"] = other
	report, err := Verify(t.Context(), dir, keys, nil)
	if err != nil || len(report.Findings) != 2 || !strings.Contains(report.Findings[0].What, "signature of checkpoint 0") {
		t.Errorf("%v, %v", report.Findings, err)
	}
}
