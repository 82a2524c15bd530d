package embedded

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
)

// Options say where a ledger is and how it works.
type Options struct {
	// Dir is the ledger's folder; it is made when missing. Required.
	Dir string
	// Clock gives the time of transactions; it is called from several goroutines.
	// Should it go back, transactions keep the time of the last. Required.
	Clock func() time.Time
	// Signer signs checkpoints. Required.
	Signer Signer
	// CheckpointEvery is how often what has come in is gathered into a signed
	// checkpoint; 0 never does by itself.
	CheckpointEvery time.Duration
	// Checkpointer gives those checkpoints.
	Checkpointer ledger.Identity
	// QueueMax and BatchMax bound the commands that wait and those of one batch;
	// 0 is the lane's own. See [github.com/pointgrid/pointgrid/ledger/lane].
	QueueMax, BatchMax int
	// CacheBytes bounds the memory for what is read from the state, at least
	// 1 MiB; 0 is [CacheDefault].
	CacheBytes int64
	// Logger hears what an operator should know; nil is silence.
	Logger *slog.Logger
	// Observe is called after every batch, from the one goroutine that executes
	// them; it must be quick. Nil is allowed.
	Observe func(Sample)
	// Timer measures for Observe, and tells reads that wait for the disk. Without it
	// durations are zero.
	Timer func() time.Time

	// For tests: a disk with faults, and small files.
	disk        disk
	segmentSize int64
	memTable    uint64
}

// CheckpointDefault is a good CheckpointEvery.
const CheckpointDefault = time.Second

// CacheDefault is the memory for what is read from the state.
const CacheDefault = 128 << 20

// Signer is the gateway's key for checkpoints. Its KeyID, 1 to 64 bytes, is by
// which a receipt names it.
type Signer struct {
	KeyID string
	Key   ed25519.PrivateKey
}

// Sample is what there is to measure of one batch.
type Sample struct {
	Commands int // given
	// Batch is the number of the batch, 0 when it wrote no transfer.
	Batch      uint64
	CarriedOut int // neither refused nor replayed; 0 makes no block
	Queued     int // waiting when the batch was taken
	Bytes      int // of the block on disk
	// Execute is the time in the contract, Sync that of writing the block durably,
	// Commit that of making it visible.
	Execute, Sync, Commit time.Duration
}

func (o *Options) check() error {
	switch {
	case o.Dir == "":
		return errors.New("embedded: Dir is missing")
	case o.Clock == nil:
		return errors.New("embedded: Clock is missing")
	case len(o.Signer.Key) != ed25519.PrivateKeySize:
		return fmt.Errorf("embedded: Signer.Key has %d bytes, want an Ed25519 private key of %d", len(o.Signer.Key), ed25519.PrivateKeySize)
	case len(o.Signer.KeyID) < 1 || len(o.Signer.KeyID) > 64:
		return fmt.Errorf("embedded: Signer.KeyID has %d bytes, want 1 to 64", len(o.Signer.KeyID))
	case o.CheckpointEvery < 0:
		return fmt.Errorf("embedded: CheckpointEvery is %s, want 0 or more", o.CheckpointEvery)
	case o.CacheBytes != 0 && o.CacheBytes < 1<<20:
		return fmt.Errorf("embedded: CacheBytes is %d, want at least %d", o.CacheBytes, 1<<20)
	}
	return nil
}

func (o *Options) fill() {
	if o.CacheBytes == 0 {
		o.CacheBytes = CacheDefault
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Sample) {}
	}
	if o.Timer == nil {
		o.Timer = stopped
	}
	if o.disk == nil {
		o.disk = realDisk{}
	}
	if o.segmentSize == 0 {
		o.segmentSize = segmentSize
	}
	if o.memTable == 0 {
		o.memTable = memTableSize
	}
}
