package statementfile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
)

// Field is what a column holds.
type Field string

const (
	TransferID Field = "transfer_id" // our ID of the debit or credit
	ReversalID Field = "reversal_id" // our ID of the reversal
	Reference  Field = "reference"   // the partner's own number
	Membership Field = "membership"  // the partner's number of the member
	Kind       Field = "kind"
	Amount     Field = "amount"
	Debits     Field = "debits"  // amount, when it is a debit; see [SignColumns]
	Credits    Field = "credits" // amount, when it is a credit
	Points     Field = "points"  // electricity points
	Status     Field = "status"
	Date       Field = "date" // date, or date and time
	Time       Field = "time" // time, when it has a column of its own
)

// Sign says how a file tells debits from credits.
type Sign string

const (
	// SignKind: amounts are positive and the column kind tells. The default.
	SignKind Sign = "kind"
	// SignDebitNegative: a negative amount is a debit, a positive one a credit.
	SignDebitNegative Sign = "debit_negative"
	// SignDebitPositive is the opposite.
	SignDebitPositive Sign = "debit_positive"
	// SignColumns: debits and credits have a column each.
	SignColumns Sign = "columns"
)

// DateOrder says which of two short numbers of a date is the month.
type DateOrder string

const (
	// YearFirst accepts 2026-11-21, 2026/11/21, 2026.11.21, 20261121 and
	// 2026年11月21日, and 21.11.2026 where only one order is possible. The default.
	YearFirst DateOrder = "ymd"
	DayFirst  DateOrder = "dmy" // 05.11.2026 is in November
	MonthOne  DateOrder = "mdy" // 05.11.2026 is in May
)

// Layout is how a partner writes its statements. It is configuration: the zero
// value of each field has a meaning, and nil columns are the usual names.
type Layout struct {
	// Columns are the names that a field's column may have, in Chinese or English;
	// case, width, spaces and punctuation do not matter. Fields that are not there
	// keep their usual names; an empty list says that there is no such column.
	Columns map[Field][]string `json:"columns"`
	// Kinds and Statuses translate the file's words; usual ones are known.
	Kinds    map[string]string `json:"kinds"`
	Statuses map[string]string `json:"statuses"`
	Sign     Sign              `json:"sign"`
	Dates    DateOrder         `json:"dates"`
	// DecimalComma says that 1.234,56 is one thousand and so on.
	DecimalComma bool `json:"decimal_comma"`
	// Delimiter of a CSV file; "" finds it out.
	Delimiter string `json:"delimiter"`
	// Encoding is "utf-8", "gb18030", or "" to find it out.
	Encoding string `json:"encoding"`
	// Sheet is the name of the sheet of an XLSX file; "" is the first.
	Sheet string `json:"sheet"`
	// Totals are words with which a line of totals begins, besides the usual.
	Totals []string `json:"totals"`
	// NoTotals says that the file has none; otherwise they are required.
	NoTotals bool `json:"no_totals"`
	// Repeats allows lines that are the same in every field.
	Repeats bool `json:"repeats"`

	// Programme and Scale are those of the partner, Zone is its business time.
	Programme string         `json:"-"`
	Scale     uint8          `json:"-"`
	Zone      *time.Location `json:"-"`
	// Day is the business day that the file must be of; 0 is any. Lines of the day
	// before and after are let through, for the reconciliation to judge.
	Day ledger.Date `json:"-"`
}

var usualColumns = map[Field][]string{
	TransferID: {"transfer_id", "transfer id", "交易流水号", "平台流水号", "兑换单号", "转账编号"},
	ReversalID: {"reversal_id", "reversal id", "冲正流水号", "撤销流水号"},
	Reference:  {"reference", "partner reference", "商户流水号", "参考号", "合作方流水号"},
	Membership: {"membership", "member", "member no", "会员号", "会员卡号", "会员编号"},
	Kind:       {"kind", "type", "交易类型", "类型"},
	Amount:     {"amount", "points amount", "积分", "交易积分", "数量", "金额"},
	Debits:     {"debit", "debits", "扣减", "支出", "扣减积分"},
	Credits:    {"credit", "credits", "增加", "收入", "增加积分"},
	Points:     {"ept", "electricity points", "电力积分", "电积分"},
	Status:     {"status", "状态", "交易状态"},
	Date:       {"occurred_at", "date", "datetime", "交易日期", "日期", "交易时间", "发生时间"},
	Time:       {"time", "时间"},
}

var usualKinds = map[string]reconcile.Movement{
	"debit": reconcile.Debit, "扣减": reconcile.Debit, "兑出": reconcile.Debit, "支出": reconcile.Debit,
	"credit": reconcile.Credit, "增加": reconcile.Credit, "兑入": reconcile.Credit, "收入": reconcile.Credit,
	"debitreversal": reconcile.DebitReversal, "扣减冲正": reconcile.DebitReversal, "扣减撤销": reconcile.DebitReversal,
	"creditreversal": reconcile.CreditReversal, "增加冲正": reconcile.CreditReversal, "增加撤销": reconcile.CreditReversal,
}

var usualStatuses = map[string]reconcile.Status{
	"": reconcile.Completed, "completed": reconcile.Completed, "success": reconcile.Completed, "成功": reconcile.Completed, "完成": reconcile.Completed,
	"pending": reconcile.Pending, "processing": reconcile.Pending, "处理中": reconcile.Pending,
	"failed": reconcile.Failed, "failure": reconcile.Failed, "失败": reconcile.Failed, "已撤销": reconcile.Failed,
}

var usualTotals = []string{"total", "totals", "sum", "合计", "总计", "汇总", "小计"}

// words is a layout with all its words folded, as lines are read with it.
type words struct {
	Layout
	columns  map[string]Field
	kinds    map[string]reconcile.Movement
	statuses map[string]reconcile.Status
	totals   []string
}

// Check reports what is wrong with a layout, as [Open] would; programme, scale and
// zone are not looked at.
func (l Layout) Check() error {
	l.Scale, l.Zone = 0, time.UTC
	_, err := l.compile()
	return err
}

// compile checks a layout.
func (l Layout) compile() (*words, error) {
	l.Sign, l.Dates = orElse(l.Sign, SignKind), orElse(l.Dates, YearFirst)
	switch {
	case !slices.Contains([]Sign{SignKind, SignDebitNegative, SignDebitPositive, SignColumns}, l.Sign):
		return nil, fmt.Errorf("statementfile: sign %q is not kind, debit_negative, debit_positive or columns", l.Sign)
	case !slices.Contains([]DateOrder{YearFirst, DayFirst, MonthOne}, l.Dates):
		return nil, fmt.Errorf("statementfile: dates %q is not ymd, dmy or mdy", l.Dates)
	case !slices.Contains([]string{"", "utf-8", "gb18030"}, l.Encoding):
		return nil, fmt.Errorf("statementfile: encoding %q is not utf-8 or gb18030", l.Encoding)
	case len([]rune(l.Delimiter)) > 1:
		return nil, fmt.Errorf("statementfile: delimiter %q is more than one character", l.Delimiter)
	case l.Scale > ledger.ScaleMax || l.Zone == nil:
		return nil, errors.New("statementfile: a layout needs the programme's scale and a time zone")
	}
	w := &words{Layout: l, columns: map[string]Field{}, kinds: map[string]reconcile.Movement{}, statuses: map[string]reconcile.Status{}}
	return w, errors.Join(w.foldColumns(), w.foldWords())
}

func orElse[T ~string](v, other T) T {
	if v == "" {
		return other
	}
	return v
}

func (w *words) foldColumns() error {
	for field := range w.Columns {
		if _, known := usualColumns[field]; !known {
			return fmt.Errorf("statementfile: there is no field %q", field)
		}
	}
	for field, usual := range usualColumns {
		names, own := w.Columns[field]
		if !own {
			names = usual
		}
		for _, n := range names {
			if other, taken := w.columns[fold(n)]; taken && other != field {
				return fmt.Errorf("statementfile: a column %q is both %s and %s", n, other, field)
			}
			w.columns[fold(n)] = field
		}
	}
	return nil
}

func (w *words) foldWords() error {
	for word, m := range usualKinds {
		w.kinds[word] = m
	}
	for word, kind := range w.Kinds {
		m, known := usualKinds[fold(kind)]
		if !known {
			return fmt.Errorf("statementfile: kind %q is not debit, credit, debit_reversal or credit_reversal", kind)
		}
		w.kinds[fold(word)] = m
	}
	for word, s := range usualStatuses {
		w.statuses[word] = s
	}
	for word, status := range w.Statuses {
		s, known := usualStatuses[fold(status)]
		if !known {
			return fmt.Errorf("statementfile: status %q is not completed, pending or failed", status)
		}
		w.statuses[fold(word)] = s
	}
	for _, t := range slices.Concat(usualTotals, w.Totals) {
		w.totals = append(w.totals, fold(t))
	}
	return nil
}

// required are the fields without which a file cannot be read.
func (w *words) required() [][]Field {
	need := [][]Field{{TransferID, Reference}, {Date}}
	if w.Sign == SignColumns {
		return append(need, []Field{Debits}, []Field{Credits})
	}
	if w.Sign == SignKind {
		need = append(need, []Field{Kind})
	}
	return append(need, []Field{Amount})
}
