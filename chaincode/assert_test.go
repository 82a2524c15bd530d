package chaincode

import (
	"errors"
	"testing"

	"github.com/pointgrid/pointgrid/ledger"
)

// TestWhatMustNeverBeEndsTheTransaction edits cells as no rule does: the journal
// must not let it stand.
func TestWhatMustNeverBeEndsTheTransaction(t *testing.T) {
	lot := func(n int64) []ledger.Lot { return []ledger.Lot{{Expiry: 700, Amount: n}} }
	for _, c := range []struct {
		name string
		edit func(*work, *account, *books)
		ok   bool
	}{
		{"nothing", func(*work, *account, *books) {}, true},
		{"points from nowhere", func(_ *work, a *account, _ *books) { a.lots = lot(5) }, false},
		{"points from the partner", func(_ *work, a *account, b *books) { a.lots, b.clearing = lot(5), -5 }, true},
		{"points that vanish", func(_ *work, _ *account, b *books) { b.fee = 5 }, false},
		{"a lot below zero", func(_ *work, a *account, b *books) { a.lots, b.clearing = lot(-5), 5 }, false},
		{"lots out of order", func(_ *work, a *account, b *books) { a.lots, b.clearing = append(lot(5), lot(5)...), -10 }, false},
		{"a hold without lots", func(_ *work, a *account, b *books) {
			a.holds, b.clearing = []hold{{OpenHold: ledger.OpenHold{Amount: 5, To: "mall"}}}, -5
		}, false},
		{"a hold for nobody", func(_ *work, a *account, b *books) {
			a.holds, b.clearing = []hold{{OpenHold: ledger.OpenHold{Amount: 5, Lots: lot(5)}}}, -5
		}, false},
		{"usage below zero", func(_ *work, a *account, _ *books) { a.usage = []ledger.Usage{{DayUsed: -1}} }, false},
		{"a day above its year", func(_ *work, a *account, _ *books) { a.usage = []ledger.Usage{{DayUsed: 2, YearUsed: 1}} }, false},
		{"a fee below zero", func(_ *work, _ *account, b *books) { b.fee, b.clearing = -5, 5 }, false},
		{"a residue below zero", func(_ *work, _ *account, b *books) { b.residueTo, b.members = -5, 5 }, false},
		{"less than nothing on hold", func(_ *work, _ *account, b *books) { b.reserved = -1 }, false},
		{"partner points from nowhere", func(_ *work, _ *account, b *books) { b.members = 5 }, false},
	} {
		w := newWork(Tx{}, nil, 1)
		a, b := w.accounts.create(w, ledger.Account{1}), w.books.create(w, shard{name: "sky"})
		c.edit(w, a.edit(&w.journal), b.edit(&w.journal))
		if err := w.keep(); (err == nil) != c.ok || err != nil && !errors.Is(err, ledger.ErrDamaged) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestUndoLeavesNoTrace(t *testing.T) {
	w := newWork(Tx{}, nil, 1)
	c := w.houses.create(w, "mall")
	c.edit(&w.journal).amount = 5
	w.undo()
	if c.present || c.dirty || c.now.amount != 0 || len(w.edited) != 0 {
		t.Errorf("after an undo the cell is %+v", c)
	}
	c.edit(&w.journal).amount = 0
	if err := w.keep(); err != nil {
		t.Fatal(err)
	}
	c.edit(&w.journal).amount = 7
	c.edit(&w.journal).amount = 8
	w.undo()
	if !c.present || !c.dirty || c.now.amount != 0 {
		t.Errorf("an undo took back more than one command: %+v", c)
	}
}
