package conformance

import (
	"errors"
	"io"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var statementRules = []Rule{
	must("CN-STATEMENT-01", "the statement lists what was done, once, and adds up", "What was done is listed on the statement of its business day, once, and nothing else is",
		"Write one line for each movement in the transaction that makes it, and nothing for declined work and tombstones.", checkStatement),
	must("CN-STATEMENT-02", "the statement of a day without movements is empty", "A day of which nothing is known, past or future, has a statement of header and trailer",
		"Answer with header and trailer, not with 404.",
		func(s *suite, t *trial) {
			if lines, _ := s.readStatement(t, s.day.AddDate(1, 0, 0)); len(lines) != 0 {
				t.Fatalf("the statement of a day on which nothing was sent has %d lines", len(lines))
			}
		}),
	must("CN-STATEMENT-03", "the business day begins and ends at midnight of the partner's zone", "A business day is a calendar day in the partner's time zone",
		"Turn occurred_at into the time of Asia/Shanghai (or the zone agreed on), and take the calendar day of that.", checkMidnight),
}

func (s *suite) readStatement(t *trial, day time.Time) (map[connector.ID]connector.StatementLine, string) {
	body, err := s.client.Statement(t.Context(), day)
	if err != nil {
		t.Fatalf("the statement of %s was asked for, and %s", day.Format(time.DateOnly), plain(err))
	}
	defer body.Close() // what the tap has read
	lines := map[connector.ID]connector.StatementLine{}
	r := connector.NewStatementReader(body)
	for {
		l, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, r.Date()
		}
		if err != nil {
			t.Fatalf("the statement cannot be read: %v", err)
		}
		id := l.TransferID
		if !l.ReversalID.IsZero() {
			id = l.ReversalID
		}
		if _, twice := lines[id]; twice {
			t.Fatalf("the statement lists %s twice", id)
		}
		lines[id] = l
	}
}

func checkStatement(s *suite, t *trial) {
	tr := s.transfer(1)
	want(t, "a credit of 1", s.move(t, connector.Credit, tr), connector.Done, "") // so that there is one, if this rule runs alone
	want(t, "its reversal", s.reverse(t, connector.Credit, s.reversal(tr.ID, 1)), connector.Done, "")
	lines, date := s.readStatement(t, s.day)
	if want := s.day.Format(time.DateOnly); date != want {
		t.Errorf("the trailer of the statement of %s names %s", want, date)
	}
	for id, l := range lines {
		s.compareLine(t, id, l)
	}
	for id, booked := range s.lines {
		if _, ok := lines[id]; !ok && sameDay(booked.OccurredAt, s.day) {
			t.Errorf("a %s of %d was done (%s) and is not on the statement", booked.Kind, booked.Amount, id)
		}
	}
}

// compareLine compares a line with what was done.
func (s *suite) compareLine(t *trial, id connector.ID, l connector.StatementLine) {
	booked, ok := s.lines[id]
	if !ok {
		t.Errorf("the statement lists a %s of %d (%s) that was never done", l.Kind, l.Amount, id)
		return
	}
	if !l.OccurredAt.Equal(booked.OccurredAt) {
		t.Errorf("the statement says that %s %s occurred at %s; the gateway sent %s", l.Kind, id, l.OccurredAt, booked.OccurredAt)
	}
	if l.OccurredAt = booked.OccurredAt; l != booked {
		t.Errorf("the statement lists %s as %s of %d with reference %q; it was a %s of %d with reference %q",
			id, l.Kind, l.Amount, l.Reference, booked.Kind, booked.Amount, booked.Reference)
	}
}

// sameDay reports whether a time falls on the day that begins at midnight.
func sameDay(at, midnight time.Time) bool {
	return !at.Before(midnight) && at.Before(midnight.AddDate(0, 0, 1))
}

func checkMidnight(s *suite, t *trial) {
	next := s.day.AddDate(0, 0, 1)
	for _, c := range []struct{ at, on time.Time }{{next.Add(-time.Nanosecond), s.day}, {next, next}} {
		tr := s.transfer(1)
		tr.OccurredAt = c.at
		want(t, "a credit of 1", s.move(t, connector.Credit, tr), connector.Done, "")
		r := s.reversal(tr.ID, 1)
		r.OccurredAt = c.at
		want(t, "its reversal", s.reverse(t, connector.Credit, r), connector.Done, "")
		if lines, _ := s.readStatement(t, c.on); lines[tr.ID].Amount != 1 || lines[r.ID].Amount != 1 {
			t.Errorf("what occurred at %s is not on the statement of %s", c.at.Format(time.RFC3339Nano), c.on.Format(time.DateOnly))
		}
	}
}
