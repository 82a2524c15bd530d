package conformance

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/pointgrid/pointgrid/partners/connector"
)

var statementRules = []rule{
	{"the statement lists what was done, once, and adds up", checkStatement},
	{"the statement of a day without movements is empty", func(s *suite, t *testing.T) {
		if lines, _ := s.readStatement(t, s.day.AddDate(1, 0, 0)); len(lines) != 0 {
			t.Fatalf("got %d lines", len(lines))
		}
	}},
	{"the business day begins and ends at midnight of the partner's zone", checkMidnight},
}

func (s *suite) readStatement(t *testing.T, day time.Time) (map[connector.ID]connector.StatementLine, string) {
	t.Helper()
	body, err := s.client.Statement(t.Context(), day)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	lines := map[connector.ID]connector.StatementLine{}
	r := connector.NewStatementReader(body)
	for {
		l, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, r.Date()
		}
		if err != nil {
			t.Fatal(err)
		}
		id := l.TransferID
		if !l.ReversalID.IsZero() {
			id = l.ReversalID
		}
		if _, twice := lines[id]; twice {
			t.Fatalf("%s is listed twice", id)
		}
		lines[id] = l
	}
}

func checkStatement(s *suite, t *testing.T) {
	tr := s.transfer(t, 1)
	want(t, s.move(t, connector.Credit, tr), connector.Done, "") // so that there is one, if this rule runs alone
	want(t, s.reverse(t, connector.Credit, s.reversal(t, tr.ID, 1)), connector.Done, "")
	lines, date := s.readStatement(t, s.day)
	if want := s.day.Format(time.DateOnly); date != want {
		t.Errorf("the trailer names %s, want %s", date, want)
	}
	for id, l := range lines {
		booked, ok := s.lines[id]
		if !ok {
			t.Errorf("%s %s is listed and was not done", l.Kind, id)
			continue
		}
		if !l.OccurredAt.Equal(booked.OccurredAt) {
			t.Errorf("%s %s: occurred_at is %s, want %s", l.Kind, id, l.OccurredAt, booked.OccurredAt)
		}
		if l.OccurredAt = booked.OccurredAt; l != booked {
			t.Errorf("listed as %+v, was %+v", l, booked)
		}
	}
	for id, booked := range s.lines {
		if _, ok := lines[id]; !ok && sameDay(booked.OccurredAt, s.day) {
			t.Errorf("%s %s was done and is not listed", booked.Kind, id)
		}
	}
}

// sameDay reports whether a time falls on the day that begins at midnight.
func sameDay(at, midnight time.Time) bool {
	return !at.Before(midnight) && at.Before(midnight.AddDate(0, 0, 1))
}

func checkMidnight(s *suite, t *testing.T) {
	next := s.day.AddDate(0, 0, 1)
	for _, c := range []struct {
		at time.Time
		on time.Time
	}{{next.Add(-time.Nanosecond), s.day}, {next, next}} {
		tr := s.transfer(t, 1)
		tr.OccurredAt = c.at
		want(t, s.move(t, connector.Credit, tr), connector.Done, "")
		r := s.reversal(t, tr.ID, 1)
		r.OccurredAt = c.at
		want(t, s.reverse(t, connector.Credit, r), connector.Done, "")
		if lines, _ := s.readStatement(t, c.on); lines[tr.ID].Amount != 1 || lines[r.ID].Amount != 1 {
			t.Errorf("what occurred at %s is not on the statement of %s", c.at, c.on.Format(time.DateOnly))
		}
	}
}
