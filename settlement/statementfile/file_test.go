package statementfile_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"github.com/pointgrid/pointgrid/ledger"
	"github.com/pointgrid/pointgrid/settlement/reconcile"
	"github.com/pointgrid/pointgrid/settlement/statementfile"
)

var shanghai = time.FixedZone("CST", 8*3600)

// day is 2026-11-21.
var day = ledger.DateOf(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))

func layout() statementfile.Layout {
	return statementfile.Layout{Programme: "MART", Scale: 2, Zone: shanghai, Day: day}
}

func open(file []byte, l statementfile.Layout) (*statementfile.File, error) {
	return statementfile.Open(context.Background(), bytes.NewReader(file), int64(len(file)), l, statementfile.Limits{})
}

func lines(t interface{ Fatal(...any) }, file []byte, l statementfile.Layout) []statementfile.Line {
	f, err := open(file, l)
	if err != nil {
		t.Fatal(err)
	}
	var all []statementfile.Line
	if err := f.Each(context.Background(), func(l *statementfile.Line) error { all = append(all, *l); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

const good = `易购超市 积分对账单,,,,,
交易流水号,商户流水号,会员号,类型,积分,交易时间
0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50,M-1,88001,扣减,1250.00,2026-11-21 09:30:00
0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c51,M-2,88002,增加,300.50,2026-11-21 09:31:12
,M-3,88003,扣减,0.01,2026-11-21 23:59:59
合计,3笔,,,1550.51,
制表人：王芳,,,,,
`

func TestAStatementIsReadInWhateverEncodingItComes(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := lines(t, []byte(good), layout())
	if len(want) != 3 || want[0].Amount != 125_000 || want[2].Reference != "M-3" || want[1].Movement != reconcile.Credit ||
		want[0].Membership != "88001" || want[0].Number != 3 || !want[0].At.Equal(time.Date(2026, 11, 21, 1, 30, 0, 0, time.UTC)) {
		t.Fatalf("%+v", want)
	}
	for name, file := range map[string][]byte{"UTF-8 with BOM": append([]byte("\xef\xbb\xbf"), good...), "GB18030": gb, "UTF-16": wide,
		"CRLF": []byte(strings.ReplaceAll(good, "\n", "\r\n")), "semicolons": []byte(strings.ReplaceAll(good, ",", ";")),
		"tabs": []byte(strings.ReplaceAll(good, ",", "\t")), "XLSX": spreadsheet(t, good, false), "XLSX with numbers": spreadsheet(t, good, true)} {
		if got := lines(t, file, layout()); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
}

// spreadsheet makes an XLSX file of a CSV file.
func spreadsheet(t interface{ Fatal(...any) }, text string, numbers bool) []byte {
	f := excelize.NewFile()
	defer f.Close()
	r := csv.NewReader(strings.NewReader(text))
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		for j, cell := range row {
			at, _ := excelize.CoordinatesToCellName(j+1, i+1)
			v := any(cell)
			var amount float64
			if n, _ := fmt.Sscanf(cell, "%f", &amount); numbers && j == 4 && n == 1 {
				v = amount
			}
			if when, err := time.Parse(time.DateTime, cell); numbers && err == nil {
				v = when // a serial number with a date format
			}
			if err := f.SetCellValue("Sheet1", at, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Each case changes the good file, and says what is reported: line, column, code.
func TestEveryProblemIsReportedWithItsPlace(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"wrong sum", "1550.51", "1550.52", "6 积分 (E) totals"},
		{"wrong count", "3笔", "4笔", "6 B totals"},
		{"totals without figures", "3笔,,,1550.51", ",,,", "6  totals"},
		{"no totals", "合计,3笔,,,1550.51,\n", "", "6  totals"},
		{"a line after the totals", "合计,3笔,,,1550.51,\n", "合计,3笔,,,1550.51,\n,M-4,8,扣减,1,2026-11-21 01:00:00\n", "7  totals"},
		{"missing column", ",积分,", ",分,", "2  missing_column"},
		{"a column twice", "会员号,类型", "类型,类型", "2 类型 (C) form"},
		{"duplicate line", "0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c51,M-2,88002,增加,300.50,2026-11-21 09:31:12",
			"0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50,M-1,88001,扣减,1250.00,2026-11-21 09:30:00", "4  duplicate_line"},
		{"ambiguous date", "2026-11-21 09:30:00", "05.11.2026", "3 交易时间 (F) date"},
		{"no such day", "2026-11-21 09:30:00", "2026-02-30", "3 交易时间 (F) date"},
		{"no date", "2026-11-21 09:30:00", "yesterday", "3 交易时间 (F) date"},
		{"a future day", "2026-11-21 09:30:00", "2026-12-21 09:30:00", "3 交易时间 (F) other_day"},
		{"too many decimals", "1250.00", "1250.001", "3 积分 (E) amount"},
		{"a unit", "1250.00", "1250分", "3 积分 (E) amount"},
		{"shortened by a spreadsheet", "1250.00", "1.25E+03", "3 积分 (E) amount"},
		{"wrong groups", "1250.00", `"12,50"`, "3 积分 (E) amount"},
		{"negative", "1250.00", "-1250.00", "3 积分 (E) amount"},
		{"zero", "1250.00", "0.00", "3 积分 (E) amount"},
		{"huge", "1250.00", "99999999999999999999", "3 积分 (E) amount"},
		{"unknown kind", "扣减,1250", "消费,1250", "3 类型 (D) value"},
		{"not our ID", "0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50", "42", "3 交易流水号 (A) value"},
		{"nothing to find it by", ",M-3,", ",,", "5 商户流水号 (B) value"},
		{"a quote in a cell", "M-1,", `M"1,`, "3  form"},
		{"bytes of no encoding", "M-1,", "M\ufffd,", "3 B encoding"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := strings.Replace(good, c.old, c.new, 1)
			_, err := open([]byte(file), layout())
			var refused *statementfile.Refusal
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want a refusal", err)
			}
			p := refused.Problems[0]
			if got := fmt.Sprintf("%d %s %s", p.Line, p.Column, p.Code); got != c.want || p.Want == "" || p.Found == "" {
				t.Errorf("got %q (%s), want %q", got, p, c.want)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	file := strings.NewReplacer("1250.00", "x", "增加", "?", "2026-11-21 23:59:59", "05.11.2026").Replace(good)
	_, err := open([]byte(file), layout())
	var refused *statementfile.Refusal
	if !errors.As(err, &refused) || len(refused.Problems) != 3 {
		t.Fatalf("%v", err)
	}
}

func TestWhatIsUnusualAndClearIsAcceptedAndNoted(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		want           statementfile.Code
	}{
		{"thousands separators", "1250.00", `"1,250.00"`, statementfile.Grouped},
		{"spaces in a number", "1250.00", "1 250.00", statementfile.Grouped},
		{"full-width digits", "1250.00", "１２５０．００", statementfile.FullWidth},
		{"slashes", "2026-11-21 09:31:12", "2026/11/21 09:31:12", statementfile.OtherForm},
		{"points", "2026-11-21 09:31:12", "21.11.2026 09:31:12", statementfile.OtherForm},
		{"no separators", "2026-11-21 09:31:12", "20261121 093112", statementfile.OtherForm},
		{"Chinese", "2026-11-21 09:31:12", "2026年11月21日 09:31:12", statementfile.OtherForm},
	} {
		f, err := open([]byte(strings.Replace(good, c.old, c.new, 1)), layout())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(f.Notes) != 1 || f.Notes[0].Code != c.want || f.Totals.Amounts[reconcile.Debit] != 125_001 {
			t.Errorf("%s: %+v %+v", c.name, f.Notes, f.Totals)
		}
	}
}

func TestALayoutSaysWhatAFileMeans(t *testing.T) {
	german := "Ref;Konto;Betrag;Datum\nR1;88;-1.234,50;05.11.2026\nR2;88;100;06.11.2026\nSumme;;-1.134,50;\n"
	l := statementfile.Layout{Columns: map[statementfile.Field][]string{statementfile.Reference: {"Ref"}, statementfile.Membership: {"Konto"},
		statementfile.Amount: {"Betrag"}, statementfile.Date: {"Datum"}}, Sign: statementfile.SignDebitNegative, Dates: statementfile.DayFirst,
		DecimalComma: true, Totals: []string{"Summe"}, Scale: 2, Zone: time.UTC}
	got := lines(t, []byte(german), l)
	if len(got) != 2 || got[0].Movement != reconcile.Debit || got[0].Amount != 123_450 || got[1].Movement != reconcile.Credit ||
		got[0].At.Format(time.DateOnly) != "2026-11-05" || got[0].Clock {
		t.Errorf("%+v", got)
	}
	sides := "reference,debit,credit,date\nR1,10,,2026-11-21\nR2,,4,2026-11-21\ntotal,10,4,\n"
	if got := lines(t, []byte(sides), statementfile.Layout{Sign: statementfile.SignColumns, Zone: time.UTC}); len(got) != 2 ||
		got[0].Movement != reconcile.Debit || got[1].Movement != reconcile.Credit {
		t.Errorf("%+v", got)
	}
}

func TestLayoutsThatMakeNoSenseAreRefused(t *testing.T) {
	for name, l := range map[string]statementfile.Layout{
		"sign": {Sign: "x", Zone: time.UTC}, "dates": {Dates: "x", Zone: time.UTC}, "encoding": {Encoding: "x", Zone: time.UTC},
		"delimiter": {Delimiter: ",,", Zone: time.UTC}, "zone": {}, "field": {Columns: map[statementfile.Field][]string{"x": {"y"}}, Zone: time.UTC},
		"a name twice": {Columns: map[statementfile.Field][]string{statementfile.Reference: {"Amount"}}, Zone: time.UTC},
		"kind":         {Kinds: map[string]string{"a": "b"}, Zone: time.UTC}, "status": {Statuses: map[string]string{"a": "b"}, Zone: time.UTC},
	} {
		if _, err := open([]byte(good), l); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTheFormOfTheConnectorAPIIsReadAsWell(t *testing.T) {
	file := `line,kind,transfer_id,reversal_id,programme,amount,reference,occurred_at
1,debit,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50,,MART,1250,D-77120,2026-11-21T09:30:00+08:00
2,debit_reversal,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c50,0198c5a1-7b7e-7c3a-9d0e-3f1f6a2b4c60,MART,250,R-77130,2026-11-21T10:00:00+08:00
total,2,1250,0,250,0,,2026-11-21
`
	got := lines(t, []byte(file), layout())
	if len(got) != 2 || got[1].Movement != reconcile.DebitReversal {
		t.Fatalf("%+v", got)
	}
	if r := got[1].Record(day); r.Key != (ledger.ID(got[1].ReversalID)).Root() || r.Side != reconcile.Partner || r.Line != 3 {
		t.Errorf("%+v", r)
	}
	for _, spoil := range [][2]string{{"total,2", "total,3"}, {"2026-11-21\n", "2026-11-22\n"}, {"MART,250", "SKY,250"}} {
		var refused *statementfile.Refusal
		if _, err := open([]byte(strings.Replace(file, spoil[0], spoil[1], 1)), layout()); !errors.As(err, &refused) {
			t.Errorf("%v: got %v, want a refusal", spoil, err)
		}
	}
}

func TestFilesThatAreNoStatementsAreRefused(t *testing.T) {
	for name, file := range map[string][]byte{"empty": nil, "blank": []byte("\n \n"), "XLS": []byte("\xd0\xcf\x11\xe0\xa1\xb1"), "PDF": []byte("%PDF-1.7"),
		"broken zip": []byte("PK\x03\x04xxxx"), "binary": {1, 0, 2, 0}, "no header": []byte("a,b\n1,2\n"), "endless quote": []byte("a,\"" + strings.Repeat("x", 200_000)),
		"many columns": []byte(good + strings.Repeat(",", 300) + "x\n")} {
		var refused *statementfile.Refusal
		if _, err := open(file, layout()); !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
}

// zeros is an endless file.
type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

func TestAFileOfTwoGigabytesIsRefusedWithoutReadingIt(t *testing.T) {
	_, err := statementfile.Open(context.Background(), zeros{}, 2<<30, layout(), statementfile.Limits{})
	var refused *statementfile.Refusal
	if !errors.As(err, &refused) || refused.Problems[0].Code != statementfile.TooLarge {
		t.Errorf("got %v", err)
	}
}

func TestAZipBombIsRefused(t *testing.T) {
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, rowOfA{}, 64<<20); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = open(file.Bytes(), layout())
	var refused *statementfile.Refusal
	if !errors.As(err, &refused) || refused.Problems[0].Code != statementfile.TooLarge {
		t.Errorf("got %v", err)
	}
}

type rowOfA struct{}

func (rowOfA) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestAFileThatChangesAfterItWasAcceptedIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "statement.csv")
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f, err := statementfile.Open(context.Background(), file, int64(len(good)), layout(), statementfile.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(good, "88001", "88009", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Each(context.Background(), func(*statementfile.Line) error { return nil }); !errors.Is(err, statementfile.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
}

// realistic writes a statement as a partner's back office would.
func realistic(n int, day time.Time) []byte {
	var b bytes.Buffer
	b.WriteString("商户流水号,会员号,类型,积分,交易时间,状态\n")
	var sum int64
	for i := range n {
		kind, amount := "扣减", int64(i%1000+1)
		if i%3 == 0 {
			kind = "增加"
		}
		sum += amount
		fmt.Fprintf(&b, "M%08d,8%07d,%s,%d.00,%s,成功\n", i, i%5000, kind, amount, day.Add(time.Duration(i)*time.Millisecond).Format(time.DateTime))
	}
	fmt.Fprintf(&b, "合计,共%d笔,,%d.00,,\n", n, sum)
	return b.Bytes()
}

func TestALargeStatementAddsUp(t *testing.T) {
	file := realistic(100_000, time.Date(2026, 11, 21, 1, 0, 0, 0, shanghai))
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := open(gb, layout())
	if err != nil || f.Totals.Lines != 100_000 || f.Kind != "csv, gb18030" {
		t.Fatalf("%+v, %v", f, err)
	}
}

func TestNoPrefixOfAStatementPassesForOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file := realistic(rapid.IntRange(0, 5).Draw(t, "lines"), time.Date(2026, 11, 21, 1, 0, 0, 0, shanghai))
		cut := rapid.IntRange(0, bytes.LastIndex(file, []byte("合计"))+5).Draw(t, "cut")
		if _, err := open(file[:cut], layout()); err == nil {
			t.Fatalf("%q was accepted", file[:cut])
		}
	})
}

func FuzzOpenSpreadsheet(f *testing.F) {
	f.Add(spreadsheet(f, good, true))
	f.Fuzz(hold)
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("\xef\xbb\xbf" + strings.ReplaceAll(good, ",", ";")))
	f.Add(realistic(3, time.Date(2026, 11, 21, 1, 0, 0, 0, shanghai)))
	f.Fuzz(hold)
}

// hold checks that what is accepted keeps its promises.
func hold(t *testing.T, file []byte) {
	accepted, err := open(file, layout())
	if err != nil {
		return
	}
	var totals statementfile.Totals
	err = accepted.Each(context.Background(), func(l *statementfile.Line) error {
		if l.Amount < 1 || l.At.IsZero() || l.TransferID.IsZero() && l.Reference == "" {
			t.Fatalf("line %+v", l)
		}
		totals.Lines++
		if l.Status == reconcile.Completed {
			totals.Counts[l.Movement]++
			totals.Amounts[l.Movement] += l.Amount
		}
		return nil
	})
	if err != nil || totals != accepted.Totals {
		t.Fatalf("read %+v, accepted %+v: %v", totals, accepted.Totals, err)
	}
}

func BenchmarkOpen(b *testing.B) {
	file := realistic(100_000, time.Date(2026, 11, 21, 1, 0, 0, 0, shanghai))
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := open(file, layout()); err != nil {
			b.Fatal(err)
		}
	}
}
