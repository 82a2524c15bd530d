package reconcile

import (
	"errors"

	"github.com/pointgrid/pointgrid/ledger"
)

// ErrOverflow is returned when the lines of one movement add up to more than an
// int64 holds.
var ErrOverflow = errors.New("reconcile: a sum does not fit")

// cell is what one book has of one movement.
type cell struct {
	first Record // the first that is completed; the first of any when none is
	count uint32 // lines that are completed
	sum   int64  // of their amounts
	equal bool   // they all have the same amount
	// pending and failed: there are lines of that status.
	pending, failed bool
}

// present reports whether the book mentions the movement.
func (c *cell) present() bool { return c.count > 0 || c.pending || c.failed }

func (c *cell) add(r *Record) error {
	if r.Side != Partner && c.present() && r.Was == 0 && c.first.Was != 0 {
		*c = cell{} // our own books tell the present state; what was kept is older
	}
	switch r.Status {
	case Pending:
		c.pending = true
	case Failed:
		c.failed = true
	case Completed:
		return c.addCompleted(r)
	}
	if c.count == 0 {
		c.first = *r
	}
	return nil
}

func (c *cell) addCompleted(r *Record) error {
	lines := max(r.Count, 1)
	if c.count == 0 {
		c.first, c.equal = *r, lines == 1
	}
	c.equal = c.equal && lines == 1 && r.Amount == c.first.Amount
	c.count += lines
	var ok bool
	if c.sum, ok = ledger.Add(c.sum, r.Amount); !ok {
		return ErrOverflow
	}
	return nil
}

// record is one record that stands for the cell.
func (c *cell) record() Record {
	r := c.first
	if c.count > 0 {
		r.Amount, r.Count = c.sum, c.count
	}
	return r
}

func (c *cell) book() Book {
	if !c.present() {
		return Book{}
	}
	first := c.first
	return Book{Lines: c.count, Amount: c.sum, First: &first}
}

// row is what the books have of one movement, under one key or brought together.
type row struct {
	cells [sides]cell
	used  bool
	was   Type        // of the break that an earlier run found
	since ledger.Date // its first window
}

func (w *row) add(r *Record) error {
	w.used = true
	if r.Was != 0 && (w.was == 0 || r.Window < w.since) {
		w.was, w.since = r.Was, r.Window
	}
	return w.cells[r.Side].add(r)
}

// reference is the partner's reference, as the first book says that has one.
func (w *row) reference() Fingerprint {
	for i := range w.cells {
		if c := &w.cells[i]; c.present() && c.first.Reference != 0 {
			return c.first.Reference
		}
	}
	return 0
}

// join adds the cells of another row.
func (w *row) join(o *row) error {
	w.used = true
	if o.was != 0 && (w.was == 0 || o.since < w.since) {
		w.was, w.since = o.was, o.since
	}
	for i := range o.cells {
		c := &o.cells[i]
		if !c.present() {
			continue
		}
		if !w.cells[i].present() {
			w.cells[i] = *c
			w.cells[i].first.Was = 0 // what was kept and what is new count alike
			continue
		}
		lines := c.record()
		lines.Was = 0
		if err := w.cells[i].add(&lines); err != nil {
			return err
		}
	}
	return nil
}

// group is everything the books have under one key.
type group struct {
	key  ledger.ID
	rows [movements]row
}

func (g *group) reset(key ledger.ID) {
	g.key = key
	for i := range g.rows {
		if g.rows[i].used {
			g.rows[i] = row{}
		}
	}
}

// cancel takes out what one workflow did and undid by itself: a debit that was
// refunded because the conversion did not come about.
func (g *group) cancel() {
	for _, pair := range [...][2]Movement{{Debit, DebitReversal}, {Credit, CreditReversal}} {
		done, undone := &g.rows[pair[0]], &g.rows[pair[1]]
		if !done.used || !undone.used {
			continue
		}
		for i := range done.cells {
			if a, b := &done.cells[i], &undone.cells[i]; a.count > 0 && b.count > 0 && a.sum == b.sum {
				*a, *b = cell{}, cell{}
			}
		}
	}
}
