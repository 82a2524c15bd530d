package console

import (
	"slices"
	"strconv"
	"time"

	"github.com/pointgrid/pointgrid/partners"
	"github.com/pointgrid/pointgrid/settlement/bank"
	"github.com/pointgrid/pointgrid/settlement/desk"
	"github.com/pointgrid/pointgrid/settlement/payment"
	"github.com/pointgrid/pointgrid/web/page"
)

// field is how one field of a book is written; empty is nothing.
type field struct {
	word   string
	differ string // what reconciliation calls it
	number bool
	text   func(*desk.Book) string
}

// books puts the three books side by side, field by field.
func (c *Console) books(v *visit, one *desk.Case, p *partners.Partner) []bookRow {
	if one.Type == payment.BreakType {
		return c.bankBooks(v, one)
	}
	theirs := p.Scale
	fields := []field{
		{"amount", "amount", true, func(b *desk.Book) string { return page.Amount(b.Amount, theirs) + " " + p.Programme }},
		{"points", "points", true, func(b *desk.Book) string {
			return optional(b.Points, func(n int64) string { return page.Amount(n, 0) + " " + c.o.Hub })
		}},
		{"lines", "lines", true, func(b *desk.Book) string { return page.Amount(b.Lines, 0) }},
		{"status", "status", false, func(b *desk.Book) string { return c.sayOr(v, "console.status."+b.Status, b.Status) }},
		{"window", "window", false, func(b *desk.Book) string {
			return optional(int64(b.Window), func(int64) string { return page.DateText(v.lang, b.Window.In(time.UTC)) })
		}},
		{"at", "at", false, func(b *desk.Book) string {
			return optional(b.At, func(ms int64) string { return page.InstantText(v.lang, time.UnixMilli(ms).In(c.o.Location)) })
		}},
		{"membership", "membership", false, func(b *desk.Book) string { return b.Membership }},
		{"line", "line", true, func(b *desk.Book) string {
			return optional(b.Line, func(n int64) string { return strconv.FormatInt(n, 10) })
		}},
	}
	return rowsOf(fields, one)
}

// bankBooks puts what was ordered beside what the bank told; both are in yuan.
func (c *Console) bankBooks(v *visit, one *desk.Case) []bookRow {
	verdict := ""
	if len(one.Differs) > 0 {
		verdict = one.Differs[0]
	}
	return rowsOf([]field{
		{"amount", "amount", true, func(b *desk.Book) string { return page.Fen(v.lang, b.Amount) }},
		{"bank_state", string(bank.SentBack), false, func(b *desk.Book) string {
			return c.sayOr(v, "console.bank."+b.Status, c.sayOr(v, "console.payment."+b.Status, b.Status))
		}},
		{"window", "", false, func(b *desk.Book) string {
			return optional(int64(b.Window), func(int64) string { return page.DateText(v.lang, b.Window.In(time.UTC)) })
		}},
		{"verdict", verdict, false, func(b *desk.Book) string {
			if b != one.Theirs {
				return ""
			}
			return c.sayOr(v, "console.verdict."+verdict, verdict)
		}},
	}, one)
}

func rowsOf(fields []field, one *desk.Case) []bookRow {
	var all []bookRow
	for _, f := range fields {
		row := bookRow{Word: f.word, Ledger: f.of(one.Ledger), Ours: f.of(one.Ours), Theirs: f.of(one.Theirs),
			Differs: slices.Contains(one.Differs, f.differ), Number: f.number}
		if row.Ledger != "" || row.Ours != "" || row.Theirs != "" {
			all = append(all, row)
		}
	}
	return all
}

func (f *field) of(b *desk.Book) string {
	if b == nil {
		return ""
	}
	return f.text(b)
}

func optional(n int64, text func(int64) string) string {
	if n == 0 {
		return ""
	}
	return text(n)
}
