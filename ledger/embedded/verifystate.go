package embedded

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"github.com/cockroachdb/pebble/v2"

	"github.com/pointgrid/pointgrid/chaincode"
	"github.com/pointgrid/pointgrid/ledger"
)

// openStored opens the stored state for reading. A state that is missing is as
// good as one that includes no block.
func (v *verification) openStored() error {
	dir := v.folder.file(stateDir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s, err := openStore(dir, storeOptions{cacheBytes: CacheDefault, memTable: memTableSize, readOnly: true, logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return v.report.absorb(openError(err))
	}
	if v.at, err = s.position(); err != nil {
		return errors.Join(v.report.absorb(stateError(err)), s.close(false))
	}
	v.stored, v.report.StateBlocks = s, v.at.height
	return nil
}

// compareAt compares the stored state with the rebuilt one at the block up to
// which it goes.
func (v *verification) compareAt() error {
	if v.stored == nil || v.broken || v.rebuilt.at.height != v.at.height {
		return nil
	}
	if v.at != v.rebuilt.at {
		v.report.file(stateDir, "was derived from other blocks: %s, not %s", v.at.hash, v.rebuilt.at.hash)
	}
	return v.report.absorb(stateError(v.compare(v.stored.db, v.rebuilt.store.db)))
}

// compare goes through two states side by side.
func (v *verification) compare(stored, rebuilt pebble.Reader) error {
	a, err := stored.NewIter(nil)
	if err != nil {
		return err
	}
	b, err := rebuilt.NewIter(nil)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	okA, okB := a.First(), b.First()
	for okA || okB {
		if err := v.ctx.Err(); err != nil {
			return errors.Join(err, a.Close(), b.Close())
		}
		switch order := v.pair(a, b, okA, okB); {
		case order < 0:
			okA = a.Next()
		case order > 0:
			okB = b.Next()
		default:
			okA, okB = a.Next(), b.Next()
		}
		if a.Error() != nil || b.Error() != nil {
			break // what could not be read is not missing
		}
	}
	return errors.Join(a.Error(), b.Error(), a.Close(), b.Close())
}

// pair compares one key and says which side is to go on.
func (v *verification) pair(a, b *pebble.Iterator, okA, okB bool) int {
	order := 0
	switch {
	case !okB:
		order = -1
	case !okA:
		order = 1
	default:
		order = bytes.Compare(a.Key(), b.Key())
	}
	switch {
	case order < 0:
		v.report.file(stateDir, "key %q is not what the blocks give: it should not exist", a.Key())
	case order > 0:
		v.report.file(stateDir, "key %q is not what the blocks give: it is missing", b.Key())
	case !bytes.Equal(a.Value(), b.Value()):
		v.report.file(stateDir, "key %q is not what the blocks give: its value differs", a.Key())
	}
	return order
}

// conservation checks that each programme's accounts sum to zero.
func (v *verification) conservation() error {
	s := v.rebuilt.store.snapshot()
	programmes, err := programmes(s)
	for i := 0; err == nil && i < len(programmes); i++ {
		err = v.sum(s, programmes[i])
	}
	return errors.Join(v.report.absorb(err), s.close())
}

func (v *verification) sum(r chaincode.Reader, programme string) error {
	var sum int64
	fits := true
	err := chaincode.Balances(r, programme, func(b ledger.Balance) error {
		var ok bool
		sum, ok = ledger.Add(sum, b.Amount)
		fits = fits && ok
		return v.ctx.Err()
	})
	if err != nil {
		return err
	}
	v.report.Programmes = append(v.report.Programmes, programme)
	if !fits || sum != 0 {
		v.report.file(blocksDir, "accounts of programme %s sum to %d, not to zero", programme, sum)
	}
	return nil
}

// programmes returns the hub and the partners' programmes; none before the
// ledger is initialised.
func programmes(r chaincode.Reader) ([]string, error) {
	alliance, err := chaincode.Alliance(r)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	partners, err := chaincode.Partners(r)
	codes := []string{alliance.Hub}
	for _, p := range partners {
		codes = append(codes, p.Programme)
	}
	return codes, err
}
