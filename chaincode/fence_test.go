package chaincode_test

import (
	"bytes"
	"testing"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// under executes a batch under an epoch and commits it.
func (b *bed) under(epochOf uint64, caller ledger.Identity, batch ...ledger.Command) (*ledgertest.Transaction, []ledger.Result) {
	b.Helper()
	t := b.store.Begin()
	results, err := chaincode.Apply(chaincode.Tx{ID: "tx", At: epoch, Caller: caller, Lane: b.lane, Epoch: epochOf}, t, batch)
	if err != nil {
		b.Fatal(err)
	}
	t.Commit()
	return t, results
}

func (b *bed) epoch(want uint64) {
	b.Helper()
	if got, err := chaincode.Epoch(b.store, b.lane); err != nil || got != want {
		b.Errorf("the lane is owned under epoch %d, %v, want %d", got, err, want)
	}
}

func TestABatchUnderALowerEpochIsRefusedWholeAndWritesNothing(t *testing.T) {
	b := newBed(t)
	replayed := b.issue(member(1), 5)
	b.ok(replayed)
	b.under(3, utility, b.command(&ledger.TakeLane{}))
	b.epoch(3)
	for _, lower := range []uint64{0, 2} {
		tx, results := b.under(lower, utility, b.issue(member(1), 5), replayed, b.issue(member(2), -1))
		for i, r := range results {
			if r.Code != ledger.CodeFenced || r.Message == "" {
				t.Errorf("under epoch %d command %d ended with %s %s", lower, i, r.Code, r.Message)
			}
		}
		if len(tx.Writes) != 0 {
			t.Errorf("under epoch %d it writes %v", lower, tx.Writes)
		}
	}
	for _, command := range []ledger.Command{b.command(&ledger.Checkpoint{}), b.command(&ledger.TakeLane{})} {
		if _, results := b.under(2, utility, command); results[0].Code != ledger.CodeFenced {
			t.Errorf("a %s under a lower epoch ended with %s", command.Body.Kind(), results[0].Code)
		}
	}
	if _, results := b.under(3, utility, b.issue(member(1), 5)); results[0].Code != ledger.CodeOK {
		t.Errorf("under the epoch itself a command ends with %s", results[0].Code)
	}
}

func TestAHigherEpochIsTakenOver(t *testing.T) {
	b := newBed(t)
	b.under(4, utility, b.issue(member(1), 5))
	b.epoch(4)
	// A batch of which nothing is carried out leaves no trace.
	if tx, _ := b.under(9, utility, b.issue(member(1), -1)); len(tx.Writes) != 0 {
		t.Errorf("a batch that was refused writes %v", tx.Writes)
	}
	b.epoch(4)
	b.under(6, utility, b.command(&ledger.Checkpoint{}))
	b.epoch(6)
	b.under(6, utility, b.issue(member(1), 5))
	b.epoch(6)
}

func TestTakingALaneAgainWritesItsHeadAndNothingElse(t *testing.T) {
	b := newBed(t)
	for range 2 {
		tx, results := b.under(2, utility, b.command(&ledger.TakeLane{}))
		if results[0].Code != ledger.CodeOK || len(tx.Writes) != 1 || tx.Writes[0].Key != "l/00000000" {
			t.Errorf("taking the lane ended with %+v and wrote %v", results, tx.Writes)
		}
	}
	if n, err := chaincode.Pending(b.store, 0); err != nil || n != 5 {
		t.Errorf("%d batches are pending, %v", n, err)
	}
	b.codes([]ledger.Command{b.command(&ledger.TakeLane{})}, ledger.CodeFenced)
	_, results := b.under(2, utility, b.command(&ledger.TakeLane{}), b.issue(member(1), 5))
	if results[0].Code != ledger.CodeNotAlone || results[1].Code != ledger.CodeOK {
		t.Errorf("with another command it ended with %+v", results)
	}
}

func TestOtherCompaniesOwnNoLane(t *testing.T) {
	b := newBed(t)
	b.under(5, utility, b.command(&ledger.TakeLane{}))
	terms := b.terms[b.in]
	terms.Version = 2
	if _, results := b.under(0, airline, b.command(&ledger.ProposeAgreement{Terms: terms})); results[0].Code != ledger.CodeOK {
		t.Errorf("a partner's proposal ended with %s %s", results[0].Code, results[0].Message)
	}
	if _, results := b.under(9, airline, b.command(&ledger.TakeLane{})); results[0].Code != ledger.CodeNotPermitted {
		t.Errorf("a partner that takes a lane ends with %s", results[0].Code)
	}
	b.under(9, airline, b.command(&ledger.Checkpoint{}))
	b.epoch(5)
}

// TestALedgerWithoutOwnersIsWhatItWas compares with a head as it was written before
// lanes had owners.
func TestALedgerWithoutOwnersIsWhatItWas(t *testing.T) {
	b := newBed(t)
	b.ok(b.command(&ledger.Checkpoint{}))
	values, err := b.store.Get("l/00000000")
	if err != nil {
		t.Fatal(err)
	}
	// Version, next, first, checkpoints and the hash of the last; no batch pends.
	if head := values[0]; len(head) != 1+3+32 || !bytes.Equal(head[:4], []byte{1, 5, 5, 1}) {
		t.Errorf("the head is %x", head)
	}
	b.epoch(0)
}
