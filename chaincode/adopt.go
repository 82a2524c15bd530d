package chaincode

import (
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// Adopt says that the caller's company takes the history that was carried over,
// up to the block with a hash, for its own. When every company has, the ledger
// takes commands. Given again it changes nothing.
func Adopt(tx Tx, state State, hash ledger.Hash) (ledger.HistoryResult, error) {
	var p cell[past, *past]
	err := adopt(tx, state, &p, hash)
	return historyResult(&p.now.History, err)
}

func adopt(tx Tx, state State, p *cell[past, *past], hash ledger.Hash) error {
	values, err := state.Get(keyHistory)
	if err != nil {
		return err
	}
	p.key = keyHistory
	if err := p.load(values[0]); err != nil {
		return err
	}
	switch {
	case !p.present:
		return refuse(ledger.CodeHistoryMismatch, "the ledger was not carried over from another home; there is nothing to adopt")
	case !slices.Contains(p.now.Companies, tx.Caller.MSP):
		return refuse(ledger.CodeNotPermitted, "%q has no part in the history", tx.Caller.MSP)
	case p.now.Hash != hash:
		return refuse(ledger.CodeHistoryMismatch, "the history ends with block %d and hash %s, not %s", p.now.Blocks-1, p.now.Hash, hash)
	case p.now.AdoptedBy(tx.Caller.MSP):
		return nil
	}
	p.now.Adopted = append(slices.Clone(p.now.Adopted), ledger.Adoption{By: tx.Caller, At: tx.At})
	return putPast(state, p)
}

func putPast(state State, p *cell[past, *past]) error {
	if f := p.now.fault(); f != "" {
		return damaged("key %s would become wrong: %s", p.key, f)
	}
	e := wire.NewEncoder(nil)
	p.put(e)
	return state.Put(keyHistory, e.Bytes())
}
