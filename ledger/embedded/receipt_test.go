package embedded

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

func TestAReceiptIsProvisionalUntilACheckpoint(t *testing.T) {
	l := open(t, testOptions(t.TempDir()))
	found(t, l)
	for i := range 10 {
		submit(t, l, utility, converts(i*10, i*10+10)...)
	}
	r, err := l.Receipt(t.Context(), identifier(2, 42))
	if err != nil || !r.Provisional {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := r.Verify(testKeys()); !errors.Is(err, ledger.ErrReceiptProvisional) {
		t.Errorf("got %v, want ErrReceiptProvisional", err)
	}
	submit(t, l, utility, ledger.Command{ID: identifier(3, 0), Body: &ledger.Checkpoint{}})
	for i := range 100 {
		checkReceipt(t, l, identifier(2, i))
	}
	submit(t, l, utility, converts(100, 110)...)
	submit(t, l, utility, ledger.Command{ID: identifier(3, 1), Body: &ledger.Checkpoint{}})
	checkReceipt(t, l, identifier(1, 0))
	checkReceipt(t, l, identifier(2, 105))
	if _, err := l.Receipt(t.Context(), identifier(9, 9)); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// checkReceipt expects a receipt that proves its transfer, also after it went
// through JSON.
func checkReceipt(t testing.TB, l *Ledger, id ledger.ID) {
	t.Helper()
	r, err := l.Receipt(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ledger.ParseReceipt(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Verify(testKeys()); err != nil {
		t.Fatalf("receipt of %s: %v", id, err)
	}
	if r.Transfer.ID != id || len(b) > 8<<10 {
		t.Errorf("receipt of %s has %d bytes and is for %s", id, len(b), r.Transfer.ID)
	}
	var tx string
	if err := l.Blocks(t.Context(), r.Block, func(b Block) error { tx = b.Tx; return errDisk }); !errors.Is(err, errDisk) || tx != r.Batch.Tx {
		t.Errorf("block %d has transaction %q, receipt says %q", r.Block, tx, r.Batch.Tx)
	}
}

func TestCheckpointsAreTakenInTheBackground(t *testing.T) {
	opts := testOptions(t.TempDir())
	opts.CheckpointEvery = 2 * time.Millisecond
	l := open(t, opts)
	found(t, l)
	submit(t, l, utility, convert(0))
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		r, err := l.Receipt(t.Context(), identifier(2, 0))
		if err != nil {
			t.Fatal(err)
		}
		if !r.Provisional {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no checkpoint in ten seconds")
		}
	}
	checkReceipt(t, l, identifier(2, 0))
}

func TestAnIdleLedgerTakesNoCheckpoints(t *testing.T) {
	opts := testOptions(t.TempDir())
	l := open(t, opts)
	found(t, l)
	for range 3 {
		if err := l.checkpoint(); err != nil {
			t.Fatal(err)
		}
	}
	if l.chain.end.height != 3 {
		t.Errorf("%d blocks, want 3", l.chain.end.height)
	}
}

func TestClosingTakesALastCheckpoint(t *testing.T) {
	dir := small(t)
	l := open(t, testOptions(dir))
	checkReceipt(t, l, identifier(2, 139))
}

func TestANewKeySignsFromThenOn(t *testing.T) {
	dir := small(t)
	opts := testOptions(dir)
	opts.Signer.KeyID = "test-2"
	opts.Signer.Key = append([]byte(nil), opts.Signer.Key...)
	l := open(t, opts)
	submit(t, l, utility, convert(1000))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := Verify(t.Context(), dir, testKeys(), nil)
	if err != nil || len(report.Findings) != 1 {
		t.Fatalf("with the old key alone: %v, %v", report.Findings, err)
	}
	keys := testKeys()
	keys["test-2"] = keys["test-1"]
	if report, err := Verify(t.Context(), dir, keys, nil); err != nil || !report.OK() {
		t.Errorf("with both keys: %v, %v", report.Findings, err)
	}
}
