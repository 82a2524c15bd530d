package connector

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// StatementReader reads a statement line by line and checks the trailer.
type StatementReader struct {
	r      *csv.Reader
	totals StatementTotals
	date   string
	ended  bool
}

// NewStatementReader returns a reader for the CSV of a [Host]'s statement. A
// line has at most some hundred bytes; a longer one is an error.
func NewStatementReader(r io.Reader) *StatementReader {
	c := csv.NewReader(&lineLimit{r: r})
	c.FieldsPerRecord = statementColumns
	c.ReuseRecord = true
	return &StatementReader{r: c}
}

// Read returns the next line, or io.EOF after a trailer that agrees with all
// that came before it. Any other error means that the statement must not be
// used: it was cut off, altered, or does not follow the contract.
func (s *StatementReader) Read() (StatementLine, error) {
	if s.ended {
		return StatementLine{}, io.EOF
	}
	if s.r.InputOffset() == 0 {
		if err := s.readHeader(); err != nil {
			return StatementLine{}, err
		}
	}
	cells, err := s.r.Read()
	if err == io.EOF {
		return StatementLine{}, errors.New("connector: the statement was cut off: no trailer")
	}
	if err != nil {
		return StatementLine{}, fmt.Errorf("connector: statement: %w", err)
	}
	if cells[0] == "total" {
		return StatementLine{}, s.readTrailer(cells)
	}
	return s.readLine(cells)
}

// Totals returns the totals of what was read so far.
func (s *StatementReader) Totals() StatementTotals { return s.totals }

// Date returns the business day that the trailer names, after io.EOF.
func (s *StatementReader) Date() string { return s.date }

func (s *StatementReader) readHeader() error {
	cells, err := s.r.Read()
	if err == io.EOF {
		return errors.New("connector: the statement is empty: no header")
	}
	if err != nil {
		return fmt.Errorf("connector: statement header: %w", err)
	}
	want := [...]string{"line", "kind", "transfer_id", "reversal_id", "programme", "amount", "reference", "occurred_at"}
	if [statementColumns]string(cells) != want {
		return fmt.Errorf("connector: the first line of a statement must be %s", StatementHeader)
	}
	return nil
}

func (s *StatementReader) readLine(cells []string) (l StatementLine, err error) {
	l, err = parseLine(cells)
	if err == nil {
		err = s.totals.add(l.Kind, l.Amount)
	}
	if err == nil && cells[0] != strconv.FormatInt(s.totals.Lines, 10) {
		err = fmt.Errorf("line number must be %d", s.totals.Lines)
	}
	if err != nil {
		return StatementLine{}, fmt.Errorf("connector: statement line %d: %w", s.totals.Lines, err)
	}
	return l, nil
}

func parseLine(cells []string) (l StatementLine, err error) {
	reversal := false
	switch l.Kind = LineKind(cells[1]); l.Kind {
	case LineDebit, LineCredit:
	case LineDebitReversal, LineCreditReversal:
		reversal = true
	default:
		return l, errors.New("kind is not one of the contract")
	}
	if l.TransferID, err = readID("transfer_id", cells[2]); err != nil {
		return l, err
	}
	if reversal {
		l.ReversalID, err = readID("reversal_id", cells[3])
	} else if cells[3] != "" {
		err = wrong("reversal_id", "must be empty for a %s", l.Kind)
	}
	if err != nil {
		return l, err
	}
	l.Programme, l.Reference = cells[4], cells[6]
	if l.Amount, err = readAmount("amount", cells[5]); err != nil {
		return l, err
	}
	if l.OccurredAt, err = readTime("occurred_at", cells[7]); err != nil {
		return l, err
	}
	return l, errors.Join(checkProgramme(l.Programme), checkAmount(l.Amount), checkReference(l.Reference), checkOccurredAt(l.OccurredAt))
}

func checkReference(s string) error {
	if !Visible(s, ReferenceLengthMax) {
		return wrong("reference", "must be 1 to %d visible ASCII characters", ReferenceLengthMax)
	}
	return nil
}

func (s *StatementReader) readTrailer(cells []string) error {
	t := s.totals
	for i, want := range [...]int64{t.Lines, t.Debits, t.Credits, t.DebitReversals, t.CreditReversals} {
		if cells[i+1] != strconv.FormatInt(want, 10) {
			return fmt.Errorf("connector: statement trailer, column %d: says %s, the lines make %d", i+2, clip(cells[i+1]), want)
		}
	}
	if _, err := time.Parse(time.DateOnly, cells[7]); err != nil || cells[6] != "" {
		return errors.New("connector: statement trailer must end in an empty column and the date")
	}
	if _, err := s.r.Read(); err != io.EOF {
		return errors.New("connector: nothing may follow the trailer of a statement")
	}
	s.date, s.ended = cells[7], true
	return io.EOF
}

// lineBytesMax bounds one line, so that a statement without line ends cannot
// fill the memory.
const lineBytesMax = 1024

// lineLimit passes bytes on until a line is longer than lineBytesMax.
type lineLimit struct {
	r    io.Reader
	line int // bytes since the last line end
}

// Read implements io.Reader.
func (l *lineLimit) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for rest := p[:n]; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			l.line, rest = l.line+len(rest), nil
		} else {
			l.line, rest = l.line+end, rest[end+1:]
		}
		if l.line > lineBytesMax {
			return 0, fmt.Errorf("connector: a line of the statement has more than %d bytes", lineBytesMax)
		}
		if end >= 0 {
			l.line = 0
		}
	}
	return n, err
}
