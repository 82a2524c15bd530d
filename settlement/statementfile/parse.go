package statementfile

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/partners/connector"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// parser turns rows into lines and reports what it finds.
type parser struct {
	w        *words
	cols     columns
	f        *findings
	numbers  bool // a spreadsheet's
	from1904 bool
	form     string // the first date's
	bad      bool   // the row under way has a problem
	line     int
}

func (p *parser) problem(f Field, code Code, found string, want Rule) {
	p.bad = true
	p.f.add(Problem{Line: p.line, Column: p.cols.name[f], Code: code, Found: found, Rule: want})
}

func (p *parser) note(f Field, code Code, found string, want Rule) {
	p.f.note(Problem{Line: p.line, Column: p.cols.name[f], Code: code, Found: found, Rule: want})
}

// parse reads a row; ok is false when it has a problem.
func (p *parser) parse(line int, cells []string, l *Line) (ok bool) {
	p.line, p.bad = line, false
	*l = Line{Number: line}
	p.encoding(cells)
	p.status(cells, l)
	p.movement(cells, l)
	p.identity(cells, l)
	p.date(cells, l)
	if p.cols.cell(cells, Points) != "" {
		l.Points = p.number(cells, Points, 0)
		if l.Points < 0 {
			l.Points = -l.Points
		}
	}
	return !p.bad
}

func (p *parser) encoding(cells []string) {
	for i, c := range cells {
		if strings.ContainsRune(c, utf8.RuneError) {
			p.bad = true
			p.f.add(Problem{Line: p.line, Column: letter(i), Code: BadEncoding, Found: clip(c), Rule: rule("encoding")})
		}
	}
}

func (p *parser) status(cells []string, l *Line) {
	word := p.cols.cell(cells, Status)
	s, ok := p.w.statuses[fold(word)]
	if !ok {
		p.problem(Status, BadValue, clip(word), rule("status"))
	}
	l.Status = s
}

// movement reads kind and amount, by the layout's convention.
func (p *parser) movement(cells []string, l *Line) {
	field, amount := Amount, int64(0)
	if p.w.Sign == SignColumns {
		if field, amount = p.sides(cells); p.bad {
			return
		}
	} else if amount = p.number(cells, Amount, p.w.Scale); p.bad {
		return
	}
	known := p.kind(cells, l)
	if p.w.Sign == SignKind && amount < 0 {
		p.problem(field, BadAmount, clip(p.cols.cell(cells, field)), rule("sign"))
		return
	}
	if amount == 0 {
		p.problem(field, BadAmount, clip(p.cols.cell(cells, field)), rule("above_zero"))
		return
	}
	if !known {
		l.Movement = reconcile.Credit
		if (amount < 0) == (p.w.Sign != SignDebitPositive) {
			l.Movement = reconcile.Debit
		}
		if p.cols.cell(cells, ReversalID) != "" {
			// Points given back come as a credit, points taken back as a debit.
			l.Movement = reconcile.CreditReversal - l.Movement
		}
	}
	l.Amount = max(amount, -amount)
}

// sides reads the two columns of debits and credits; a debit is negative.
func (p *parser) sides(cells []string) (Field, int64) {
	debit, credit := p.cols.cell(cells, Debits), p.cols.cell(cells, Credits)
	var out, in int64
	if debit != "" {
		out = p.number(cells, Debits, p.w.Scale)
	}
	if credit != "" {
		in = p.number(cells, Credits, p.w.Scale)
	}
	if !p.bad && (out == 0) == (in == 0) {
		p.problem(Debits, BadAmount, clip(debit)+" and "+clip(credit), rule("one_side"))
	}
	if out != 0 {
		return Debits, -max(out, -out)
	}
	return Credits, max(in, -in)
}

// kind reads the column kind, if there is one and the line fills it.
func (p *parser) kind(cells []string, l *Line) bool {
	word := p.cols.cell(cells, Kind)
	if word == "" && p.w.Sign != SignKind {
		return false
	}
	m, ok := p.w.kinds[fold(word)]
	if !ok {
		p.problem(Kind, BadValue, clip(word), rule("kind"))
	}
	l.Movement = m
	return true
}

func (p *parser) number(cells []string, f Field, scale uint8) int64 {
	cell, fraction := p.cols.cell(cells, f), byte('.')
	if p.w.DecimalComma {
		fraction = ','
	}
	n, want := parseNumber(cell, scale, fraction, p.numbers)
	if want.broken() {
		p.problem(f, BadAmount, clip(cell), want)
		return 0
	}
	if n.grouped {
		p.note(f, Grouped, clip(cell), rule("no_separators"))
	}
	if n.wide {
		p.note(f, FullWidth, clip(cell), rule("narrow_digits"))
	}
	if n.rounded {
		p.note(f, Rounded, clip(cell), rule("noise_taken_off"))
	}
	return n.units
}

// identity reads by what a line is found.
func (p *parser) identity(cells []string, l *Line) {
	l.TransferID = p.id(cells, TransferID)
	l.ReversalID = p.id(cells, ReversalID)
	l.Reference = p.text(cells, Reference, 2*ledger.ReferenceMax)
	l.Membership = p.text(cells, Membership, 128)
	reversal := l.Movement == reconcile.DebitReversal || l.Movement == reconcile.CreditReversal
	if own := l.TransferID; !p.bad && l.Reference == "" && (own.IsZero() || reversal && l.ReversalID.IsZero()) {
		p.problem(Reference, BadValue, "neither our ID nor a reference", rule("found_by"))
	}
}

func (p *parser) id(cells []string, f Field) connector.ID {
	cell := p.cols.cell(cells, f)
	if cell == "" {
		return connector.ID{}
	}
	id, err := connector.ParseID(strings.ToLower(cell))
	if err != nil {
		p.problem(f, BadValue, clip(cell), rule("own_id"))
	}
	return id
}

func (p *parser) text(cells []string, f Field, limit int) string {
	cell := p.cols.cell(cells, f)
	if len(cell) > limit {
		p.problem(f, BadValue, clip(cell), Rule{Name: "text_bytes", A: strconv.Itoa(limit)})
		return ""
	}
	return cell
}

func (p *parser) date(cells []string, l *Line) {
	cell := p.cols.cell(cells, Date)
	if clock := p.cols.cell(cells, Time); clock != "" {
		cell += " " + clock
	}
	m, want := parseDate(cell, p.w.Dates, p.w.Zone, p.numbers, p.from1904)
	if want.broken() {
		p.problem(Date, BadDate, clip(cell), want)
		return
	}
	if p.form == "" {
		p.form = m.form
	}
	if m.form != p.form {
		p.note(Date, OtherForm, clip(cell), Rule{"one_form", m.at.Format(time.DateOnly), p.form})
	}
	if m.wide {
		p.note(Date, FullWidth, clip(cell), rule("narrow_digits"))
	}
	l.At, l.Clock = m.at, m.clock
	day := ledger.DateOf(m.at.In(p.w.Zone))
	if p.w.Day != 0 && (day < p.w.Day-1 || day > p.w.Day+1) {
		p.problem(Date, OtherDay, clip(cell), Rule{Name: "that_day", A: p.w.Day.String()})
	}
}
