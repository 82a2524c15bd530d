package paper

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/pointgrid/pointgrid/internal/sheet"
	"github.com/pointgrid/pointgrid/ledger"
)

// CSV is a statement being written as CSV.
type CSV struct {
	heading Heading
	w       *csv.Writer
	lines   int64
}

// NewCSV writes the header.
func NewCSV(w io.Writer, h Heading) (*CSV, error) {
	c := &CSV{heading: h, w: csv.NewWriter(w)}
	return c, c.w.Write(columns[:])
}

// Lines returns how many transfers were written.
func (c *CSV) Lines() int64 { return c.lines }

// Write writes one leg of a transfer.
func (c *CSV) Write(e *ledger.Entry, leg *ledger.Leg, d ledger.Direction) error {
	c.lines++
	r := c.heading.row(c.lines, e, leg, d)
	r[15] = sheet.Plain(r[15])
	return c.w.Write(r[:])
}

// Adjust writes a correction that both companies agreed to.
func (c *CSV) Adjust(e *ledger.Entry) error {
	c.lines++
	r := c.heading.adjustment(c.lines, e)
	return c.w.Write(r[:])
}

// Close writes the totals of the position and passes everything on; it does not
// close the writer below.
func (c *CSV) Close(p *ledger.Position) error {
	for _, f := range flows(p) {
		from, to := c.heading.programmes(f.direction)
		total := row{strconv.FormatInt(f.sums.Count, 10), "total " + f.kind, f.direction.String(), 8: from.code, 9: points(f.sums.From, from.scale),
			10: to.code, 11: points(f.sums.To, to.scale), 12: points(f.sums.EPT, 0), 13: points(f.sums.Fee, 0), 14: yuan(f.sums.Value)}
		if err := c.w.Write(total[:]); err != nil {
			return err
		}
	}
	if p.Adjusted.Count > 0 {
		adjusted := row{strconv.FormatInt(p.Adjusted.Count, 10), "total " + adjustment, 14: yuan(p.Adjusted.Value)}
		if err := c.w.Write(adjusted[:]); err != nil {
			return err
		}
	}
	net := row{strconv.FormatInt(c.lines, 10), "net owed by partner", 14: yuan(p.Net())}
	if err := c.w.Write(net[:]); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}
