package partnersim

import (
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"github.com/pointgrid/pointgrid/partners/connector"
)

// errOverflow means that sums over all members exceed 2⁶³-1.
var errOverflow = errors.New("partnersim: the books' totals exceed 2⁶³-1")

// Books are the totals over all members, in smallest units.
type Books struct {
	Members                                                        int64
	Balances, Opened, Debits, Credits, GivenBack, TakenBack, Spent int64
}

// Law returns an error unless the totals obey the law of the books.
func (b Books) Law() error {
	// A sum may leave the range of int64 on the way and comes back by the end.
	want := b.Opened - b.Debits + b.Credits + b.GivenBack - b.TakenBack - b.Spent
	if b.Balances != want {
		return fmt.Errorf("partnersim: balances are %d, the movements make %d", b.Balances, want)
	}
	return nil
}

// Books adds all members up, as of one moment. It returns an error if a single
// member breaks the law.
func (h *Host) Books() (Books, error) { return h.books(h.store.db) }

func (h *Host) books(as pebble.Reader) (Books, error) {
	var b Books
	err := h.store.scan(as, []byte{keyMember}, []byte{keyMember + 1}, func(_, value []byte) error {
		var a account
		if err := a.decode(value); err != nil {
			return err
		}
		return b.add(&a)
	})
	return b, err
}

func (b *Books) add(a *account) error {
	one := Books{Members: 1, Balances: a.balance, Opened: a.opened, Debits: a.debits, Credits: a.credits,
		GivenBack: a.givenBack, TakenBack: a.takenBack, Spent: a.spent}
	if err := one.Law(); err != nil {
		return err
	}
	b.Members++
	for _, sum := range [...]struct {
		total *int64
		part  int64
	}{
		{&b.Balances, a.balance}, {&b.Opened, a.opened}, {&b.Debits, a.debits}, {&b.Credits, a.credits},
		{&b.GivenBack, a.givenBack}, {&b.TakenBack, a.takenBack}, {&b.Spent, a.spent},
	} {
		if *sum.total > math.MaxInt64-sum.part {
			return errOverflow
		}
		*sum.total += sum.part
	}
	return nil
}

// Audit recomputes the movements from the transfers one by one and compares
// them with what the members' accounts say. It reads everything.
func (h *Host) Audit() (err error) {
	moment := h.store.db.NewSnapshot()
	defer func() { err = errors.Join(err, moment.Close()) }()
	books, err := h.books(moment)
	if err != nil {
		return err
	}
	var moved Books
	err = h.store.scan(moment, []byte{keyTransfer}, []byte{keyTransfer + 1}, func(_, value []byte) error {
		var e entry
		if err := e.decode(value); err != nil {
			return err
		}
		return moved.count(&e)
	})
	if err != nil {
		return err
	}
	want := Books{Members: books.Members, Balances: books.Balances, Opened: books.Opened, Spent: books.Spent,
		Debits: moved.Debits, Credits: moved.Credits, GivenBack: moved.GivenBack, TakenBack: moved.TakenBack}
	if books != want {
		return fmt.Errorf("partnersim: accounts say %+v, transfers say %+v", books, want)
	}
	return books.Law()
}

// count adds one transfer.
func (b *Books) count(e *entry) error {
	if e.tombstone || e.declined.code != "" {
		if e.reversed != 0 {
			return errors.New("partnersim: a transfer that moved nothing was reversed")
		}
		return nil
	}
	if e.reversed > e.amount {
		return errors.New("partnersim: a transfer was reversed above its amount")
	}
	done, back := &b.Debits, &b.GivenBack
	if e.kind != connector.Debit {
		done, back = &b.Credits, &b.TakenBack
	}
	if *done > math.MaxInt64-e.amount || *back > math.MaxInt64-e.reversed {
		return errOverflow
	}
	*done += e.amount
	*back += e.reversed
	return nil
}
