package console

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/pointgrid/pointgrid/settlement"
)

// linesPage is how many lines of a statement a page shows.
const linesPage = 50

// line is one line of a statement by the names of its columns.
type line map[string]string

type linesBody struct {
	*settlement.Settlement
	Name  string
	Sheet bool // there is a spreadsheet
	Rows  []line
	First string
	Next  string
}

// showLines reads the statement's file from where the page before ended, so that
// the last page of a million lines is as near as the first.
func (c *Console) showLines(v *visit) error {
	s, file, err := c.statement(v)
	if err != nil {
		return err
	}
	defer file.Close()
	at, err := strconv.ParseInt(v.r.URL.Query().Get("at"), 10, 64)
	if err != nil || at < 0 {
		at = 0
	}
	b := linesBody{Settlement: s, Name: c.company(v, s.Partner), Sheet: c.o.Papers != nil}
	next, err := b.read(file, at)
	if err != nil {
		return err
	}
	base := Area + "/settlements/" + s.ID + "/lines"
	if at > 0 {
		b.First = base
	}
	if next > 0 {
		b.Next = base + "?at=" + strconv.FormatInt(next, 10)
	}
	return c.show(v, "lines", &b)
}

// read takes the lines at an offset of the file, 0 being the first after the
// header. It returns where the next page begins, 0 for nowhere.
func (b *linesBody) read(file io.Reader, at int64) (int64, error) {
	r := newLines(file)
	columns, err := r.Read()
	if err != nil {
		return 0, err
	}
	start := r.InputOffset()
	if seeker, ok := file.(io.Seeker); ok && at > start {
		if _, err := seeker.Seek(at, io.SeekStart); err != nil {
			return 0, err
		}
		r, start = newLines(file), at
	}
	first := r.InputOffset()
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, errNotFound // no link of ours leads into the middle of a line
		}
		if len(cells) != len(columns) || strings.HasPrefix(cells[1], "total ") || strings.HasPrefix(cells[1], "net ") {
			return 0, nil // no more transfers
		}
		row := line{}
		for i, name := range columns {
			row[name] = cells[i]
		}
		b.Rows = append(b.Rows, row)
		if len(b.Rows) == linesPage {
			return start + r.InputOffset() - first, nil
		}
	}
}

func newLines(file io.Reader) *csv.Reader {
	r := csv.NewReader(file)
	r.FieldsPerRecord = -1
	return r
}
