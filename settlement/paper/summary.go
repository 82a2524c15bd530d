package paper

import (
	"fmt"
	"strconv"

	"github.com/xuri/excelize/v2"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// summary writes the first sheet: the sums as formulas over the lines, and how
// they became a payment.
type summary struct {
	x   *XLSX
	row int
	err error
}

func (s *summary) write(p *ledger.Position, lines []netting.Line) error {
	x := s.x
	s.set("A", fmt.Sprintf("%s · %s", x.heading.Partner.Code, x.heading.Window), x.styles.bold)
	s.row += 2
	s.head("类型 Kind", "方向 Direction", "笔数 Count", "转出 From", "转入 To", "电力积分 EPT", "手续费 Fee EPT", "金额 Value CNY", "应付 Owed by partner CNY")
	first := s.row
	for _, f := range flows(p) {
		s.flow(&f)
	}
	if p.Adjusted.Count > 0 {
		s.adjusted(&p.Adjusted)
	}
	s.set("A", "合计 Net owed by partner", x.styles.bold)
	s.formula("I", fmt.Sprintf("SUM(I%d:I%d)", first, s.row-1), yuan(p.Net()), x.styles.yuan)
	net := s.row
	s.row += 2
	s.head("清算方式 Channel", "期初结转 Opening", "本期 Net", "应付 Payable", "结转下期 Closing")
	from := s.row
	for i := range lines {
		s.line(&lines[i])
	}
	if len(lines) > 0 {
		s.set("A", "与明细之差，应为零 Net less the lines, must be zero", x.styles.bold)
		s.formula("C", fmt.Sprintf("ROUND(SUM(C%d:C%d)-I%d,6)", from, s.row-1, net), yuan(netOf(lines)-p.Net()), x.styles.yuan)
	}
	if s.err != nil {
		return s.err
	}
	return x.file.SetColWidth(summarySheet, "A", "I", 24)
}

func netOf(lines []netting.Line) (sum int64) {
	for _, l := range lines {
		sum += l.Net // fits: the netting summed the same
	}
	return sum
}

// flow writes the sums of one kind and direction.
func (s *summary) flow(f *flow) {
	x, at := s.x, strconv.Itoa(s.row)
	from, to := x.heading.programmes(f.direction)
	s.set("A", f.kind, x.styles.text)
	s.set("B", f.direction.String(), x.styles.text)
	for _, c := range []struct{ to, from, value string }{{"C", "", strconv.FormatInt(f.sums.Count, 10)}, {"D", "J", points(f.sums.From, from.scale)},
		{"E", "L", points(f.sums.To, to.scale)}, {"F", "M", points(f.sums.EPT, 0)}, {"G", "N", points(f.sums.Fee, 0)}, {"H", "O", yuan(f.sums.Value)}} {
		s.formula(c.to, x.sumOf(c.from, f.kind, f.direction.String()), c.value, s.style(c.to, f.direction))
	}
	sign := "H" + at
	if f.sign < 0 {
		sign = "-H" + at
	}
	s.formula("I", sign, yuan(f.sign*f.sums.Value), x.styles.yuan)
	s.row++
}

// adjusted writes the sum of the adjustments, which may be negative.
func (s *summary) adjusted(a *ledger.Adjusted) {
	s.set("A", adjustment, s.x.styles.text)
	s.formula("C", s.x.sumOf("", adjustment, ""), strconv.FormatInt(a.Count, 10), s.x.styles.whole)
	s.formula("H", s.x.sumOf("O", adjustment, ""), yuan(a.Value), s.x.styles.yuan)
	s.formula("I", "H"+strconv.Itoa(s.row), yuan(a.Value), s.x.styles.yuan)
	s.row++
}

func (s *summary) style(column string, d ledger.Direction) int {
	switch {
	case column == "H":
		return s.x.styles.yuan
	case column == "D" && d == ledger.In, column == "E" && d == ledger.Out:
		return s.x.styles.points
	}
	return s.x.styles.whole
}

// line writes how a channel's value became cents.
func (s *summary) line(l *netting.Line) {
	at := strconv.Itoa(s.row)
	s.set("A", l.Channel.String(), s.x.styles.text)
	s.set("B", number(yuan(l.Opening)), s.x.styles.yuan)
	s.set("C", number(yuan(l.Net)), s.x.styles.yuan)
	s.set("D", number(cents(l.Payable)), s.x.styles.yuan)
	s.formula("E", "B"+at+"+C"+at+"-D"+at, yuan(l.Closing), s.x.styles.yuan)
	s.row++
}

func (s *summary) head(names ...string) {
	for i, n := range names {
		s.set(string(rune('A'+i)), n, s.x.styles.head)
	}
	s.row++
}

func (s *summary) set(column string, v any, style int) {
	if s.err == nil {
		at := column + strconv.Itoa(s.row)
		if s.err = s.x.file.SetCellValue(summarySheet, at, v); s.err == nil {
			s.err = s.x.file.SetCellStyle(summarySheet, at, at, style)
		}
	}
}

// formula writes a formula with its value, so that programs that do not compute
// show it too.
func (s *summary) formula(column, formula, value string, style int) {
	s.set(column, number(value), style)
	if s.err == nil {
		kind := excelize.STCellFormulaTypeNormal
		s.err = s.x.file.SetCellFormula(summarySheet, column+strconv.Itoa(s.row), formula, excelize.FormulaOpts{Type: &kind})
	}
}
