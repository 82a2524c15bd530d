package insight

import (
	"context"
	"maps"
	"slices"

	"github.com/pointgrid/pointgrid/ledger"
)

// CrowdMin is how many members a group must have for its figures to be told.
const CrowdMin = 5

// Veil says why the figures of a group are not told.
type Veil uint8

// Few hides a group of less than [CrowdMin] members, Beside one from which, with
// the sums, such a group could be found.
const (
	Plain Veil = iota
	Few
	Beside
)

// Cell is a group of members. When it is veiled its figures are 0.
type Cell struct {
	Veil    Veil
	Members int64 // who took part in the month in which most did
	Came    int64 // points earned and converted in
	Went    int64 // points spent and converted out
}

// Crowd is a table of segments and tiers over whole months, with their sums in a
// last row and a last column.
type Crowd struct {
	From, To        ledger.Month
	Segments, Tiers []string // ascending; "" is not known
	Cells           [][]Cell // by segment, then tier
}

// Sum is the cell of everybody.
func (c *Crowd) Sum() Cell { return c.Cells[len(c.Segments)][len(c.Tiers)] }

// monthsShown is how many months are told of at least, however short the period is.
const monthsShown = 12

// crowd fills in the months and the table of segments and tiers. It covers whole
// months: how many members a group has is known by month.
func (s *Service) crowd(ctx context.Context, r *Report) error {
	from, to := r.From.Month(), r.To.Month()
	earliest := min(from, max(to, monthsShown-1)-(monthsShown-1))
	heads, err := s.store.InsightHeads(ctx, earliest, to)
	if err != nil {
		return err
	}
	for m := earliest; m <= to; m++ {
		r.Months = append(r.Months, Head{Month: m, Segment: Everybody, Tier: Everybody})
	}
	for _, h := range heads {
		if h.Segment == Everybody && h.Tier == Everybody {
			r.Months[h.Month-earliest] = h
		}
	}
	heads = slices.DeleteFunc(heads, func(h Head) bool { return h.Month < from })
	r.Crowd = newCrowd(from, to, heads)
	for m := from; m <= to; m++ {
		flows, err := s.store.InsightFlows(ctx, FirstDay(m), FirstDay(m+1)-1)
		if err != nil {
			return err
		}
		if err := r.Crowd.month(m, flows, heads); err != nil {
			return err
		}
	}
	r.Crowd.hide()
	return nil
}

// FirstDay is the first day of a month.
func FirstDay(m ledger.Month) ledger.Date {
	d := ledger.Date(int32(m)*30 + int32(m)/3) // not later
	for d.Month() < m {
		d++
	}
	for d > 0 && (d-1).Month() >= m {
		d--
	}
	return d
}

// newCrowd is the table of everybody who took part, without figures.
func newCrowd(from, to ledger.Month, heads []Head) Crowd {
	segments, tiers := map[string]bool{}, map[string]bool{}
	for _, h := range heads {
		if h.Segment != Everybody && h.Tier != Everybody {
			segments[h.Segment], tiers[h.Tier] = true, true
		}
	}
	c := Crowd{From: from, To: to, Segments: slices.Sorted(maps.Keys(segments)), Tiers: slices.Sorted(maps.Keys(tiers))}
	c.Cells = c.empty()
	return c
}

func (c *Crowd) empty() [][]Cell {
	cells := make([][]Cell, len(c.Segments)+1)
	for i := range cells {
		cells[i] = make([]Cell, len(c.Tiers)+1)
	}
	return cells
}

// month adds one month. Each month is veiled by itself, and what is veiled in one stays
// so in every period that has it: otherwise the difference of two periods would tell
// what is hidden in the months between them.
func (c *Crowd) month(m ledger.Month, flows []Flow, heads []Head) error {
	one := Crowd{Segments: c.Segments, Tiers: c.Tiers, Cells: c.empty()}
	for _, h := range heads {
		if h.Month == m {
			one.Cells[place(c.Segments, h.Segment)][place(c.Tiers, h.Tier)].Members = h.Members
		}
	}
	for i := range flows {
		if err := one.add(&flows[i]); err != nil {
			return err
		}
	}
	one.veil()
	for i := range c.Cells {
		for j := range c.Cells[i] {
			if err := c.Cells[i][j].join(&one.Cells[i][j]); err != nil {
				return err
			}
		}
	}
	return nil
}

// join adds what a month has of the same group.
func (c *Cell) join(month *Cell) error {
	if month.Veil == Few || c.Veil == Plain {
		c.Veil = month.Veil
	}
	c.Members = max(c.Members, month.Members)
	came, ok := ledger.Add(c.Came, month.Came)
	went, fits := ledger.Add(c.Went, month.Went)
	if !ok || !fits {
		return ErrOverflow
	}
	c.Came, c.Went = came, went
	return nil
}

// place is where a name is among sorted ones; after the last is everybody.
func place(names []string, name string) int {
	if i, ok := slices.BinarySearch(names, name); ok {
		return i
	}
	return len(names)
}

// add adds points to a cell and to the sums that it is in. Those of a segment or
// tier without any member who took part, such as points without an event, are in
// the sums alone, and left out: they would be found by subtraction.
func (c *Crowd) add(f *Flow) error {
	i, inSegments := slices.BinarySearch(c.Segments, f.Segment)
	j, inTiers := slices.BinarySearch(c.Tiers, f.Tier)
	if !inSegments || !inTiers || f.Source == Other || c.Cells[i][j].Members == 0 {
		return nil
	}
	for _, cell := range [...]*Cell{&c.Cells[i][j], &c.Cells[i][len(c.Tiers)], &c.Cells[len(c.Segments)][j], &c.Cells[len(c.Segments)][len(c.Tiers)]} {
		to := &cell.Came
		if f.Side == Spent || f.Side == Out {
			to = &cell.Went
		} else if f.Side != Earned && f.Side != In {
			continue
		}
		sum, ok := ledger.Add(*to, f.Points)
		if !ok {
			return ErrOverflow
		}
		*to = sum
	}
	return nil
}

// veil hides small groups, and then, in each row and column in which one alone is
// hidden, the smallest of the others, until none is alone.
func (c *Crowd) veil() {
	for i := range c.Cells {
		for j := range c.Cells[i] {
			if n := c.Cells[i][j].Members; n > 0 && n < CrowdMin {
				c.Cells[i][j].Veil = Few
			}
		}
	}
	for again := true; again; {
		again = false
		for i := range c.Cells {
			again = screen(len(c.Tiers)+1, func(j int) *Cell { return &c.Cells[i][j] }) || again
		}
		for j := range len(c.Tiers) + 1 {
			again = screen(len(c.Segments)+1, func(i int) *Cell { return &c.Cells[i][j] }) || again
		}
	}
}

// hide drops the figures of what is veiled.
func (c *Crowd) hide() {
	for i := range c.Cells {
		for j := range c.Cells[i] {
			if cell := &c.Cells[i][j]; cell.Veil != Plain {
				*cell = Cell{Veil: cell.Veil}
			}
		}
	}
}

// screen hides the smallest of a row whose hidden cell is alone, and reports whether
// it did.
func screen(n int, at func(int) *Cell) bool {
	hidden, smallest := 0, (*Cell)(nil)
	for i := range n {
		switch cell := at(i); {
		case cell.Veil != Plain:
			hidden++
		case cell.Members > 0 && (smallest == nil || cell.Members < smallest.Members):
			smallest = cell
		}
	}
	if hidden != 1 || smallest == nil {
		return false
	}
	smallest.Veil = Beside
	return true
}
