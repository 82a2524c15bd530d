package backup

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/sqlstore"
)

// Agreement is how far a database and a ledger agree that come from a backup.
type Agreement struct {
	// Booked is how many rows say that something is on the ledger. Missing are those
	// of which it is not: points that the database believes to have moved.
	Booked  uint64
	Missing []string
	// Later is how many transfers the ledger has from after the backup's database.
	// Continued is how many of them belong to work that the database knows, and that
	// goes on where it stands; Unknown are the others that moved points.
	Later, Continued uint64
	Unknown          []string
	// More is how many further ones are missing or unknown.
	More int
	// Erased are members who were forgotten since, and whom the database still knows.
	Erased []ledger.Account
}

// namedMax bounds the transfers that are named.
const namedMax = 50

// OK reports whether recovery heals what differs.
func (a *Agreement) OK() bool { return len(a.Missing) == 0 && len(a.Unknown) == 0 }

func (a *Agreement) name(list *[]string, what string) {
	if len(a.Missing)+len(a.Unknown) >= namedMax {
		a.More++
		return
	}
	*list = append(*list, what)
}

// Books is what is compared: a ledger that shows its blocks, and a store.
type Books struct {
	Ledger ledger.Ledger
	Store  *sqlstore.Store
	// From is the first block that the backup's database cannot know of, and Until
	// how many blocks there are.
	From, Until uint64
	// Erased are the accounts of members who were forgotten at any time.
	Erased []ledger.Account
}

// Agree compares a restored database with the ledger, both ways. It changes nothing.
func (b *Books) Agree(ctx context.Context) (Agreement, error) {
	var a Agreement
	if err := b.booked(ctx, &a); err != nil {
		return a, err
	}
	if b.From < b.Until {
		if err := b.later(ctx, &a); err != nil {
			return a, err
		}
	}
	var err error
	a.Erased, err = b.Store.Unforgotten(ctx, b.Erased)
	return a, err
}

// booked looks every transfer up that the database says is on the ledger.
func (b *Books) booked(ctx context.Context, a *Agreement) error {
	return b.Store.Booked(ctx, func(row sqlstore.Booking) error {
		a.Booked++
		_, err := b.Ledger.Find(ctx, row.Transfer)
		if errors.Is(err, ledger.ErrNotFound) {
			a.name(&a.Missing, fmt.Sprintf("%s %s, transfer %s", row.What, row.ID, row.Transfer))
			return nil
		}
		return err
	})
}

// followed are the kinds of transfers that begin in the ledger, or that the database
// takes from it: windows, settlements, agreements, what expired.
func followed(k ledger.Kind) bool {
	switch k {
	case ledger.KindIssue, ledger.KindHold, ledger.KindPost, ledger.KindVoid, ledger.KindConvertIn, ledger.KindConvertOut,
		ledger.KindCrossConvert, ledger.KindReverse, ledger.KindTakeBack:
		return false
	}
	return true
}

// laterPage is how many transfers are looked up in the database at once.
const laterPage = 256

// later looks at the transfers that the database cannot know the outcome of.
func (b *Books) later(ctx context.Context, a *Agreement) error {
	blocks, ok := b.Ledger.(ledger.Blocks)
	if !ok {
		return errNoBlocks
	}
	var page []ledger.Transfer
	enough := errors.New("enough")
	err := blocks.FollowBlocks(ctx, b.From, func(block ledger.Block) error {
		for i := range block.Batches {
			page = append(page, block.Batches[i].Transfers...)
		}
		if len(page) >= laterPage || block.Number+1 >= b.Until {
			if err := b.page(ctx, a, page); err != nil {
				return err
			}
			page = page[:0]
		}
		if block.Number+1 >= b.Until {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

func (b *Books) page(ctx context.Context, a *Agreement, page []ledger.Transfer) error {
	ids := make([]ledger.ID, 0, 2*len(page))
	for i := range page {
		ids = append(ids, page[i].ID, page[i].ID.Root())
	}
	known, err := b.Store.Known(ctx, ids)
	if err != nil {
		return err
	}
	for i := range page {
		t := &page[i]
		a.Later++
		switch {
		case followed(t.Kind):
		case known[t.ID], known[t.ID.Root()]:
			a.Continued++
		default:
			a.name(&a.Unknown, fmt.Sprintf("%s %s of %d in window %s", t.Kind, t.ID, t.Amount, t.Window))
		}
	}
	return nil
}
