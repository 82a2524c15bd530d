package paper

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/internal/sheet"
	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/netting"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %v; it is now\n%s", name, err, got)
	}
}

var heading = Heading{Partner: ledger.Partner{Code: "mart", Programme: "MART", Scale: 2}, Hub: "EPT", Window: 20_778, Zone: time.FixedZone("CST", 8*3600)}

// window is one of three transfers; a partner's reference is a formula.
func window() ([]ledger.Entry, *ledger.Position) {
	at := time.Date(2026, 11, 21, 1, 30, 0, 0, time.UTC).UnixMilli()
	in := &ledger.Leg{Partner: "mart", Agreement: ledger.ID{1}, From: 123_450, To: 990, EPT: 1000, Fee: 10, Value: 12_345_000}
	out := &ledger.Leg{Partner: "mart", Agreement: ledger.ID{2}, From: 100, To: 5_025, EPT: 100, Value: 1_000_001}
	back := &ledger.Leg{Partner: "mart", Agreement: ledger.ID{1}, From: 3_450, To: 27, EPT: 28, Fee: 1, Value: 345_660}
	p := &ledger.Position{Partner: "mart", Window: 20_778, In: ledger.Flow{Count: 1, From: 123_450, To: 990, EPT: 1000, Fee: 10, Value: 12_345_000},
		Out: ledger.Flow{Count: 1, From: 100, To: 5_025, EPT: 100, Value: 1_000_001}, ReversedIn: ledger.Flow{Count: 1, From: 3_450, To: 27, EPT: 28, Fee: 1, Value: 345_660}, Adjusted: ledger.Adjusted{Count: 1, Value: -500_000}}
	return []ledger.Entry{{Transfer: ledger.Transfer{ID: ledger.ID{3}, Kind: ledger.KindConvertIn, At: at, Source: in, Reference: `=HYPERLINK("http://x","y")`}},
		{Transfer: ledger.Transfer{ID: ledger.ID{4}, Kind: ledger.KindPost, At: at + 1, Destination: out, Reference: "M-2"}, Locator: ledger.Locator{Batch: 7, Index: 1}},
		{Transfer: ledger.Transfer{ID: ledger.ID{5}, Kind: ledger.KindReverse, At: at + 2, Source: back, Related: ledger.ID{3}}, Locator: ledger.Locator{Batch: 8}},
		{Transfer: ledger.Transfer{ID: ledger.ID{6}, Kind: ledger.KindAcceptAdjustment, At: at + 3, Related: ledger.ID{2}, To: "mart", Amount: -500_000}}}, p
}

var lines = []netting.Line{{Partner: "mart", Channel: netting.Bilateral, Opening: 1_200, Net: 10_499_339, Payable: 1_050, Closing: 539}}

func write(t interface{ Fatal(...any) }, w interface {
	Write(*ledger.Entry, *ledger.Leg, ledger.Direction) error
	Adjust(*ledger.Entry) error
}, entries []ledger.Entry) {
	for i := range entries {
		e := &entries[i]
		if e.Transfer.Kind == ledger.KindAcceptAdjustment {
			if err := w.Adjust(e); err != nil {
				t.Fatal(err)
			}
			continue
		}
		leg, d := e.Transfer.Source, ledger.In
		if leg == nil {
			leg, d = e.Transfer.Destination, ledger.Out
		}
		if err := w.Write(e, leg, d); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStatementAsCSV(t *testing.T) {
	entries, position := window()
	var out bytes.Buffer
	c, err := NewCSV(&out, heading)
	if err != nil {
		t.Fatal(err)
	}
	write(t, c, entries)
	if err := c.Close(position); err != nil || c.Lines() != 4 {
		t.Fatal(c.Lines(), err)
	}
	golden(t, "statement.csv", out.Bytes())
}

func spreadsheet(t *testing.T, per int) *excelize.File {
	t.Helper()
	entries, position := window()
	x, err := newXLSX(heading, per)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Discard()
	write(t, x, entries)
	var out bytes.Buffer
	if err := x.Close(&out, position, lines); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// The formulas are computed by the spreadsheet library, which did not write the
// values beside them.
func TestTheFormulasOfASpreadsheetFoot(t *testing.T) {
	for name, per := range map[string]int{"one sheet": rowsMax, "two sheets": 3} {
		f := spreadsheet(t, per)
		formulas := 0
		rows, err := f.GetRows(summarySheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			for j, kept := range row {
				cell, _ := excelize.CoordinatesToCellName(j+1, i+1)
				if formula, _ := f.GetCellFormula(summarySheet, cell); formula == "" {
					continue
				}
				formulas++
				computed, err := f.CalcCellValue(summarySheet, cell, excelize.Options{RawCellValue: true})
				if err != nil || !equal(computed, kept) {
					t.Errorf("%s: %s computes to %s, says %s: %v", name, cell, computed, kept, err)
				}
			}
		}
		if formulas < 30 {
			t.Errorf("%s: %d formulas", name, formulas)
		}
	}
}

// equal compares numbers as a spreadsheet shows them.
func equal(a, b string) bool {
	x, okX := sheet.Number(a).(float64)
	y, okY := sheet.Number(b).(float64)
	return okX && okY && (x-y) < 1e-6 && (y-x) < 1e-6
}

func TestASpreadsheetHasNumbersTextsAndAFrozenHeader(t *testing.T) {
	f := spreadsheet(t, rowsMax)
	sheet := linesSheet(1)
	for cell, want := range map[string]excelize.CellType{"J2": excelize.CellTypeUnset, "O2": excelize.CellTypeUnset, "A2": excelize.CellTypeUnset, "P2": excelize.CellTypeInlineString, "D2": excelize.CellTypeInlineString} {
		if got, err := f.GetCellType(sheet, cell); err != nil || got != want {
			t.Errorf("%s is of type %v, want %v: %v", cell, got, want, err)
		}
	}
	if formula, err := f.GetCellFormula(sheet, "P2"); err != nil || formula != "" {
		t.Errorf("the partner's text became the formula %q, %v", formula, err)
	}
	if text, err := f.GetCellValue(sheet, "P2"); err != nil || !strings.HasPrefix(text, "=HYPERLINK") {
		t.Errorf("the partner's text is %q, %v", text, err)
	}
	if panes, err := f.GetPanes(sheet); err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("%+v, %v", panes, err)
	}
	if v, err := f.GetCellValue(sheet, "J2", excelize.Options{RawCellValue: true}); err != nil || v != "1234.5" {
		t.Errorf("amount %q, %v", v, err)
	}
}

func TestANumberThatASpreadsheetCannotHoldStaysText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := yuan(rapid.Int64().Draw(t, "value"))
		if s, ok := sheet.Number(text).(string); ok && s != text {
			t.Fatalf("%s became %s", text, s)
		}
	})
	if _, ok := sheet.Number("1234567890123456").(string); !ok {
		t.Error("16 digits became a number")
	}
}

var accounts = Accounts{Receivable: "1221.{partner}", Payable: "2241.{partner}", Settlement: "2205.01", Bank: "1002"}

func TestJournalsBalanceAndComeOutEven(t *testing.T) {
	nets := []netting.Line{{Partner: "cafe", Channel: netting.Clearing, Payable: -40_000}, {Partner: "mart", Channel: netting.Bilateral, Payable: -250_050},
		{Partner: "sky", Channel: netting.Clearing, Payable: 40_100}, {Partner: "sky", Channel: netting.GrossIn, Payable: 99}, {Partner: "tel", Channel: netting.Bilateral}}
	payments := []netting.Payment{{Payee: "mart", Channel: netting.Bilateral, Cents: 250_050}, {Payer: "sky", Channel: netting.GrossIn, Cents: 99},
		{Payer: "sky", Payee: "cafe", Channel: netting.Clearing, Cents: 40_000}, {Payer: "sky", Channel: netting.Clearing, Cents: 100}}
	postings := append(accounts.Accrue(20_778, nets), accounts.Pay(20_779, 20_778, payments)...)
	var out bytes.Buffer
	if err := WriteJournal(&out, postings); err != nil {
		t.Fatal(err)
	}
	golden(t, "journal.csv", out.Bytes())
	left := map[string]int64{}
	for _, p := range postings {
		left[p.Account] += p.Debit - p.Credit
	}
	for account, amount := range left {
		if strings.HasPrefix(account, "1221") && amount != 0 || strings.HasPrefix(account, "2241") && amount != 0 {
			t.Errorf("after payment %s has %d cents", account, amount)
		}
	}
	if left["1002"]+left["2205.01"] != 0 {
		t.Errorf("%v", left)
	}
}

func TestAVoucherThatDoesNotBalanceIsNotWritten(t *testing.T) {
	for name, p := range map[string][]Posting{"one side": {{Voucher: "1", Account: "1", Debit: 5}}, "no account": {{Voucher: "1", Debit: 5}, {Voucher: "1", Account: "1", Credit: 5}},
		"both": {{Voucher: "1", Account: "1", Debit: 5, Credit: 5}}, "different": {{Voucher: "1", Account: "1", Debit: 5}, {Voucher: "1", Account: "2", Credit: 4}}} {
		var out bytes.Buffer
		if err := WriteJournal(&out, p); !errors.Is(err, ErrUnbalanced) || out.Len() != 0 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTheLiabilityClosesMonthByMonth(t *testing.T) {
	l := NewLiability()
	for _, tr := range []ledger.Transfer{
		{Kind: ledger.KindIssue, Lots: []ledger.Lot{{Expiry: 700, Amount: 500}}},
		{Kind: ledger.KindConvertIn, Source: &ledger.Leg{}, Lots: []ledger.Lot{{Expiry: 701, Amount: 300}}},
		{Kind: ledger.KindHold, Destination: &ledger.Leg{}, Lots: []ledger.Lot{{Expiry: 700, Amount: 120}}},
		{Kind: ledger.KindPost, Destination: &ledger.Leg{}, Lots: []ledger.Lot{{Expiry: 700, Amount: 120}}},
		{Kind: ledger.KindPost, To: "mall", Lots: []ledger.Lot{{Expiry: 700, Amount: 80}, {Expiry: 701, Amount: 20}}},
		{Kind: ledger.KindReverse, Source: &ledger.Leg{}, Lots: []ledger.Lot{{Expiry: 701, Amount: 50}}},
		{Kind: ledger.KindReverse, Destination: &ledger.Leg{}, Lots: []ledger.Lot{{Expiry: 700, Amount: 20}}},
		{Kind: ledger.KindExpire, Lots: []ledger.Lot{{Expiry: 699, Amount: 40}}},
	} {
		if err := l.Add(&tr); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Report(map[ledger.Month]int64{699: 40, 705: 7})
	if err != nil {
		t.Fatal(err)
	}
	want := []Month{{699, 40, Movements{Expired: 40}, 0}, {700, 0, Movements{Earned: 500, ConvertedOut: 100, Redeemed: 80}, 320},
		{701, 0, Movements{ConvertedIn: 250, Redeemed: 20}, 230}, {705, 7, Movements{}, 7}}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	if expired, ended := Breakage(got); expired != 40 || ended != 240 {
		t.Errorf("breakage %d of %d", expired, ended)
	}
	if _, err := l.Report(nil); err == nil {
		t.Error("points that were never there expired")
	}
}
