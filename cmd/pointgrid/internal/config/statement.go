package config

import (
	"cmp"
	"fmt"
	"time"

	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
)

// Reconciliation says how statements are taken in and breaks are resolved.
type Reconciliation struct {
	Folder      string `yaml:"folder" env:"FOLDER" doc:"Watched folder with a folder per partner, named by its code, into which statements are put. Empty: none is watched."`
	BytesMax    int64  `yaml:"bytes_max" env:"BYTES_MAX" doc:"Largest statement in bytes, 1048576 to 8589934592."`
	WriteOffMax int64  `yaml:"write_off_max" env:"WRITE_OFF_MAX" doc:"Most that one write-off may be, in whole yuan; 0 forbids them."`
	DueDays     int    `yaml:"due_days" env:"DUE_DAYS" doc:"In how many days a break should be resolved, 1 to 90."`
}

// Sources of statements that are fetched or found; any statement may also come by
// POST /v1/statements or by the console.
const (
	FromAPI       = "api"
	FromFolder    = "folder"
	FromConnector = "connector"
)

// Statement says how a partner's statement of the day comes and is read.
type Statement struct {
	Source    string        `yaml:"source" doc:"api (the partner sends it, or it is uploaded in the console; the default), folder (it is put into reconciliation.folder) or connector (it is fetched from the Connector API)."`
	After     time.Duration `yaml:"after" doc:"How long after the cut-off it is fetched from the Connector API, default 5m: what was under way at the cut-off must be in it."`
	Due       time.Duration `yaml:"due" doc:"How long after the cut-off it must be there, default 10h."`
	Tolerance Tolerance     `yaml:"tolerance"`
	Layout    Layout        `yaml:"layout"`
}

// Tolerance is what is agreed not to be a break, or not one that keeps from signing.
type Tolerance struct {
	Amount   int64         `yaml:"amount" doc:"Largest difference of one movement, in smallest units of the partner's programme."`
	Late     time.Duration `yaml:"late" doc:"How near to the cut-off a movement may lie that the other book has in the next or the former window, default 10m."`
	LateDays int           `yaml:"late_days" doc:"For how many windows such a movement is waited for, default 1."`
	KeepDays int           `yaml:"keep_days" doc:"For how many windows the counterpart of any break is looked for, default 7."`
}

// Layout says how a partner writes its files. A statement in the form of the
// Connector API needs none of it.
type Layout struct {
	Columns      map[string][]string `yaml:"columns,omitempty" doc:"Names of columns, by field: transfer_id, reversal_id, reference, membership, kind, amount, debits, credits, points, status, date, time. Fields that are not here keep their usual names; an empty list says that there is no such column."`
	Kinds        map[string]string   `yaml:"kinds,omitempty" doc:"Words of the file for debit, credit, debit_reversal and credit_reversal."`
	Statuses     map[string]string   `yaml:"statuses,omitempty" doc:"Words of the file for completed, pending and failed."`
	Sign         string              `yaml:"sign" doc:"kind (the default: a column tells debits from credits), debit_negative, debit_positive or columns."`
	Dates        string              `yaml:"dates" doc:"ymd (the default), dmy or mdy: which of two short numbers is the month."`
	DecimalComma bool                `yaml:"decimal_comma" doc:"1.234,56 is one thousand and so on."`
	Delimiter    string              `yaml:"delimiter" doc:"Of a CSV file. Empty: it is found out."`
	Encoding     string              `yaml:"encoding" doc:"utf-8 or gb18030. Empty: it is found out."`
	Sheet        string              `yaml:"sheet" doc:"Name of the sheet of an XLSX file. Empty: the first."`
	Totals       []string            `yaml:"totals" doc:"Words with which a line of totals begins, besides the usual."`
	NoTotals     bool                `yaml:"no_totals" doc:"The file has no line of totals; otherwise one is required, because a file that was cut off looks whole without."`
	Repeats      bool                `yaml:"repeats" doc:"Lines that are the same in every field are allowed."`
}

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
