package statementfile

import (
	"fmt"
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

func (p *parser) problem(f Field, code Code, found, want string) {
	p.bad = true
	p.f.add(Problem{Line: p.line, Column: p.cols.name[f], Code: code, Found: found, Want: want})
}

func (p *parser) note(f Field, code Code, found, want string) {
	p.f.note(Problem{Line: p.line, Column: p.cols.name[f], Code: code, Found: found, Want: want})
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
			p.f.add(Problem{Line: p.line, Column: letter(i), Code: BadEncoding, Found: clip(c), Want: "bytes of the file's encoding; save it as UTF-8"})
		}
	}
}

func (p *parser) status(cells []string, l *Line) {
	word := p.cols.cell(cells, Status)
	s, ok := p.w.statuses[fold(word)]
	if !ok {
		p.problem(Status, BadValue, clip(word), "completed, pending or failed, 成功, 处理中 or 失败, or a word of the layout's")
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
		p.problem(field, BadAmount, clip(p.cols.cell(cells, field)), "a positive amount; the column kind tells debits from credits, unless the layout's sign says otherwise")
		return
	}
	if amount == 0 {
		p.problem(field, BadAmount, clip(p.cols.cell(cells, field)), "an amount of at least one smallest unit")
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
		p.problem(Debits, BadAmount, clip(debit)+" and "+clip(credit), "an amount in one of the two columns")
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
		p.problem(Kind, BadValue, clip(word), "debit, credit, debit_reversal or credit_reversal, 扣减, 增加, 扣减冲正 or 增加冲正, or a word of the layout's")
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
	if want != "" {
		p.problem(f, BadAmount, clip(cell), want)
		return 0
	}
	if n.grouped {
		p.note(f, Grouped, clip(cell), "read with thousands separators; write amounts without")
	}
	if n.wide {
		p.note(f, FullWidth, clip(cell), "full-width digits were read; write ASCII digits")
	}
	if n.rounded {
		p.note(f, Rounded, clip(cell), "the noise of a spreadsheet's number was taken off")
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
		p.problem(Reference, BadValue, "neither our ID nor a reference", "one of the two, of the reversal for a reversal, by which the line is found")
	}
}

func (p *parser) id(cells []string, f Field) connector.ID {
	cell := p.cols.cell(cells, f)
	if cell == "" {
		return connector.ID{}
	}
	id, err := connector.ParseID(strings.ToLower(cell))
	if err != nil {
		p.problem(f, BadValue, clip(cell), "our ID as it was sent, such as 0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50")
	}
	return id
}

func (p *parser) text(cells []string, f Field, limit int) string {
	cell := p.cols.cell(cells, f)
	if len(cell) > limit {
		p.problem(f, BadValue, clip(cell), fmt.Sprintf("at most %d bytes", limit))
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
	if want != "" {
		p.problem(Date, BadDate, clip(cell), want)
		return
	}
	if p.form == "" {
		p.form = m.form
	}
	if m.form != p.form {
		p.note(Date, OtherForm, clip(cell), "read as "+m.at.Format(time.DateOnly)+"; the first date is written as "+p.form+", use one form")
	}
	if m.wide {
		p.note(Date, FullWidth, clip(cell), "full-width digits were read; write ASCII digits")
	}
	l.At, l.Clock = m.at, m.clock
	day := ledger.DateOf(m.at.In(p.w.Zone))
	if p.w.Day != 0 && (day < p.w.Day-1 || day > p.w.Day+1) {
		p.problem(Date, OtherDay, clip(cell), "a movement of "+p.w.Day.String()+", the business day of this statement")
	}
}
