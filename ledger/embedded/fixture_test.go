package embedded

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

var (
	utility = ledger.Identity{MSP: "UtilityMSP", Subject: "gateway"}
	airline = ledger.Identity{MSP: "AirlineMSP", Subject: "loyalty"}
)

// epoch is when the tests play: 2026-01-10 00:00 UTC.
const epoch = 1_768_003_200_000

// window is the first business day of the tests' ledgers.
const window ledger.Date = 20463

func clock() time.Time { return time.UnixMilli(epoch) }

func testSigner() Signer {
	return Signer{KeyID: "test-1", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
}

func testKeys() map[string]ed25519.PublicKey {
	s := testSigner()
	return map[string]ed25519.PublicKey{s.KeyID: s.Key.Public().(ed25519.PublicKey)}
}

func testOptions(dir string) Options {
	return Options{Dir: dir, Clock: clock, Signer: testSigner(), Checkpointer: utility, CacheBytes: 4 << 20}
}

func open(t testing.TB, opts Options) *Ledger {
	t.Helper()
	l, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil && l.failed() == nil {
			t.Error(err)
		}
	})
	return l
}

// identifier returns the n-th of a series of IDs, 50 to the millisecond.
func identifier(series byte, n int) ledger.ID {
	var random [10]byte
	binary.BigEndian.PutUint64(random[2:], uint64(series)<<56|uint64(n)*0x9e3779b97f4a7c15>>8)
	return ledger.NewID(time.UnixMilli(epoch+int64(n/50)), random)
}

func member(n int) (a ledger.Account) {
	binary.BigEndian.PutUint64(a[:], uint64(n+1)*0x9e3779b97f4a7c15)
	return a
}

func testTerms() ledger.Terms {
	return ledger.Terms{
		Partner: "sky", Direction: ledger.In, Version: 1, Rate: ledger.Rate{FromUnits: 3_000_000, ToUnits: 2_000_000},
		Step: 1, Min: 1, Max: 1_000_000, Price: 10_000, FeeBPS: 50, FeePayer: ledger.FeeMember,
		ExposureCap: 1_000_000_000_000_000_000, LockSeconds: 7 * 86400, LotMonths: 24,
	}
}

// found gives the ledger an alliance with one partner and an agreement.
func found(t testing.TB, l *Ledger) {
	t.Helper()
	terms := testTerms()
	submit(t, l, utility,
		ledger.Command{ID: identifier(1, 0), Body: &ledger.Initialise{Hub: "EPT", Window: window}},
		ledger.Command{ID: identifier(1, 1), Body: &ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: airline.MSP}},
		ledger.Command{ID: identifier(1, 2), Body: &ledger.ProposeAgreement{Terms: terms}})
	submit(t, l, airline,
		ledger.Command{ID: identifier(1, 3), Body: &ledger.AcceptAgreement{Agreement: identifier(1, 2), Hash: terms.Hash()}})
}

var conversion = func() func(id ledger.ID, account ledger.Account) ledger.Command {
	terms := testTerms()
	amounts, _ := terms.Convert(1000, 0)
	hash := terms.Hash()
	return func(id ledger.ID, account ledger.Account) ledger.Command {
		return ledger.Command{ID: id, Body: &ledger.ConvertIn{Account: account, Reference: "4711-0815-2026", Leg: ledger.LegTerms{
			Partner: "sky", Agreement: identifier(1, 2), Hash: hash, LockedAt: epoch, From: 1000, To: amounts.To,
		}}}
	}
}()

// convert returns the n-th conversion of the tests' workload.
func convert(n int) ledger.Command { return conversion(identifier(2, n), member(n%1000)) }

func converts(from, to int) (commands []ledger.Command) {
	for n := from; n < to; n++ {
		commands = append(commands, convert(n))
	}
	return commands
}

func submit(t testing.TB, l *Ledger, who ledger.Identity, commands ...ledger.Command) []ledger.Result {
	t.Helper()
	results, err := l.Submit(context.Background(), who, commands...)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Code != ledger.CodeOK {
			t.Fatalf("command %d, a %s: %s: %s", i, commands[i].Body.Kind(), r.Code, r.Message)
		}
	}
	return results
}

// verify expects a verification to succeed and returns its report.
func verify(t testing.TB, dir string) Report {
	t.Helper()
	report, err := Verify(context.Background(), dir, testKeys(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Errorf("verification found: %s", f)
	}
	return report
}

// small makes a stopped ledger with a little of everything in several segments
// and returns its folder.
func small(t testing.TB) string {
	t.Helper()
	opts := testOptions(t.TempDir())
	opts.segmentSize = 4000
	l := open(t, opts)
	found(t, l)
	for i := range 20 {
		submit(t, l, utility, converts(i*7, i*7+7)...)
		if i == 10 {
			submit(t, l, utility, ledger.Command{ID: identifier(3, 0), Body: &ledger.Checkpoint{}})
			submit(t, l, utility, ledger.Command{ID: identifier(3, 1), Body: &ledger.CloseWindow{Window: window, Next: window + 1}})
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return opts.Dir
}

// crashCopy copies the folder of an open ledger as a crash would leave it.
func crashCopy(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// faultyDisk is a disk that fails when told to.
type faultyDisk struct {
	realDisk
	failWrite, failSync atomic.Bool
	syncs               atomic.Int64
}

type faultyFile struct {
	file
	disk *faultyDisk
}

var errDisk = errors.New("the disk is broken")

func (d *faultyDisk) open(path string) (file, error) {
	f, err := d.realDisk.open(path)
	return &faultyFile{f, d}, err
}

func (f *faultyFile) Write(b []byte) (int, error) {
	if f.disk.failWrite.Load() {
		n, _ := f.file.Write(b[:len(b)/2])
		return n, errDisk
	}
	return f.file.Write(b)
}

func (f *faultyFile) Sync() error {
	f.disk.syncs.Add(1)
	if f.disk.failSync.Load() {
		return errDisk
	}
	return f.file.Sync()
}

// flip changes one bit of a file.
func flip(t testing.TB, name string, at int64, bit uint) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 1 << bit
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// logTo returns a logger that a test can read.
func logTo(w interface{ Write([]byte) (int, error) }) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, nil))
}

// inside returns a path in a ledger's folder.
func inside(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
