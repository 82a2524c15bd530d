package statements_test

import (
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/pointgrid/pointgrid/settlement/statementfile"
	"github.com/pointgrid/pointgrid/settlement/statements"
)

// The examples of docs/reconciliation.md.
func TestTheDocumentedLayoutsReadTheirFiles(t *testing.T) {
	excel, err := simplifiedchinese.GB18030.NewEncoder().String("交易流水号,会员号,类型,积分,交易时间\n0195d5a0-0000-7000-8000-000000000010,SKY-000042,扣减,\"3,000\",2026/11/21 12:01\n合计,,1,\"3,000\",\n")
	must(t, err)
	for name, c := range map[string]struct {
		layout statementfile.Layout
		text   string
	}{
		"Excel in China": {statementfile.Layout{}, excel},
		"an ERP": {statementfile.Layout{Columns: map[statementfile.Field][]string{statementfile.TransferID: {"外部单号"}, statementfile.Amount: {"变动"},
			statementfile.Date: {"记账日"}, statementfile.Membership: {"卡号"}}, Sign: statementfile.SignDebitNegative, NoTotals: true},
			"外部单号,卡号,变动,记账日\n0195d5a0-0000-7000-8000-000000000010,1,−3000,2026-11-21\n"},
		"European habits": {statementfile.Layout{DecimalComma: true, Dates: statementfile.DayFirst, Delimiter: ";", NoTotals: true},
			"transfer_id;kind;amount;date\n0195d5a0-0000-7000-8000-000000000010;debit;3.000;21.11.2026\n"},
	} {
		t.Run(name, func(t *testing.T) {
			in := newIntake(t)
			in.options.Layout = func(string) (statementfile.Layout, bool) {
				c.layout.Zone = zone
				return c.layout, true
			}
			in.open()
			var st *statements.Statement
			if st = in.receive(c.text).Statement; st.Refused || st.Totals.Amounts[0] != 3000 {
				t.Errorf("%+v %+v", st.Problems, st.Totals)
			}
		})
	}
}
