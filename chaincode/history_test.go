package chaincode_test

import (
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

func TestABatchHoldsTheLeavesOfItsRoot(t *testing.T) {
	b := newBed(t)
	for size := 1; size <= 20; size++ {
		var batch []ledger.Command
		for range size {
			batch = append(batch, b.convertIn(member(size), 1000))
		}
		_, results := b.apply(utility, batch...)
		at := results[0].Entry.Locator
		header, records, err := chaincode.Batch(b.store, at.Lane, at.Batch)
		if err != nil {
			t.Fatal(err)
		}
		var leaves []ledger.Hash
		for i, record := range records {
			d := wire.NewDecoder(record)
			if got := ledger.ReadTransfer(d); d.Close() != nil || got.ID != batch[i].ID {
				t.Errorf("record %d of %d is of %s", i, size, got.ID)
			}
			leaves = append(leaves, ledger.LeafHash(record))
		}
		if header.Root != ledger.MerkleRoot(leaves) || header.Size != uint32(size) || header.Caller != utility ||
			header.Tx != "tx" || header.At != epoch || header.Window != today || header.Number != at.Batch {
			t.Errorf("header of %d transfers is %+v", size, header)
		}
	}
}

// TestCheckpointsCoverEveryBatchOnce takes checkpoints after every number of
// batches from one to twenty.
func TestCheckpointsCoverEveryBatchOnce(t *testing.T) {
	b := newBed(t)
	b.codes([]ledger.Command{b.command(&ledger.Checkpoint{})}, ledger.CodeOK)
	next, previous := uint64(5), checkpoint(b, 4)
	for pending := uint64(1); pending <= 20; pending++ {
		for range pending {
			b.ok(b.issue(member(1), 1))
		}
		if n, err := chaincode.Pending(b.store, 0); err != nil || n != pending {
			t.Errorf("%d batches are pending, want %d, %v", n, pending, err)
		}
		if _, err := chaincode.Covering(b.store, 0, next); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("batch %d is covered before the checkpoint: %v", next, err)
		}
		b.ok(b.command(&ledger.Checkpoint{}))
		c := checkpoint(b, next)
		var leaves []ledger.Hash
		for n := c.First; n <= c.Last; n++ {
			h, _, err := chaincode.Batch(b.store, 0, n)
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, h.Leaf())
			if checkpoint(b, n) != c {
				t.Errorf("batch %d is covered by another checkpoint than %d", n, next)
			}
		}
		want := ledger.CheckpointRecord{Number: previous.Number + 1, First: next, Last: next + pending - 1,
			Root: ledger.MerkleRoot(leaves), Previous: previous.Hash(), At: epoch, Window: today}
		if c != want {
			t.Errorf("checkpoint is %+v, want %+v", c, want)
		}
		next, previous = next+pending, c
	}
	b.codes([]ledger.Command{b.command(&ledger.Checkpoint{})}, ledger.CodeNothingToCheckpoint)
}

func checkpoint(b *bed, batch uint64) ledger.CheckpointRecord {
	b.Helper()
	c, err := chaincode.Covering(b.store, 0, batch)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func TestLanesNumberTheirBatchesAlone(t *testing.T) {
	b := newBed(t)
	b.ok(b.command(&ledger.SetLanes{Lanes: 4}))
	b.lane = 3
	one, two := b.issue(b.memberOf(3), 5), b.issue(b.memberOf(3), 5)
	b.ok(one)
	b.ok(two)
	e, err := chaincode.Find(b.store, two.ID)
	if err != nil || e.Locator != (ledger.Locator{Lane: 3, Batch: 1}) {
		t.Errorf("found at %+v, %v", e.Locator, err)
	}
	b.codes([]ledger.Command{b.command(&ledger.CloseWindow{Window: today, Next: today + 1})}, ledger.CodeWrongLane)
	b.lane = 0
	zero := b.issue(b.memberOf(0), 5)
	b.ok(zero)
	b.ok(b.command(&ledger.CloseWindow{Window: today, Next: today + 1}))
	b.lane = 3
	b.ok(b.issue(b.memberOf(3), 5))

	var got []ledger.ID
	if err := chaincode.Transfers(b.store, today, func(e ledger.Entry) error {
		if e.Transfer.Kind == ledger.KindIssue {
			got = append(got, e.Transfer.ID)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0] != zero.ID || got[1] != one.ID || got[2] != two.ID {
		t.Errorf("the window has %v", got)
	}
}

// memberOf returns an account of a lane of a ledger with four.
func (b *bed) memberOf(lane uint32) ledger.Account {
	for {
		b.count++
		if a := member(1000 + b.count); ledger.LaneOf(a, 4) == lane {
			return a
		}
	}
}

func TestALedgerBeginsInLaneZero(t *testing.T) {
	b := newBed(t)
	b.lane = 1
	b.codes([]ledger.Command{b.command(&ledger.Initialise{Hub: "EPT", Window: today})}, ledger.CodeAlreadyInitialised)
	b.store, b.lane = newStore(), 1
	b.codes([]ledger.Command{b.command(&ledger.Initialise{Hub: "EPT", Window: today})}, ledger.CodeInvalid)
	b.lane = 0
	_, results := b.apply(ledger.Identity{}, b.command(&ledger.Initialise{Hub: "EPT", Window: today}))
	if results[0].Code != ledger.CodeNotPermitted {
		t.Errorf("a caller without a company ended with %s", results[0].Code)
	}
	b.codes([]ledger.Command{b.issue(member(1), 1), b.command(&ledger.Initialise{Hub: "EPT", Window: today}), b.issue(member(1), 1)},
		ledger.CodeNotInitialised, ledger.CodeOK, ledger.CodeOK)
	w, err := chaincode.Window(b.store, today)
	if err != nil || w != (ledger.Window{Date: today, OpenedAt: epoch}) {
		t.Errorf("the first window is %+v, %v", w, err)
	}
}
