package fabric

import (
	"errors"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/annals"
	"github.com/pointgrid/pointgrid/ledger/ledgertest"
)

// beginning is the first block of a ledger in one process.
func beginning(t *testing.T) *annals.Block {
	t.Helper()
	b := &annals.Block{Tx: ledger.EmbeddedTx(0), At: time.Now().UnixMilli(), Caller: ledger.Identity{MSP: fakeCompanies[0]},
		Commands: []ledger.Command{command1(&ledger.Initialise{Hub: "EPT", Window: ledger.DateOf(time.Now())})}}
	tx := ledgertest.NewStore().Begin()
	if _, err := chaincode.Apply(chaincode.Tx{ID: b.Tx, At: b.At, Caller: b.Caller}, tx, b.Commands); err != nil {
		t.Fatal(err)
	}
	b.Writes, _ = annals.HashWrites(len(tx.Writes), func(yield func(string, []byte) bool) {
		for _, w := range tx.Writes {
			if !yield(w.Key, w.Value) {
				return
			}
		}
	}, nil)
	return b
}

// TestTheHistoryTellsWhatBecameOfBlocks loses a transaction behind the orderer,
// and then only its answer.
func TestTheHistoryTellsWhatBecameOfBlocks(t *testing.T) {
	l, n := openFake(t, impatient)
	utility, block := ledger.Identity{MSP: fakeCompanies[0], Subject: "migrate"}, beginning(t)
	raw := [][]byte{block.Append(nil)}
	if _, err := l.History(t.Context()); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an empty network has a history: %v", err)
	}
	if _, err := l.Adopt(t.Context(), utility, block.Hash); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("nothing is adopted with %v", err)
	}
	lost := true
	n.with(func() { n.order = func(int) (bool, error) { return !lost, nil } })
	if _, err := l.Carry(t.Context(), utility, raw); !errors.Is(err, ledger.ErrOutcomeUnknown) {
		t.Fatalf("lost blocks are carried over with %v", err)
	}
	if _, err := l.History(t.Context()); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("lost blocks are history: %v", err)
	}
	n.with(func() { lost = false })
	r, err := l.Carry(t.Context(), utility, raw)
	if err != nil || r.Code != ledger.CodeOK {
		t.Fatalf("given again, they are carried over with %+v, %v", r, err)
	}
	if r, err := l.Carry(t.Context(), utility, raw); err != nil || r.Code != ledger.CodeHistoryMismatch {
		t.Errorf("once more, they are carried over with %+v, %v", r, err)
	}
	for range 2 { // the second finds it done
		if r, err := l.Adopt(t.Context(), utility, block.Hash); err != nil || len(r.History.Adopted) != 1 || len(r.History.Missing()) != 0 {
			t.Errorf("adopted with %+v, %v", r, err)
		}
	}
	results, err := l.Submit(t.Context(), utility, command1(&ledger.RegisterPartner{Partner: "sky", Programme: "SKY", MSP: fakeCompanies[1]}))
	if err != nil || results[0].Code != ledger.CodeOK {
		t.Errorf("the ledger goes on with %+v, %v", results, err)
	}
}
