package reconcile

import (
	"context"
	"errors"
	"fmt"

	"github.com/pointgrid/pointgrid/ledger"
)

// Run compares the books of a window. It returns the error of a source or output,
// the context's, [ErrRecord], [ErrOverflow], [ErrTooLarge] or [ErrSpill]; what it
// gave to the outputs before an error is worth nothing.
func Run(ctx context.Context, o Options, in Inputs, out Outputs) (report Report, err error) {
	if err := o.validate(); err != nil {
		return Report{}, err
	}
	m := newMatcher(o, out)
	defer func() {
		err = errors.Join(err, m.keyed.close(), m.referred.close())
		report = m.report
	}()
	if err := m.read(ctx, in); err != nil {
		return Report{}, err
	}
	if err := m.match(ctx); err != nil {
		return Report{}, err
	}
	return Report{}, m.groupByReference(ctx)
}

// matcher is one run.
type matcher struct {
	o      Options
	out    Outputs
	report Report
	// keyed has all records that have a key, referred those that are left for
	// their reference to tell.
	keyed, referred *sorter
	taken           int64
	left            int64
	group           group
	booking         booking
}

func newMatcher(o Options, out Outputs) *matcher {
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	if o.SpillMax == 0 {
		o.SpillMax = defaultSpillMax
	}
	open := func() (*spill, error) { return createSpill(o.SpillDir, o.SpillMax) }
	chunk := chunkOf(o.Memory / 2) // two sorters
	return &matcher{o: o, out: out, keyed: newSorter(byKey, chunk, open), referred: newSorter(byReference, chunk, open)}
}

// read takes in all books.
func (m *matcher) read(ctx context.Context, in Inputs) error {
	for _, book := range [...]struct {
		side   Side
		source Source
		kept   bool
	}{{Ledger, in.Ledger, false}, {Ours, in.Ours, false}, {Partner, in.Partner, false}, {Partner, in.Kept, true}} {
		if book.source == nil {
			continue
		}
		err := book.source(ctx, func(r *Record) error { return m.take(ctx, r, book.side, book.kept) })
		if err != nil {
			return fmt.Errorf("reconcile: reading: %w", err)
		}
	}
	return nil
}

func (m *matcher) take(ctx context.Context, r *Record, side Side, kept bool) error {
	if m.taken++; m.taken%tickRecords == 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.progress(Reading, m.taken, 0)
	}
	if kept != (r.Was != 0) {
		return fmt.Errorf("%w: only what an earlier run kept has the type of a break", ErrRecord)
	}
	if err := r.validate(side); err != nil {
		return err
	}
	if kept {
		m.report.Kept++
	} else if err := m.count(r); err != nil {
		return err
	}
	if r.Key.IsZero() {
		return m.leave(r)
	}
	return m.keyed.add(r)
}

func (m *matcher) count(r *Record) error {
	m.report.Records[r.Side][r.Movement]++
	if r.Status != Completed {
		return nil
	}
	sum, ok := ledger.Add(m.report.Amounts[r.Side][r.Movement], r.Amount)
	if !ok {
		return ErrOverflow
	}
	m.report.Amounts[r.Side][r.Movement] = sum
	return nil
}

func (m *matcher) leave(r *Record) error {
	m.left++
	return m.referred.add(r)
}

func (m *matcher) progress(p Phase, done, of int64) {
	if m.o.Progress != nil {
		m.o.Progress(Progress{p, done, of})
	}
}

// match goes through all records by key.
func (m *matcher) match(ctx context.Context) error {
	var done int64
	all := m.taken - m.left
	m.progress(Matching, 0, all)
	err := m.keyed.each(ctx, func(r *Record) error {
		if done++; done%tickRecords == 0 {
			m.progress(Matching, done, all)
		}
		if r.Key != m.group.key {
			if err := m.settle(); err != nil {
				return err
			}
			m.group.reset(r.Key)
		}
		return m.group.rows[r.Movement].add(r)
	})
	if err != nil {
		return err
	}
	return m.settle()
}

// settle judges what the books have under one key.
func (m *matcher) settle() error {
	m.group.cancel()
	for i := range m.group.rows {
		w := &m.group.rows[i]
		if !w.used {
			continue
		}
		verdict := m.o.judge(w)
		if left, err := m.leaveRow(w, verdict); left || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		if err := m.conclude(m.group.key, Movement(i), w, verdict); err != nil {
			return err
		}
	}
	return nil
}

// leaveRow leaves a row for its reference to tell, if another line with it could
// make it agree.
func (m *matcher) leaveRow(w *row, verdict Type) (bool, error) {
	l, ours, theirs := &w.cells[Ledger], &w.cells[Ours], &w.cells[Partner]
	switch {
	case verdict == WrongAmount && ours.sum == l.sum:
	case l.count > 0 && ours.count > 0 && theirs.count == 0 && verdict != WrongStatus:
	case theirs.count > 0 && !l.present() && !ours.present():
	default:
		return false, nil
	}
	reference := w.reference()
	if reference == 0 {
		return false, nil
	}
	for i := range w.cells {
		if !w.cells[i].present() {
			continue
		}
		r := w.cells[i].record()
		r.Reference = reference
		if w.was != 0 {
			r.Was, r.Window = w.was, w.since
		}
		if err := m.leave(&r); err != nil {
			return false, err
		}
	}
	return true, nil
}
