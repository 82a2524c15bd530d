package projection

import (
	"cmp"

	"github.com/pointgrid/pointgrid/ledger"
)

// Row is a transfer as it is kept. Of the transfer it leaves out what only proofs
// need, for which one asks the ledger: the digest, the body, the evidence, and the
// hash and lock time of its legs' agreements.
type Row struct {
	Block    uint64
	Locator  ledger.Locator
	Transfer ledger.Transfer
}

// rowOf returns the row of a batch's transfer.
func rowOf(block uint64, b *ledger.Batch, index int) Row {
	t := b.Transfers[index]
	t.Digest, t.Body, t.Evidence = ledger.Digest{}, nil, nil
	t.Source, t.Destination = kept(t.Source), kept(t.Destination)
	return Row{Block: block, Transfer: t,
		Locator: ledger.Locator{Lane: b.Header.Lane, Batch: b.Header.Number, Index: uint32(index)}}
}

func kept(l *ledger.Leg) *ledger.Leg {
	if l == nil {
		return nil
	}
	own := *l
	own.Hash, own.LockedAt = ledger.Hash{}, 0
	return &own
}

// Lot is what an account has of one expiry month.
type Lot struct {
	Account ledger.Account
	Expiry  ledger.Month
	Amount  int64 // that can be used
	Held    int64 // set aside by holds; of the account, but not to be used
}

// changes calls visit for what a transfer changed in lots. Amounts are signed.
func changes(t *ledger.Transfer, visit func(Lot) error) error {
	amount, held := effect(t)
	if amount == 0 && held == 0 {
		return nil
	}
	for _, l := range t.Lots {
		if err := visit(Lot{Account: t.Account, Expiry: l.Expiry, Amount: amount * l.Amount, Held: held * l.Amount}); err != nil {
			return err
		}
	}
	return nil
}

// effect returns the signs with which a transfer's lots count.
func effect(t *ledger.Transfer) (amount, held int64) {
	switch t.Kind {
	case ledger.KindIssue, ledger.KindConvertIn:
		return 1, 0
	case ledger.KindExpire, ledger.KindConvertOut, ledger.KindTakeBack:
		return -1, 0
	case ledger.KindHold:
		return -1, 1
	case ledger.KindPost:
		return 0, -1
	case ledger.KindVoid:
		return 1, -1
	case ledger.KindReverse:
		if t.Source != nil {
			return -1, 0 // what a conversion in gave is taken back
		}
		return 1, 0
	}
	return 0, 0
}

// lotKey names a lot.
type lotKey struct {
	account ledger.Account
	expiry  ledger.Month
}

// compareLocators orders rows as they are kept.
func compareLocators(a, b ledger.Locator) int {
	return cmp.Or(cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Batch, b.Batch), cmp.Compare(a.Index, b.Index))
}
