package chaincode

import (
	"slices"
	"strings"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/ledger/wire"
)

// work is the working set of one transaction: what it has read, what it has
// changed, and the batch it writes.
type work struct {
	journal
	tx      Tx
	state   State
	cells   []stored
	missing []stored // wanted and not yet read
	scratch wire.Encoder
	own     ownBatch

	alliance cell[alliance, *alliance]
	head     cell[head, *head]
	history  cell[past, *past]

	accounts   table[ledger.Account, account, *account]
	partners   table[string, partner, *partner]
	standings  table[string, standing, *standing]
	programmes table[string, programme, *programme]
	books      table[shard, books, *books]
	agreements table[ledger.ID, agreement, *agreement]
	series     table[card, series, *series]
	residues   table[ledger.ID, residue, *residue]
	houses     table[string, house, *house] // of the lane
	windows    table[ledger.Date, window, *window]
	positions  table[string, position, *position] // of the lane, for the open window
	reversals  table[ledger.ID, reversal, *reversal]
	pages      table[int64, page, *page]
	places     table[ledger.ID, spot, *spot]
	batches    table[berth, packed, *packed]
	notes      table[uint64, checkpoint, *checkpoint]

	settlements table[night, settlement, *settlement]
	past        table[shift, position, *position] // of closed windows
	due         table[string, due, *due]
	adjustments table[ledger.ID, adjustment, *adjustment]
}

func newWork(tx Tx, state State, size int) *work {
	w := &work{tx: tx, state: state, own: newOwnBatch(size)}
	w.alliance.key, w.head.key, w.history.key = keyAlliance, keyHead(tx.Lane), keyHistory
	w.cells = append(w.cells, &w.alliance, &w.head, &w.history)
	w.missing = append(w.missing, w.cells...)
	w.accounts.key = keyAccount
	w.accounts.cells = make(map[ledger.Account]*cell[account, *account], size)
	w.partners.key = keyPartner
	w.standings.key = keyStanding
	w.programmes.key = keyProgramme
	w.books.key = keyBooks
	w.agreements.key = keyAgreement
	w.series.key = keySeries
	w.residues.key = keyResidue
	w.houses.key = func(name string) string { return keyHouse(shard{name, tx.Lane}) }
	w.windows.key = keyWindow
	w.positions.key = func(partner string) string { return keyPosition(w.mine(partner), w.window()) }
	w.reversals.key = keyReversal
	w.pages.key = func(s int64) string { return keyPage(0, s) }
	w.places.key = keyPlace
	w.batches.key = func(b berth) string { return keyBatch(b.lane, b.number) }
	w.notes.key = func(last uint64) string { return keyCheckpoint(tx.Lane, last) }
	w.settlements.key = keySettlement
	w.past.key = func(s shift) string { return keyPosition(s.shard, s.window) }
	w.due.key = keyDue
	w.adjustments.key = keyAdjustment
	return w
}

// mine is what the lane of the transaction keeps under a name.
func (w *work) mine(name string) shard { return shard{name, w.tx.Lane} }

// lanes is the number of lanes.
func (w *work) lanes() uint32 { return w.alliance.now.lanes() }

// window is the open window.
func (w *work) window() ledger.Date { return w.alliance.now.window }

// table is all cells of one kind.
type table[K comparable, T any, P content[T]] struct {
	key   func(K) string
	cells map[K]*cell[T, P]
}

// want returns the cell, to be read with the next fetch if it was not yet.
func (t *table[K, T, P]) want(w *work, k K) *cell[T, P] {
	if c, ok := t.cells[k]; ok {
		return c
	}
	c := &cell[T, P]{key: t.key(k)}
	if t.cells == nil {
		t.cells = make(map[K]*cell[T, P])
	}
	t.cells[k] = c
	w.cells = append(w.cells, c)
	w.missing = append(w.missing, c)
	return c
}

// create returns the cell of a key that cannot have a value yet, unread.
func (t *table[K, T, P]) create(w *work, k K) *cell[T, P] {
	c := &cell[T, P]{key: t.key(k), loaded: true}
	w.cells = append(w.cells, c)
	return c
}

// get returns the cell with its content.
func (t *table[K, T, P]) get(w *work, k K) (*cell[T, P], error) {
	c := t.want(w, k)
	if !c.loaded {
		if err := w.fetch(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// fetch reads everything that is wanted in one go.
func (w *work) fetch() error {
	if len(w.missing) == 0 {
		return nil
	}
	keys := make([]string, len(w.missing))
	for i, c := range w.missing {
		keys[i] = c.name()
	}
	values, err := w.state.Get(keys...)
	if err != nil {
		return err
	}
	if len(values) != len(keys) {
		return damaged("asked for %d values, got %d", len(keys), len(values))
	}
	for i, c := range w.missing {
		if err := c.load(values[i]); err != nil {
			return err
		}
	}
	w.missing = w.missing[:0]
	return nil
}

// volume is about how many bytes flush writes.
func (w *work) volume(keys int) int {
	n := 96*keys + len(w.own.ends) + len(w.own.records)
	for _, p := range w.pages.cells { // a sum, so their order does not matter
		n += len(p.now.sorted) + len(p.now.added)
	}
	return n
}

// flush writes each changed key once, in ascending order. Values share one
// buffer, which nothing writes to afterwards.
func (w *work) flush() error {
	changed := slices.DeleteFunc(w.cells, func(c stored) bool { return !c.changed() })
	slices.SortFunc(changed, func(a, b stored) int { return strings.Compare(a.name(), b.name()) })
	e := wire.NewEncoder(make([]byte, 0, w.volume(len(changed))))
	ends := make([]int, len(changed))
	for i, c := range changed {
		c.put(e)
		ends[i] = len(e.Bytes())
	}
	start := 0
	for i, c := range changed {
		if err := w.state.Put(c.name(), e.Bytes()[start:ends[i]:ends[i]]); err != nil {
			return err
		}
		if msps := c.demands(); len(msps) > 0 {
			if err := w.state.Endorsers(c.name(), msps...); err != nil {
				return err
			}
		}
		start = ends[i]
	}
	return nil
}
