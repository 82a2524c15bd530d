package reconcile

import "github.com/pointgrid/pointgrid/ledger"

// conclude counts a row, tells of a break that came, changed or went, and keeps
// what the next window may complete.
func (m *matcher) conclude(key ledger.ID, movement Movement, w *row, verdict Type) error {
	switch {
	case verdict == 0 && w.was != 0:
		m.matched(w)
		return m.emit(Cleared, w.was, key, movement, w)
	case verdict == 0:
		m.matched(w)
		return nil
	case w.was == verdict:
		if err := m.emit(Stood, verdict, key, movement, w); err != nil {
			return err
		}
	case w.was != 0:
		if err := m.emit(Changed, verdict, key, movement, w); err != nil {
			return err
		}
	default:
		if err := m.emit(Opened, verdict, key, movement, w); err != nil {
			return err
		}
	}
	return m.keep(w, verdict)
}

// matched counts by the ledger's lines: what is matched in several parts is as
// many movements as the ledger has.
func (m *matcher) matched(w *row) {
	l, theirs := &w.cells[Ledger], &w.cells[Partner]
	if l.count == 0 {
		m.report.Nothing++
		return
	}
	m.report.Matched += int64(l.count)
	if l.count > 1 || theirs.count > 1 {
		m.report.Split += int64(l.count)
	}
}

func (m *matcher) emit(e Event, t Type, key ledger.ID, movement Movement, w *row) error {
	switch e {
	case Opened:
		m.report.Opened[t]++
	case Changed:
		m.report.Changed[t]++
	case Cleared:
		m.report.Cleared[t]++
	case Stood:
		m.report.Standing[t]++
	}
	if m.out.Break == nil {
		return nil
	}
	b := Break{Event: e, Type: t, Partner: m.o.Partner, Key: key, Movement: movement, Since: m.o.Window, Differs: m.o.differences(w)}
	named := Record{Key: key, Movement: movement, Reference: w.reference()}
	b.ID = breakID(m.o.Partner, &named)
	if w.was != 0 {
		b.Since = w.since
	}
	for i := range w.cells {
		b.Books[i] = w.cells[i].book()
	}
	return m.out.Break(b)
}

// keep hands on the records of a break that a counterpart in the next window may
// clear. Of others nothing is expected.
func (m *matcher) keep(w *row, verdict Type) error {
	since := m.o.Window
	if w.was != 0 {
		since = w.since
	}
	if m.out.Keep == nil || !m.awaits(w, verdict) || m.o.Window-since >= ledger.Date(m.o.Tolerance.KeepDays) {
		return nil
	}
	for i := range w.cells {
		if !w.cells[i].present() {
			continue
		}
		r := w.cells[i].record()
		r.Was, r.Window = verdict, since
		if err := m.out.Keep(&r); err != nil {
			return err
		}
	}
	return nil
}

func (m *matcher) awaits(w *row, verdict Type) bool {
	switch verdict {
	case MissingOnLedger, MissingOurs, MissingAtPartner:
		return true
	case WrongWindow: // unless all have it, in windows that differ
		return w.cells[Ledger].count == 0 || w.cells[Ours].count == 0 || w.cells[Partner].count == 0
	case WrongAmount: // parts may be on their way
		return w.cells[Partner].sum < w.cells[Ledger].sum
	}
	return false
}
