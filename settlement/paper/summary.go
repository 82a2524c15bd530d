package paper

import (
	"fmt"
	"strconv"

	"github.com/pointgrid/pointgrid/internal/sheet"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

// summary writes the first sheet: the sums as formulas over the lines, and how
// they became a payment.
type summary struct {
	x *XLSX
	*sheet.Page
}

func (s *summary) write(p *ledger.Position, lines []netting.Line) error {
	x := s.x
	s.Set("A", fmt.Sprintf("%s · %s", x.heading.Partner.Code, x.heading.Window), x.styles.Bold)
	s.Row += 2
	s.Head(x.styles.Head, "类型 Kind", "方向 Direction", "笔数 Count", "转出 From", "转入 To", "电力积分 EPT", "手续费 Fee EPT", "金额 Value CNY", "应付 Owed by partner CNY")
	first := s.Row
	for _, f := range flows(p) {
		s.flow(&f)
	}
	if p.Adjusted.Count > 0 {
		s.adjusted(&p.Adjusted)
	}
	s.Set("A", "合计 Net owed by partner", x.styles.Bold)
	s.Formula("I", fmt.Sprintf("SUM(I%d:I%d)", first, s.Row-1), yuan(p.Net()), x.styles.yuan)
	net := s.Row
	s.Row += 2
	s.Head(x.styles.Head, "清算方式 Channel", "期初结转 Opening", "本期 Net", "应付 Payable", "结转下期 Closing")
	from := s.Row
	for i := range lines {
		s.line(&lines[i])
	}
	if len(lines) > 0 {
		s.Set("A", "与明细之差，应为零 Net less the lines, must be zero", x.styles.Bold)
		s.Formula("C", fmt.Sprintf("ROUND(SUM(C%d:C%d)-I%d,6)", from, s.Row-1, net), yuan(netOf(lines)-p.Net()), x.styles.yuan)
	}
	if s.Err != nil {
		return s.Err
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
	x, at := s.x, strconv.Itoa(s.Row)
	from, to := x.heading.programmes(f.direction)
	s.Set("A", f.kind, x.styles.Text)
	s.Set("B", f.direction.String(), x.styles.Text)
	for _, c := range []struct{ to, from, value string }{{"C", "", strconv.FormatInt(f.sums.Count, 10)}, {"D", "J", points(f.sums.From, from.scale)},
		{"E", "L", points(f.sums.To, to.scale)}, {"F", "M", points(f.sums.EPT, 0)}, {"G", "N", points(f.sums.Fee, 0)}, {"H", "O", yuan(f.sums.Value)}} {
		s.Formula(c.to, x.sumOf(c.from, f.kind, f.direction.String()), c.value, s.style(c.to, f.direction))
	}
	sign := "H" + at
	if f.sign < 0 {
		sign = "-H" + at
	}
	s.Formula("I", sign, yuan(f.sign*f.sums.Value), x.styles.yuan)
	s.Row++
}

// adjusted writes the sum of the adjustments, which may be negative.
func (s *summary) adjusted(a *ledger.Adjusted) {
	s.Set("A", adjustment, s.x.styles.Text)
	s.Formula("C", s.x.sumOf("", adjustment, ""), strconv.FormatInt(a.Count, 10), s.x.styles.Whole)
	s.Formula("H", s.x.sumOf("O", adjustment, ""), yuan(a.Value), s.x.styles.yuan)
	s.Formula("I", "H"+strconv.Itoa(s.Row), yuan(a.Value), s.x.styles.yuan)
	s.Row++
}

func (s *summary) style(column string, d ledger.Direction) int {
	switch {
	case column == "H":
		return s.x.styles.yuan
	case column == "D" && d == ledger.In, column == "E" && d == ledger.Out:
		return s.x.styles.points
	}
	return s.x.styles.Whole
}

// line writes how a channel's value became cents.
func (s *summary) line(l *netting.Line) {
	at := strconv.Itoa(s.Row)
	s.Set("A", l.Channel.String(), s.x.styles.Text)
	s.Set("B", sheet.Number(yuan(l.Opening)), s.x.styles.yuan)
	s.Set("C", sheet.Number(yuan(l.Net)), s.x.styles.yuan)
	s.Set("D", sheet.Number(cents(l.Payable)), s.x.styles.yuan)
	s.Formula("E", "B"+at+"+C"+at+"-D"+at, yuan(l.Closing), s.x.styles.yuan)
	s.Row++
}
