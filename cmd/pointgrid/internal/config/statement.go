package config

import (
	"cmp"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
)

func (c *Config) validateReconciliation(wrong report) {
	r := c.Reconciliation
	if r.BytesMax < 1<<20 || r.BytesMax > 8<<30 {
		wrong("reconciliation.bytes_max", "%d is not 1048576 to 8589934592", r.BytesMax)
	}
	if r.WriteOffMax < 0 || r.WriteOffMax > 1_000_000_000 {
		wrong("reconciliation.write_off_max", "%d is not 0 to 1000000000 yuan", r.WriteOffMax)
	}
	if r.DueDays < 1 || r.DueDays > 90 {
		wrong("reconciliation.due_days", "%d is not 1 to 90", r.DueDays)
	}
	for i := range c.Companies {
		c.validateStatement(wrong, fmt.Sprintf("partners[%d].statement", i), &c.Companies[i])
	}
}

func (c *Config) validateStatement(wrong report, key string, p *Partner) {
	s := &p.Statement
	if s.Source != "" {
		oneOf(wrong, key+".source", s.Source, FromAPI, FromFolder, FromConnector)
	}
	if s.Source == FromConnector && p.Connector.URL == "" {
		wrong(key+".source", "is %q, and the partner has no connector.url to fetch it from", s.Source)
	}
	if s.Source == FromFolder && c.Reconciliation.Folder == "" {
		wrong(key+".source", "is %q, and reconciliation.folder is empty; name the folder to watch", s.Source)
	}
	between(wrong, key+".after", s.FetchedAfter(), 0, 24*time.Hour)
	between(wrong, key+".due", s.DueAfter(), time.Minute, 30*24*time.Hour)
	t := s.Tolerance.Reconcile()
	if t.Amount < 0 {
		wrong(key+".tolerance.amount", "%d is not 0 or more", t.Amount)
	}
	between(wrong, key+".tolerance.late", t.Late, 0, 12*time.Hour)
	if t.LateDays < 1 || t.KeepDays < t.LateDays || t.KeepDays > 90 {
		wrong(key+".tolerance", "late_days is %d and keep_days %d; want 1 or more, and keep_days late_days to 90", t.LateDays, t.KeepDays)
	}
	if err := s.Layout.File().Check(); err != nil {
		wrong(key+".layout", "%v", err)
	}
}

// FetchedAfter is how long after the cut-off a statement is fetched.
func (s *Statement) FetchedAfter() time.Duration { return cmp.Or(s.After, 5*time.Minute) }

// DueAfter is how long after the cut-off a statement must be there.
func (s *Statement) DueAfter() time.Duration { return cmp.Or(s.Due, 10*time.Hour) }

// Reconcile is the tolerance with its defaults.
func (t Tolerance) Reconcile() reconcile.Tolerance {
	return reconcile.Tolerance{Amount: t.Amount, Late: cmp.Or(t.Late, 10*time.Minute), LateDays: cmp.Or(t.LateDays, 1), KeepDays: cmp.Or(t.KeepDays, 7)}
}

// File is the layout as files are read with it, but for what the partner is.
func (l Layout) File() statementfile.Layout {
	var columns map[statementfile.Field][]string
	if l.Columns != nil {
		columns = map[statementfile.Field][]string{}
	}
	for field, names := range l.Columns {
		columns[statementfile.Field(field)] = names
	}
	return statementfile.Layout{Columns: columns, Kinds: l.Kinds, Statuses: l.Statuses, Sign: statementfile.Sign(l.Sign),
		Dates: statementfile.DateOrder(l.Dates), DecimalComma: l.DecimalComma, Delimiter: l.Delimiter, Encoding: l.Encoding,
		Sheet: l.Sheet, Totals: l.Totals, NoTotals: l.NoTotals, Repeats: l.Repeats}
}
