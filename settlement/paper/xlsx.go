package paper

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/pointgrid/pointgrid/internal/sheet"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// rowsMax is how many rows a sheet holds; more lines go to further sheets.
const rowsMax = 1_048_576

// XLSX is a statement being written as a spreadsheet. It keeps its lines in
// temporary files, which Discard removes.
type XLSX struct {
	heading Heading
	file    *excelize.File
	sheet   *excelize.StreamWriter
	styles  styles
	sheets  int
	next    int // row of the sheet
	lines   int64
	per     int
}

// styles are those of the cells.
type styles struct {
	sheet.Looks
	points, yuan int
}

// NewXLSX begins a statement.
func NewXLSX(h Heading) (*XLSX, error) { return newXLSX(h, rowsMax) }

func newXLSX(h Heading, per int) (*XLSX, error) {
	x := &XLSX{heading: h, file: excelize.NewFile(), per: per}
	err := errors.Join(x.file.SetSheetName("Sheet1", summarySheet), x.makeStyles())
	if err == nil {
		err = x.begin()
	}
	if err != nil {
		return nil, errors.Join(err, x.Discard())
	}
	return x, nil
}

// Discard releases the temporary files; it may be called at any time.
func (x *XLSX) Discard() error { return x.file.Close() }

// summarySheet has the totals, the sheets of lines follow.
const summarySheet = "汇总 Summary"

func linesSheet(n int) string {
	if n == 1 {
		return "明细 Transfers"
	}
	return "明细 Transfers " + strconv.Itoa(n)
}

func (x *XLSX) makeStyles() (err error) {
	if x.styles.Looks, err = sheet.NewLooks(x.file); err != nil {
		return err
	}
	if x.styles.points, err = sheet.Decimals(x.file, x.heading.Partner.Scale); err != nil {
		return err
	}
	x.styles.yuan, err = sheet.Decimals(x.file, 6)
	return err
}

// begin opens the next sheet of lines, with a header that stays in view.
func (x *XLSX) begin() error {
	x.sheets++
	name := linesSheet(x.sheets)
	if _, err := x.file.NewSheet(name); err != nil {
		return err
	}
	var err error
	if x.sheet, err = x.file.NewStreamWriter(name); err != nil {
		return err
	}
	head := make([]any, len(columns))
	for i, c := range columns {
		head[i] = excelize.Cell{StyleID: x.styles.Head, Value: c}
	}
	x.next = 2
	return errors.Join(x.sheet.SetColWidth(1, 3, 11), x.sheet.SetColWidth(4, 8, 38), x.sheet.SetColWidth(9, len(columns), 16),
		x.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}),
		x.sheet.SetRow("A1", head))
}

// Write writes one leg of a transfer.
func (x *XLSX) Write(e *ledger.Entry, leg *ledger.Leg, d ledger.Direction) error {
	if err := x.room(); err != nil {
		return err
	}
	x.lines++
	return x.put(x.heading.row(x.lines, e, leg, d), d)
}

// Adjust writes a correction that both companies agreed to.
func (x *XLSX) Adjust(e *ledger.Entry) error {
	if err := x.room(); err != nil {
		return err
	}
	x.lines++
	return x.put(x.heading.adjustment(x.lines, e), 0)
}

// room opens another sheet when this one is full.
func (x *XLSX) room() error {
	if x.next <= x.per {
		return nil
	}
	return errors.Join(x.sheet.Flush(), x.begin())
}

func (x *XLSX) put(r row, d ledger.Direction) error {
	cells := make([]any, len(r))
	for i, text := range r {
		cells[i] = excelize.Cell{StyleID: x.styles.Text, Value: text}
		if numeric[i] && text != "" {
			cells[i] = excelize.Cell{StyleID: x.style(i, d), Value: sheet.Number(text)}
		}
	}
	err := x.sheet.SetRow("A"+strconv.Itoa(x.next), cells)
	x.next++
	return err
}

func (x *XLSX) style(column int, d ledger.Direction) int {
	switch {
	case columns[column] == "value_cny":
		return x.styles.yuan
	case columns[column] == "from_amount" && d == ledger.In, columns[column] == "to_amount" && d == ledger.Out:
		return x.styles.points
	}
	return x.styles.Whole
}

// Close writes the summary and then the whole file. The lines are those of the
// partner in the outcome of netting.
func (x *XLSX) Close(w io.Writer, p *ledger.Position, lines []netting.Line) error {
	if err := x.sheet.Flush(); err != nil {
		return err
	}
	s := &summary{x, sheet.NewPage(x.file, summarySheet)}
	if err := s.write(p, lines); err != nil {
		return err
	}
	if s.Freeze(3); s.Err != nil {
		return s.Err
	}
	x.file.SetActiveSheet(0)
	_, err := x.file.WriteTo(w)
	return err
}

// sumOf is a formula that adds up a column of all sheets of lines for one kind and
// direction, "" for any; an empty column counts.
func (x *XLSX) sumOf(column, kind, direction string) string {
	parts := make([]string, x.sheets)
	for i := range parts {
		sheet := "'" + linesSheet(i+1) + "'!"
		criteria := fmt.Sprintf(`%s$B:$B,"%s"`, sheet, kind)
		if direction != "" {
			criteria += fmt.Sprintf(`,%s$C:$C,"%s"`, sheet, direction)
		}
		if parts[i] = "COUNTIFS(" + criteria + ")"; column != "" {
			parts[i] = fmt.Sprintf("SUMIFS(%s$%s:$%s,%s)", sheet, column, column, criteria)
		}
	}
	return strings.Join(parts, "+")
}
