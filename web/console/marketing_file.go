package console

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/pointgrid/pointgrid/insight"
	"github.com/pointgrid/pointgrid/internal/sheet"
)

// everything is all tables of a report, in the order of their pages.
func (c *Console) everything(v *visit) ([]*table, *study, error) {
	s, err := c.study(v)
	if err != nil {
		return nil, nil, err
	}
	if s.Period.Wrong {
		return nil, nil, errNotFound
	}
	funnels, err := c.o.Marketing.Insight.Funnels(v.r.Context(), s.Period.From, s.Period.To)
	if err != nil {
		return nil, nil, err
	}
	t := c.tables(v, s)
	all := []*table{t.times(), t.sources(), t.byRule(), t.channels(), t.months(), t.crowd(), t.products(0), t.partners(), t.funnels(funnels), t.reasons(funnels)}
	return all, s, t.err
}

// columnName is what stands above a column.
func (c *Console) columnName(v *visit, x column) string {
	return c.say(v, "console.marketing.column."+x.Word)
}

// fileName names a report's file by its days.
func (s *study) fileName(what, ending string) string {
	return "pointgrid-" + what + "-" + s.Period.From.String() + "-" + s.Period.To.String() + ending
}

// veiled is what stands in the place of a figure that is hidden.
func veiled(f insight.Veil) string {
	if f == insight.Few {
		return "<" + strconv.Itoa(insight.CrowdMin)
	}
	return "×"
}

// byteOrderMark tells Excel that a CSV file is UTF-8.
const byteOrderMark = "\ufeff"

// downloadTable sends one table as CSV.
func (c *Console) downloadTable(v *visit) error {
	name, ok := strings.CutSuffix(v.r.PathValue("table"), ".csv")
	if !ok {
		return errNotFound
	}
	all, s, err := c.everything(v)
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.Name != name {
			continue
		}
		v.file(s.fileName(name, ".csv"), "text/csv; charset=utf-8")
		_, _ = v.w.Write([]byte(byteOrderMark))
		_ = csv.NewWriter(v.w).WriteAll(c.lines(v, t)) // an error is that of the connection
		return nil
	}
	return errNotFound
}

// lines are a table as texts.
func (c *Console) lines(v *visit, t *table) [][]string {
	var head []string
	for _, x := range t.Columns {
		head = append(head, c.columnName(v, x))
	}
	all := [][]string{head}
	rows := t.Rows
	if t.Sum != nil {
		rows = append(rows[:len(rows):len(rows)], t.Sum)
	}
	for _, row := range rows {
		line := make([]string, len(row))
		for i, f := range row {
			switch {
			case f.None:
			case f.Veil != insight.Plain:
				line[i] = veiled(f.Veil)
			case t.Columns[i].As == asText:
				line[i] = sheet.Plain(f.Text)
			default:
				line[i] = f.decimal(t.Columns[i].As)
			}
		}
		all = append(all, line)
	}
	return all
}

// downloadReport sends all tables as one spreadsheet, in which sums and ratios are
// formulas.
func (c *Console) downloadReport(v *visit) error {
	all, s, err := c.everything(v)
	if err != nil {
		return err
	}
	f := excelize.NewFile()
	defer f.Close() // there are no temporary files
	looks, err := newLooks(f)
	if err != nil {
		return err
	}
	for i, t := range all {
		name := c.say(v, "console.marketing.table."+t.Name)
		if i == 0 {
			err = f.SetSheetName("Sheet1", name)
		} else {
			_, err = f.NewSheet(name)
		}
		if err == nil {
			err = c.fill(v, sheet.NewPage(f, name), looks, t)
		}
		if err == nil {
			err = f.SetColWidth(name, "A", sheet.Column(len(t.Columns)-1), 18)
		}
		if err != nil {
			return err
		}
	}
	f.SetActiveSheet(0)
	v.file(s.fileName("report", ".xlsx"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	v.w.WriteHeader(http.StatusOK)
	if _, err := f.WriteTo(v.w); err != nil {
		c.cutOff(v, err)
	}
	return nil
}

// reportLooks are the styles of the cells, by what they measure.
type reportLooks struct {
	sheet.Looks
	of map[measure]int
}

func newLooks(f *excelize.File) (l reportLooks, err error) {
	if l.Looks, err = sheet.NewLooks(f); err != nil {
		return l, err
	}
	l.of = map[measure]int{asText: l.Text, asCount: l.Whole}
	for as, n := range places {
		if l.of[as], err = sheet.Decimals(f, n); err != nil {
			return l, err
		}
	}
	return l, nil
}

func (c *Console) fill(v *visit, p *sheet.Page, looks reportLooks, t *table) error {
	for i, x := range t.Columns {
		p.Set(sheet.Column(i), c.columnName(v, x), looks.Head)
	}
	for _, row := range t.Rows {
		p.Row++
		for i, f := range row {
			c.cell(p, looks, t, i, f)
		}
	}
	last := p.Row
	if t.Sum != nil {
		p.Row++
		for i, f := range t.Sum {
			at := sheet.Column(i)
			switch x := t.Columns[i]; {
			case i == 0:
				p.Set(at, f.Text, looks.Bold)
			case x.Summed && last > 1:
				p.Formula(at, "SUM("+at+"2:"+at+strconv.Itoa(last)+")", f.decimal(x.As), looks.of[x.As])
			default:
				c.cell(p, looks, t, i, f)
			}
		}
	}
	p.Freeze(1)
	return p.Err
}

// cell writes one that is no sum.
func (c *Console) cell(p *sheet.Page, looks reportLooks, t *table, i int, f figure) {
	at, x := sheet.Column(i), t.Columns[i]
	switch {
	case f.None:
	case f.Veil != insight.Plain:
		p.Set(at, veiled(f.Veil), looks.Text)
	case x.As == asText:
		p.Set(at, f.Text, looks.Text)
	case x.Formula != "":
		p.Formula(at, strings.ReplaceAll(x.Formula, "#", strconv.Itoa(p.Row)), f.decimal(x.As), looks.of[x.As])
	default:
		p.Set(at, sheet.Number(f.decimal(x.As)), looks.of[x.As])
	}
}
