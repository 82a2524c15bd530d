package chaincode

import (
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// What the companies of a pair may owe each other is bounded over all lanes, and
// each lane knows only its own part. So the lanes share the room that there is: as
// long as each stays within what it was given, all together stay within the cap,
// and none needs to look at the others. A lane that runs short looks, and shares
// what is left anew; hence a conversion is refused only when the pair as a whole has
// no room for it. Whoever shares writes the books of all lanes, so that of two
// transactions that share at the same time, or one that shares and one that uses
// what it was given before, only one is valid.

// room is what a lane may let be owed in one direction, in millionths of a yuan.
type room struct {
	// open says that there is any: otherwise whoever needs some shares first.
	open  bool
	limit int64 // the cap under which it was shared: the sum of all lanes' most
	most  int64
}

func (r *room) encode(e *wire.Encoder) {
	e.Bool(r.open)
	e.Int(r.limit)
	e.Int(r.most)
}

func (r *room) decode(d *wire.Decoder) { r.open, r.limit, r.most = d.Bool(), d.Int(), d.Int() }

// roomOf is the place of a direction among a pair's rooms.
func roomOf(dir ledger.Direction) int {
	if dir == ledger.In {
		return 0
	}
	return 1
}

// directions in the order of rooms.
var directions = [2]ledger.Direction{ledger.In, ledger.Out}

// keepers returns how many lanes keep books of a registered pair.
func (w *work) keepers(code string) (uint32, error) {
	all, err := w.ofCard(card{code, ledger.In})
	if err != nil {
		return 0, err
	}
	return all.now.more + 1, nil
}

// booksOf returns the books that the lane keeps of a registered pair. A lane that
// keeps none yet begins to.
func (w *work) booksOf(code string) (*cell[books, *books], error) {
	n, err := w.keepers(code)
	if err != nil {
		return nil, err
	}
	if w.tx.Lane >= n {
		if _, err := w.gather(code); err != nil {
			return nil, err
		}
	}
	b, err := w.books.get(w, w.mine(code))
	if err == nil && !b.present {
		err = damaged("partner %s is registered and has no books in lane %d", code, w.tx.Lane)
	}
	return b, err
}

// gather returns the books that the lanes keep of a pair, in every lane that there
// is. From the first time on they are keys of both companies; what lies there
// before was not put there by the contract.
func (w *work) gather(code string) ([]*cell[books, *books], error) {
	n, err := w.keepers(code)
	if err != nil {
		return nil, err
	}
	all := make([]*cell[books, *books], max(n, w.lanes()))
	for lane := range all {
		all[lane] = w.books.want(w, shard{code, uint32(lane)})
	}
	if err := w.fetch(); err != nil {
		return nil, err
	}
	for lane, c := range all[:n] {
		if !c.present {
			return nil, damaged("partner %s is registered and has no books in lane %d", code, lane)
		}
	}
	if uint32(len(all)) == n {
		return all, nil
	}
	return all, w.begin(code, all, n)
}

// begin has all lanes keep books of a pair of which the first n do.
func (w *work) begin(code string, all []*cell[books, *books], n uint32) error {
	p, err := w.partner(code)
	if err != nil {
		return err
	}
	pin, err := w.ofCard(card{code, ledger.In})
	if err != nil {
		return err
	}
	for _, c := range all[n:] {
		c.disown()
		c.create(&w.journal, w.both(p)).shared = true
	}
	// What the lanes before were given was all that there is; the new ones have none.
	all[0].edit(&w.journal).shared = true
	pin.edit(&w.journal).more = uint32(len(all)) - 1
	return nil
}

// share gives every lane a part of the room that is left in a direction under a cap,
// and this lane as much more as it needs, or refuses.
func (w *work) share(code string, dir ledger.Direction, limit, needed int64) error {
	all, err := w.gather(code)
	if err != nil {
		return err
	}
	owed, sum, err := exposures(all, dir)
	if err != nil {
		return err
	}
	with := sum
	if err := add(&with, needed); err != nil {
		return err
	}
	if err := within(with, limit); err != nil {
		return err
	}
	left, ok := ledger.Sub(limit, with)
	if !ok {
		left = ledger.ValueMax
	}
	part := left / int64(len(all))
	for lane, c := range all {
		more := part
		if uint32(lane) == w.tx.Lane {
			more = left - part*int64(len(all)-1) + needed
		}
		r := &c.edit(&w.journal).rooms[roomOf(dir)]
		*r = room{open: true, limit: limit, most: owed[lane]}
		if err := add(&r.most, more); err != nil {
			return err
		}
	}
	return nil
}

// exposures returns what is owed in a direction in each lane, and in all.
func exposures(all []*cell[books, *books], dir ledger.Direction) (owed []int64, sum int64, err error) {
	owed = make([]int64, len(all))
	for lane, c := range all {
		if owed[lane], err = c.now.exposure(dir); err != nil {
			return nil, 0, err
		}
		if err := add(&sum, owed[lane]); err != nil {
			return nil, 0, err
		}
	}
	return owed, sum, nil
}

// reshare follows what changed what is owed without asking for room: a reversal, an
// adjustment, a settlement. Where that is more than the lane was given, the others
// must not go on with what they were given: whoever needs room shares first.
func (w *work) reshare(code string) error {
	b, err := w.booksOf(code)
	if err != nil || !b.now.shared {
		return err
	}
	for i, dir := range directions {
		owed, err := b.now.exposure(dir)
		if err != nil {
			return err
		}
		if r := b.now.rooms[i]; r.open && owed > r.most {
			if err := w.shut(code, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// shut takes what every lane was given in a direction.
func (w *work) shut(code string, i int) error {
	all, err := w.gather(code)
	if err != nil {
		return err
	}
	for _, c := range all {
		c.edit(&w.journal).rooms[i] = room{}
	}
	return nil
}
