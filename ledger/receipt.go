package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/pointgrid/pointgrid/ledger/wire"
)

// ReceiptVersion is the version of the receipt's form.
const ReceiptVersion = 1

// ReceiptMax bounds the size of a receipt in bytes.
const ReceiptMax = 64 << 10

// Receipt proves that a transfer is on the ledger. Record, batch path and
// checkpoint path lead from the transfer to a signed checkpoint; Transfer says
// the same for people and is compared on verification.
//
// Block is where the ledger has the transaction: on the embedded ledger its own
// block, on Fabric the newest block that the checkpoint gathered, in or shortly
// before which the transaction lies.
type Receipt struct {
	Version     int              `json:"version"`
	Ledger      string           `json:"ledger"` // "embedded" or "fabric"
	Provisional bool             `json:"provisional"`
	Transfer    Transfer         `json:"transfer"`
	Record      []byte           `json:"record"` // canonical encoding of the transfer
	Index       uint32           `json:"index"`  // of the transfer in its batch
	Block       uint64           `json:"block"`
	Batch       BatchHeader      `json:"batch"`
	BatchPath   []Hash           `json:"batch_path"`
	Checkpoint  *CheckpointProof `json:"checkpoint,omitempty"`
}

// CheckpointProof leads from a batch to a checkpoint and carries who attests it.
type CheckpointProof struct {
	Record    CheckpointRecord `json:"record"`
	Path      []Hash           `json:"path"`
	Signature *Signature       `json:"signature,omitempty"` // on the embedded ledger
	Endorsed  []Endorsed       `json:"endorsed,omitempty"`  // on Fabric
}

// Endorsed is what companies' peers signed when they took a checkpoint: a
// response of the contract that carries the record.
type Endorsed struct {
	Payload []byte     `json:"payload"`
	By      []Endorser `json:"by"`
}

// Endorser is one peer's signature over a payload.
type Endorser struct {
	Company     string `json:"company"`     // MSP ID
	Certificate []byte `json:"certificate"` // X.509, DER
	Signature   []byte `json:"signature"`   // ECDSA, ASN.1
}

// Signature is an Ed25519 signature of the gateway over
// [CheckpointRecord.Statement].
type Signature struct {
	KeyID string `json:"key_id"`
	Value []byte `json:"value"`
}

// Errors of [Receipt.Verify]; the message says which part does not hold.
var (
	// ErrReceiptProvisional: the transfer is recorded, but no checkpoint covers it yet.
	ErrReceiptProvisional = errors.New("ledger: receipt is provisional: no checkpoint covers the transfer yet; fetch it again in a few seconds")
	// ErrReceiptInvalid: the receipt does not prove what it says.
	ErrReceiptInvalid = errors.New("ledger: receipt is not valid")
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrReceiptInvalid, fmt.Sprintf(format, args...))
}

// ParseReceipt reads a receipt's JSON, refusing unknown fields and more than
// [ReceiptMax] bytes.
func ParseReceipt(b []byte) (*Receipt, error) {
	if len(b) > ReceiptMax {
		return nil, invalid("%d bytes, at most %d", len(b), ReceiptMax)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var r Receipt
	if err := d.Decode(&r); err != nil {
		return nil, invalid("%v", err)
	}
	if d.More() {
		return nil, invalid("more than one JSON value")
	}
	return &r, nil
}

// Verify checks every field of a receipt of the embedded ledger against the
// gateway's public keys by key ID. It returns nil, [ErrReceiptProvisional] (all
// fields agree with each other, nobody attests them yet) or [ErrReceiptInvalid].
// Package ledger/fabric/proof verifies receipts of Fabric.
func (r *Receipt) Verify(keys map[string]ed25519.PublicKey) error {
	if r.Ledger != "embedded" {
		return invalid("ledger is %q, want \"embedded\"", r.Ledger)
	}
	paths := r.VerifyPaths()
	if paths != nil && !errors.Is(paths, ErrReceiptProvisional) {
		return paths
	}
	if err := r.verifyBlock(); err != nil {
		return err
	}
	if paths != nil {
		return paths
	}
	return r.verifySignature(keys)
}

// VerifyPaths checks what is the same on every ledger: that transfer, record,
// batch and checkpoint belong together. Who attests the checkpoint, and what
// says the block, is left to the caller. It returns what Verify does.
func (r *Receipt) VerifyPaths() error {
	if r.Version != ReceiptVersion {
		return invalid("version is %d, this program knows %d", r.Version, ReceiptVersion)
	}
	for _, check := range []func() error{r.verifyRecord, r.verifyBatch} {
		if err := check(); err != nil {
			return err
		}
	}
	if r.Provisional != (r.Checkpoint == nil) {
		return invalid("provisional is %t, but the checkpoint says otherwise", r.Provisional)
	}
	if r.Checkpoint == nil {
		return ErrReceiptProvisional
	}
	return r.verifyCheckpoint()
}

func (r *Receipt) verifyRecord() error {
	d := wire.NewDecoder(r.Record)
	t := ReadTransfer(d)
	if err := d.Close(); err != nil {
		return invalid("record: %v", err)
	}
	t.At, t.Window = r.Batch.At, r.Batch.Window
	if !reflect.DeepEqual(t, r.Transfer) {
		return invalid("transfer is not what the record says")
	}
	return nil
}

func (r *Receipt) verifyBatch() error {
	root, err := RootFromPath(LeafHash(r.Record), uint64(r.Index), uint64(r.Batch.Size), r.BatchPath)
	if err != nil {
		return invalid("batch path: %v", err)
	}
	if root != r.Batch.Root {
		return invalid("record and batch path do not lead to the batch's root")
	}
	return nil
}

// EmbeddedTx names the transaction of a block of the embedded ledger.
func EmbeddedTx(block uint64) string { return fmt.Sprintf("embedded-%d", block) }

func (r *Receipt) verifyBlock() error {
	if r.Batch.Tx != EmbeddedTx(r.Block) {
		return invalid("transaction %q is not that of block %d", r.Batch.Tx, r.Block)
	}
	return nil
}

func (r *Receipt) verifyCheckpoint() error {
	c := r.Checkpoint
	if r.Batch.Lane != c.Record.Lane || r.Batch.Number < c.Record.First || r.Batch.Number > c.Record.Last {
		return invalid("batch %d of lane %d is not covered by the checkpoint", r.Batch.Number, r.Batch.Lane)
	}
	root, err := RootFromPath(r.Batch.Leaf(), r.Batch.Number-c.Record.First, c.Record.Last-c.Record.First+1, c.Path)
	if err != nil {
		return invalid("checkpoint path: %v", err)
	}
	if root != c.Record.Root {
		return invalid("batch and checkpoint path do not lead to the checkpoint's root")
	}
	return nil
}

func (r *Receipt) verifySignature(keys map[string]ed25519.PublicKey) error {
	c := r.Checkpoint
	if len(c.Endorsed) != 0 {
		return invalid("endorsed by companies, as only receipts of Fabric are")
	}
	if c.Signature == nil {
		return invalid("checkpoint is not signed")
	}
	key, ok := keys[c.Signature.KeyID]
	if !ok {
		return invalid("signed with key %q, which is not among the keys given", c.Signature.KeyID)
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, c.Record.Statement(), c.Signature.Value) {
		return invalid("signature is not that of key %q over the checkpoint", c.Signature.KeyID)
	}
	return nil
}

// Hash returns the SHA-256 of the statement, by which the next checkpoint names
// this one.
func (c *CheckpointRecord) Hash() Hash { return sha256.Sum256(c.Statement()) }
