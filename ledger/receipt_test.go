package ledger_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// attested builds a receipt of the second of three transfers, in the third of
// five batches.
func attested(key ed25519.PrivateKey) ledger.Receipt {
	var records [][]byte
	var leaves, headers []ledger.Hash
	var transfers []ledger.Transfer
	for n := range 3 {
		transfer := ledger.Transfer{ID: someID.Step(n), Kind: ledger.KindIssue, At: 5, Window: 20463, Account: ledger.Account{1}, Amount: 7}
		e := wire.NewEncoder(nil)
		transfer.Append(e)
		transfers, records, leaves = append(transfers, transfer), append(records, e.Bytes()), append(leaves, ledger.LeafHash(e.Bytes()))
	}
	header := ledger.BatchHeader{Number: 12, Tx: ledger.EmbeddedTx(40), At: 5, Window: 20463, Size: 3, Root: ledger.MerkleRoot(leaves)}
	for n := range uint64(5) {
		h := header
		h.Number = 10 + n
		headers = append(headers, h.Leaf())
	}
	record := ledger.CheckpointRecord{Number: 4, First: 10, Last: 14, Root: ledger.MerkleRoot(headers), At: 6, Window: 20463}
	return ledger.Receipt{
		Version: ledger.ReceiptVersion, Ledger: "embedded", Transfer: transfers[1], Record: records[1], Index: 1, Block: 40,
		Batch: header, BatchPath: ledger.MerklePath(leaves, 1),
		Checkpoint: &ledger.CheckpointProof{Record: record, Path: ledger.MerklePath(headers, 2),
			Signature: &ledger.Signature{KeyID: "k", Value: ed25519.Sign(key, record.Statement())}},
	}
}

func TestAReceiptIsVerifiedInEveryField(t *testing.T) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	stranger, _, _ := ed25519.GenerateKey(nil)
	keys := map[string]ed25519.PublicKey{"k": public, "other": stranger, "short": public[:5]}
	whole := attested(key)
	if err := whole.Verify(keys); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*ledger.Receipt){
		"version":              func(r *ledger.Receipt) { r.Version = 2 },
		"ledger":               func(r *ledger.Receipt) { r.Ledger = "fabric" },
		"provisional":          func(r *ledger.Receipt) { r.Provisional = true },
		"no checkpoint":        func(r *ledger.Receipt) { r.Checkpoint = nil },
		"transfer":             func(r *ledger.Receipt) { r.Transfer.Reason = "x" },
		"record":               func(r *ledger.Receipt) { r.Record = append(bytes.Clone(r.Record), 0) },
		"index":                func(r *ledger.Receipt) { r.Index = 2 },
		"index beyond":         func(r *ledger.Receipt) { r.Index = 3 },
		"block":                func(r *ledger.Receipt) { r.Block = 41 },
		"transaction":          func(r *ledger.Receipt) { r.Batch.Tx = "embedded-41"; r.Block = 41 },
		"caller":               func(r *ledger.Receipt) { r.Batch.Caller.Subject = "x" },
		"batch number":         func(r *ledger.Receipt) { r.Batch.Number = 13 },
		"batch not covered":    func(r *ledger.Receipt) { r.Batch.Number = 15 },
		"lane":                 func(r *ledger.Receipt) { r.Batch.Lane = 1 },
		"batch path":           func(r *ledger.Receipt) { r.BatchPath = r.BatchPath[:1] },
		"checkpoint path":      func(r *ledger.Receipt) { r.Checkpoint.Path = nil },
		"checkpoint time":      func(r *ledger.Receipt) { r.Checkpoint.Record.At++ },
		"checkpoint root":      func(r *ledger.Receipt) { r.Checkpoint.Record.Root[3]++ },
		"no signature":         func(r *ledger.Receipt) { r.Checkpoint.Signature = nil },
		"unknown key":          func(r *ledger.Receipt) { r.Checkpoint.Signature.KeyID = "x" },
		"another's key":        func(r *ledger.Receipt) { r.Checkpoint.Signature.KeyID = "other" },
		"key that is no key":   func(r *ledger.Receipt) { r.Checkpoint.Signature.KeyID = "short" },
		"signature":            func(r *ledger.Receipt) { r.Checkpoint.Signature.Value[0]++ },
		"signature cut short":  func(r *ledger.Receipt) { r.Checkpoint.Signature.Value = nil },
		"covering no batch":    func(r *ledger.Receipt) { r.Checkpoint.Record.First, r.Checkpoint.Record.Last = 13, 12 },
		"record of no kind":    func(r *ledger.Receipt) { r.Record = nil },
		"window of the header": func(r *ledger.Receipt) { r.Batch.Window++; r.Transfer.Window++ },
	} {
		r := attested(key)
		change(&r)
		if err := r.Verify(keys); !errors.Is(err, ledger.ErrReceiptInvalid) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	provisional := attested(key)
	provisional.Checkpoint, provisional.Provisional = nil, true
	if err := provisional.Verify(keys); !errors.Is(err, ledger.ErrReceiptProvisional) {
		t.Errorf("a provisional receipt: %v", err)
	}
}

func TestAReceiptIsReadStrictly(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	b, err := json.Marshal(attested(key))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.ParseReceipt(b); err != nil || len(b) > 4096 {
		t.Errorf("a receipt of %d bytes: %v", len(b), err)
	}
	for name, wrong := range map[string][]byte{
		"nothing":               nil,
		"an unknown field":      bytes.Replace(b, []byte(`{"version"`), []byte(`{"extra":1,"version"`), 1),
		"another after it":      append(bytes.Clone(b), '{', '}'),
		"cut short":             b[:len(b)-1],
		"more than is allowed":  append(bytes.Clone(b), bytes.Repeat([]byte{' '}, ledger.ReceiptMax)...),
		"an amount as a number": bytes.Replace(b, []byte(`"amount":"7"`), []byte(`"amount":7`), 1),
	} {
		if _, err := ledger.ParseReceipt(wrong); !errors.Is(err, ledger.ErrReceiptInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzReceipt checks that nothing that can be read makes verifying panic, and
// that nothing unsigned verifies.
func FuzzReceipt(f *testing.F) {
	public, key, _ := ed25519.GenerateKey(nil)
	b, _ := json.Marshal(attested(key))
	f.Add(b)
	f.Add([]byte(`{"version":1,"ledger":"embedded","checkpoint":{}}`))
	none := map[string]ed25519.PublicKey{"other": public}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ledger.ParseReceipt(b)
		if err != nil {
			return
		}
		if err := r.Verify(none); err == nil {
			t.Error("a receipt verifies without its key")
		}
	})
}
