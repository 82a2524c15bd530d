package embedded

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

func TestWhatWasSubmittedIsThereAfterReopening(t *testing.T) {
	opts := testOptions(t.TempDir())
	l := open(t, opts)
	found(t, l)
	want := submit(t, l, utility, converts(0, 100)...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, opts)
	for i, r := range want {
		e, err := l.Find(t.Context(), identifier(2, i))
		if err != nil || e.Locator != r.Entry.Locator || e.Transfer.At != epoch {
			t.Fatalf("transfer %d: %+v, %v", i, e, err)
		}
	}
	again := submit(t, l, utility, converts(0, 100)...)
	for i := range again {
		if !again[i].Replayed {
			t.Fatalf("command %d was carried out twice", i)
		}
	}
	report := verifyOpenCopy(t, l, opts.Dir)
	if report.Transfers != 104 || report.Checkpoints != 1 || len(report.Programmes) != 2 {
		t.Errorf("report says %+v", report)
	}
}

// verifyOpenCopy verifies what a crash would leave now.
func verifyOpenCopy(t testing.TB, l *Ledger, dir string) Report {
	t.Helper()
	l.writing.Lock()
	defer l.writing.Unlock()
	return verify(t, crashCopy(t, dir))
}

func TestAStoppedLedgerVerifies(t *testing.T) {
	dir := small(t)
	var last Progress
	report, err := Verify(t.Context(), dir, testKeys(), func(p Progress) { last = p })
	if err != nil || !report.OK() || !report.Stopped || report.StateBlocks != report.Blocks {
		t.Fatalf("%+v, %v", report, err)
	}
	if report.Transfers != 4+140+1 || report.Checkpoints != 2 || last.Done != last.Total || last.Blocks != report.Blocks {
		t.Errorf("%+v after %+v", report, last)
	}
}

func TestRefusedCommandsAndReplaysLeaveNoBlock(t *testing.T) {
	l := open(t, testOptions(t.TempDir()))
	found(t, l)
	submit(t, l, utility, convert(0))
	before := l.chain.end
	poor := ledger.Command{ID: identifier(4, 0), Body: &ledger.Hold{Account: member(999), Amount: 5, To: "mall"}}
	results, err := l.Submit(t.Context(), utility, convert(0), poor, ledger.Command{})
	if err != nil {
		t.Fatal(err)
	}
	if !results[0].Replayed || results[1].Code != ledger.CodeInsufficientPoints || results[2].Code != ledger.CodeInvalid {
		t.Errorf("got %+v", results)
	}
	if l.chain.end != before {
		t.Error("a block was written")
	}
	submit(t, l, utility, convert(1))
	if _, err := l.Submit(t.Context(), utility, poor, convert(2), convert(0), convert(3)); err != nil {
		t.Fatal(err)
	}
	var last Block
	if err := l.Blocks(t.Context(), l.chain.end.height-1, func(b Block) error { last = b; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(last.Commands) != 2 || last.Commands[0].ID != identifier(2, 2) || last.Commands[1].ID != identifier(2, 3) {
		t.Errorf("block carries %v", last.Commands)
	}
}

func TestBlocksTellWhatWasDone(t *testing.T) {
	l := open(t, testOptions(t.TempDir()))
	found(t, l)
	submit(t, l, utility, converts(0, 3)...)
	submit(t, l, utility, ledger.Command{ID: identifier(3, 0), Body: &ledger.Checkpoint{}})
	var blocks []Block
	if err := l.Blocks(t.Context(), 0, func(b Block) error { blocks = append(blocks, b); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(blocks) != 4 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for i, b := range blocks {
		if b.Number != uint64(i) || b.Tx != ledger.EmbeddedTx(b.Number) || (b.Signature != nil) != (i == 3) {
			t.Errorf("block %d is %+v", i, b)
		}
		if i > 0 && b.Previous != blocks[i-1].Hash {
			t.Errorf("block %d does not follow", i)
		}
	}
	if b := blocks[1]; b.Caller != airline || len(b.Commands) != 1 {
		t.Errorf("block 1 is %+v", b)
	}
	stop := errors.New("stop")
	if err := l.Blocks(t.Context(), 2, func(Block) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

func TestCheckTellsAndDoesNothing(t *testing.T) {
	l := open(t, testOptions(t.TempDir()))
	found(t, l)
	before := l.chain.end
	would, err := l.Check(t.Context(), utility, convert(0))
	if err != nil || would.Code != ledger.CodeOK || would.Entry.Transfer.Amount != 1000 {
		t.Errorf("%+v, %v", would, err)
	}
	if _, err := l.Find(t.Context(), identifier(2, 0)); !errors.Is(err, ledger.ErrNotFound) || l.chain.end != before {
		t.Errorf("Check did something: %v", err)
	}
	r, err := l.Check(t.Context(), airline, convert(0))
	if err != nil || r.Code != ledger.CodeNotPermitted {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTimeOnTheLedgerNeverGoesBack(t *testing.T) {
	now := clock()
	opts := testOptions(t.TempDir())
	opts.Clock = func() time.Time { return now }
	l := open(t, opts)
	found(t, l)
	now = now.Add(time.Hour)
	submit(t, l, utility, convert(0))
	now = now.Add(-2 * time.Hour)
	r := submit(t, l, utility, convert(1))
	if want := int64(epoch + 3_600_000); r[0].Entry.Transfer.At != want {
		t.Errorf("time is %d, want %d", r[0].Entry.Transfer.At, want)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, opts)
	r = submit(t, l, utility, convert(2))
	if want := int64(epoch + 3_600_000); r[0].Entry.Transfer.At != want {
		t.Errorf("after reopening, time is %d, want %d", r[0].Entry.Transfer.At, want)
	}
}

func TestAStateThatWasDeletedIsBuiltAgain(t *testing.T) {
	dir := small(t)
	before := verify(t, dir)
	if err := os.RemoveAll(inside(dir, stateDir)); err != nil {
		t.Fatal(err)
	}
	l := open(t, testOptions(dir))
	if e, err := l.Find(t.Context(), identifier(2, 77)); err != nil || e.Transfer.ID != identifier(2, 77) {
		t.Errorf("%+v, %v", e, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if after := verify(t, dir); after.Blocks != before.Blocks || after.Transfers != before.Transfers {
		t.Errorf("%+v became %+v", before, after)
	}
}

func TestAFolderInUseIsRefused(t *testing.T) {
	opts := testOptions(t.TempDir())
	l := open(t, opts)
	if _, err := Open(opts); !errors.Is(err, ledger.ErrInUse) || !strings.Contains(err.Error(), opts.Dir) {
		t.Errorf("Open: got %v, want ErrInUse that names the folder", err)
	}
	if _, err := Verify(t.Context(), opts.Dir, testKeys(), nil); !errors.Is(err, ledger.ErrInUse) {
		t.Errorf("Verify: got %v, want ErrInUse", err)
	}
	found(t, l)
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	dir := small(t)
	name := inside(dir, formatFile)
	os.WriteFile(name, []byte("pointgrid embedded ledger, format 2\n"), 0o600)
	if _, err := Open(testOptions(dir)); err == nil || errors.Is(err, ledger.ErrDamaged) || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("got %v, want an error that names format 2", err)
	}
	os.WriteFile(name, []byte("something else"), 0o600)
	if _, err := Open(testOptions(dir)); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
	os.Remove(name)
	if _, err := Open(testOptions(dir)); !errors.Is(err, ledger.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
}

func TestVerifyOfWhatIsNoLedgerSaysSo(t *testing.T) {
	if _, err := Verify(t.Context(), t.TempDir(), nil, nil); err == nil || !strings.Contains(err.Error(), "holds no ledger") {
		t.Errorf("got %v", err)
	}
}

func TestAClosedLedgerAnswersErrClosed(t *testing.T) {
	l := open(t, testOptions(t.TempDir()))
	found(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, err := l.Submit(ctx, utility, convert(0))
	errs := []error{err}
	_, err = l.Find(ctx, identifier(2, 0))
	errs = append(errs, err)
	_, err = l.Check(ctx, utility, convert(0))
	errs = append(errs, err, l.Blocks(ctx, 0, nil), l.Balances(ctx, "EPT", nil))
	for i, err := range errs {
		if !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("call %d: got %v, want ErrClosed", i, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestReadersEndWithTheirContext(t *testing.T) {
	l := open(t, testOptions(t.TempDir()))
	found(t, l)
	submit(t, l, utility, converts(0, 10)...)
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	err := l.Transfers(ctx, window, func(ledger.Entry) error { seen++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || seen != 1 {
		t.Errorf("%d transfers, then %v", seen, err)
	}
	if err := l.Blocks(ctx, 0, func(Block) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestReadersSeeWholeBatches(t *testing.T) {
	l := open(t, testOptions(t.TempDir()))
	found(t, l)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		for i := range 100 {
			submit(t, l, utility, converts(i*10, i*10+10)...)
		}
	})
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		var sum int64
		err := l.Balances(t.Context(), "EPT", func(b ledger.Balance) error { sum += b.Amount; return nil })
		if err != nil || sum != 0 {
			t.Fatalf("balances sum to %d, %v", sum, err)
		}
		n := 0
		if err := l.Transfers(t.Context(), window, func(ledger.Entry) error { n++; return nil }); err != nil || n%10 != 4 {
			t.Fatalf("%d transfers, %v", n, err)
		}
	}
	wg.Wait()
}

func TestOptionsAreChecked(t *testing.T) {
	for name, spoil := range map[string]func(*Options){
		"no folder":         func(o *Options) { o.Dir = "" },
		"no clock":          func(o *Options) { o.Clock = nil },
		"no key":            func(o *Options) { o.Signer.Key = nil },
		"no key ID":         func(o *Options) { o.Signer.KeyID = "" },
		"negative interval": func(o *Options) { o.CheckpointEvery = -1 },
		"tiny cache":        func(o *Options) { o.CacheBytes = 1 },
		"batch too large":   func(o *Options) { o.BatchMax = ledger.BatchMax + 1 },
	} {
		opts := testOptions(t.TempDir())
		spoil(&opts)
		if l, err := Open(opts); err == nil {
			t.Errorf("%s: was accepted", name)
			l.Close()
		}
	}
}

func TestObserveMeasuresEachBatch(t *testing.T) {
	var samples []Sample
	opts := testOptions(t.TempDir())
	opts.Observe = func(s Sample) { samples = append(samples, s) }
	opts.Timer = time.Now
	l := open(t, opts)
	found(t, l)
	if _, err := l.Submit(t.Context(), utility, convert(0), ledger.Command{}); err != nil {
		t.Fatal(err)
	}
	s := samples[2]
	if s.Commands != 2 || s.CarriedOut != 1 || s.Bytes < 200 || s.Execute <= 0 || s.Sync <= 0 || s.Commit <= 0 {
		t.Errorf("sample is %+v", s)
	}
}

// TestATransactionDoesNotSeeItsOwnWrites is what makes this home behave like
// Fabric, where the contract would otherwise fail only in production.
func TestATransactionDoesNotSeeItsOwnWrites(t *testing.T) {
	s, err := openStore(t.TempDir(), storeOptions{cacheBytes: 1 << 20, logger: logTo(&bytes.Buffer{})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close(false)
	if err := s.commit([]write{{"a", []byte("1")}, {"c", []byte("3")}}, nil, position{height: 1}); err != nil {
		t.Fatal(err)
	}
	tx := &transaction{Reader: s}
	for _, step := range []error{tx.Delete("a"), tx.Put("b", []byte("2")), tx.Put("c", []byte("4"))} {
		if step != nil {
			t.Fatal(step)
		}
	}
	if got := content(t, tx); got != "a=1 c=3" {
		t.Errorf("the transaction sees %q", got)
	}
	if got := content(t, after{tx}); got != "b=2 c=4" {
		t.Errorf("after it there is %q", got)
	}
	for name, err := range map[string]error{"descending": tx.Put("b", nil), "twice": tx.Put("c", nil), "not ASCII": tx.Put("\x00d", nil)} {
		if err == nil {
			t.Errorf("a key that is %s was accepted", name)
		}
	}
}

func content(t testing.TB, r chaincode.Reader) string {
	t.Helper()
	var all []string
	if err := r.Range("", "", func(key string, value []byte) bool {
		if key[0] != 0 {
			all = append(all, key+"="+string(value))
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	values, err := r.Get("a", "b", "c")
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range []string{"a", "b", "c"} {
		want := strings.Contains(strings.Join(all, " "), key+"=")
		if (values[i] != nil) != want {
			t.Errorf("Get and Range disagree about %s", key)
		}
	}
	return strings.Join(all, " ")
}
