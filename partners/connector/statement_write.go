package connector

import (
	"bufio"
	"io"
	"strconv"
	"time"
)

// StatementWriter writes a statement line by line.
type StatementWriter struct {
	w      *bufio.Writer
	buffer []byte
	totals StatementTotals
}

// NewStatementWriter writes the header.
func NewStatementWriter(w io.Writer) *StatementWriter {
	s := &StatementWriter{w: bufio.NewWriterSize(w, 32<<10)}
	s.buffer = append(s.buffer, StatementHeader+"\n"...)
	return s
}

// Write writes one line. It returns the error of the writer below, or one for a
// sum that does not fit.
func (s *StatementWriter) Write(l StatementLine) error {
	if err := s.totals.add(l.Kind, l.Amount); err != nil {
		return err
	}
	b := strconv.AppendInt(s.buffer, s.totals.Lines, 10)
	b = append(append(b, ','), l.Kind...)
	b = l.TransferID.append(append(b, ','))
	b = append(b, ',')
	if !l.ReversalID.IsZero() {
		b = l.ReversalID.append(b)
	}
	b = append(append(b, ','), l.Programme...)
	b = strconv.AppendInt(append(b, ','), l.Amount, 10)
	b = appendCell(append(b, ','), l.Reference)
	b = l.OccurredAt.AppendFormat(append(b, ','), time.RFC3339Nano)
	return s.flush(append(b, '\n'))
}

// Close writes the trailer for a business day and passes everything on. It does
// not close the writer below.
func (s *StatementWriter) Close(date string) error {
	b := append(s.buffer, "total"...)
	t := s.totals
	for _, n := range [...]int64{t.Lines, t.Debits, t.Credits, t.DebitReversals, t.CreditReversals} {
		b = strconv.AppendInt(append(b, ','), n, 10)
	}
	b = append(append(b, ",,"...), date...)
	if err := s.flush(append(b, '\n')); err != nil {
		return err
	}
	return s.w.Flush()
}

func (s *StatementWriter) flush(b []byte) error {
	s.buffer = b[:0]
	_, err := s.w.Write(b)
	return err
}

// appendCell quotes a cell if it must be (RFC 4180, section 2).
func appendCell(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		plain = plain && s[i] != ',' && s[i] != '"'
	}
	if plain {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
